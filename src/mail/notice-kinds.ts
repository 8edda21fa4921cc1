/** What a notice reports (R37, C18): every change of the second factor, and signs of another person. */
export const noticeKinds = [
  'app-added',
  'app-removed',
  'mail-added',
  'mail-changed',
  'mail-removed',
  'recovery-codes-made',
  'recovery-codes-removed',
  'recovery-code-used',
  'passkey-added',
  'passkey-removed',
  'reset',
  'browser-trusted',
  'trust-theft',
  'new-browser',
  'factor-disabled',
  'not-me',
  'case-filed',
  'case-opened',
  'identity-checked',
  'case-approved',
  'pass-issued',
  'pass-withdrawn',
  'case-refused',
  'set-up-by-pass',
  'roles-set',
] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What the link of a mail is about: the notice, or the code that was sent. */
export type LinkEvent = NoticeKind | 'sign-in-code' | 'set-up-code' | 'reset-code';

/** How long a link works: a user on holiday may read the mail a week later. */
export const linkDays = 7;

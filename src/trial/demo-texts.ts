import type { Locale, Localised } from '../i18n/locale.ts';

/** The demo services' words. They are no part of the product, so they are not in its catalogues. */
export const demoTexts = {
  en: {
    signedOut: 'Nobody is signed in here.',
    signedIn: (name: string) => `Signed in as ${name}`,
    signIn: 'Sign in',
    signOut: 'Sign out',
    proven: 'What was proven',
    password: 'The password, and nothing else.',
    mail: 'The password and a code sent by mail.',
    app: 'The password and a code from an authenticator app.',
    factor: 'The password and a second factor.',
    at: (time: string) => `Signed in at the identity provider at ${time}.`,
    claims: 'What the service was told',
    claim: 'Claim',
    value: 'Value',
    other: (name: string) => `Go on to: ${name}`,
    stepUp: 'Sign in again with a second factor',
    failed: 'Signing in did not work',
    again: 'Try again',
    unknown:
      'This login cannot be finished here: it was finished before, it began in another browser, or its data folder was replaced since. Nothing is lost: please sign in again.',
    unreachable: (issuer: string) => `The identity provider at ${issuer} cannot be reached. Is it running?`,
    unverified: 'The answer of the identity provider could not be verified.',
    error: 'Error',
  },
  ja: {
    signedOut: 'ログインしていません。',
    signedIn: (name: string) => `${name}さんがログインしています`,
    signIn: 'ログイン',
    signOut: 'ログアウト',
    proven: '確認したこと',
    password: 'パスワードだけを確認しました。',
    mail: 'パスワードと、メールで届いたコードを確認しました。',
    app: 'パスワードと、認証アプリのコードを確認しました。',
    factor: 'パスワードと、第2の要素を確認しました。',
    at: (time: string) => `認証した時刻：${time}`,
    claims: 'サービスに伝えられた情報',
    claim: '項目',
    value: '値',
    other: (name: string) => `ほかのサービスへ：${name}`,
    stepUp: '第2の要素を使ってログインし直す',
    failed: 'ログインできませんでした',
    again: 'もう一度試す',
    unknown:
      'このログインは完了できません。すでに完了したか、ほかのブラウザーで始められたか、データが入れ替わっています。もう一度ログインしてください。',
    unreachable: (issuer: string) => `認証サーバー（${issuer}）につながりません。起動していますか。`,
    unverified: '認証サーバーの応答を検証できませんでした。',
    error: 'エラー',
  },
} as const;

export const languageNames: Localised = { en: 'English', ja: '日本語' };

/** What was proven, read off the `amr` (RFC 8176) that the identity provider vouches for. */
export function provenInWords(locale: Locale, amr: unknown): string {
  const text = demoTexts[locale];
  const methods = Array.isArray(amr) ? amr : [];
  if (methods.includes('otp')) return text.app;
  if (methods.includes('mca')) return text.mail;
  return methods.includes('mfa') ? text.factor : text.password;
}

import type { MessageKey, Translate } from '../i18n/translate.ts';
import { facts, linkOf, type Write } from './letter.ts';
import type { LinkEvent, NoticeKind } from './notice-kinds.ts';

/** Reports a change of the second factor, or signs of another person. */
export interface NoticeMail {
  notice: NoticeKind;
  /** Masked. */
  loginId: string;
  /** Name of the device or passkey, or the browser in words. */
  name?: string;
  /** The new address, masked. */
  address?: string;
  /** Recovery codes that are left. */
  left?: number;
  service?: string;
  /** Why the support centre refused, in the words of its list. */
  reason?: string;
  at: string;
  device?: string;
  /** Where the request came from, in words; absent for what an operator did at the command line. */
  place?: string;
  /** Address of the page "this was not me", derived when the mail is sent. */
  notMe?: string;
}

/** Tells the support centre that a user has said "this was not me". */
export interface NotMeReport {
  about: LinkEvent;
  /** Not masked: the staff have to find it. */
  loginId: string;
  /** When the user was told, and when the answer came. */
  toldAt: string;
  at: string;
  /** Where the answer came from. */
  network: string;
  hours: number;
  /** The request's id, which log and audit name too. */
  request: string;
}

const nameLabels: Partial<Record<NoticeKind, MessageKey>> = {
  'app-added': 'mail.deviceName',
  'app-removed': 'mail.deviceName',
  'passkey-added': 'mail.noticeFact.passkey',
  'passkey-removed': 'mail.noticeFact.passkey',
  'browser-trusted': 'mail.noticeFact.browser',
  'trust-theft': 'mail.noticeFact.browser',
  'case-filed': 'mail.noticeFact.case',
  'case-opened': 'mail.noticeFact.case',
  'identity-checked': 'mail.noticeFact.case',
  'case-approved': 'mail.noticeFact.case',
  'pass-issued': 'mail.noticeFact.case',
  'pass-withdrawn': 'mail.noticeFact.case',
  'case-refused': 'mail.noticeFact.case',
  'set-up-by-pass': 'mail.deviceName',
  'roles-set': 'mail.noticeFact.roles',
};

// Notices that do not suggest a stolen password; all others have the text of a sign-in, which does.
const notYouKeys: Partial<Record<NoticeKind, MessageKey>> = {
  'not-me': 'mail.notYou.not-me',
  'case-opened': 'mail.notYou.desk',
  'identity-checked': 'mail.notYou.desk',
  'case-approved': 'mail.notYou.desk',
  'pass-issued': 'mail.notYou.desk',
  'pass-withdrawn': 'mail.notYou.desk',
  'case-refused': 'mail.notYou.desk',
  'roles-set': 'mail.notYou.roles',
};

export const noticeLetter: Write<NoticeMail> = (t, brand, mail) => {
  const title = t(`mail.notice.${mail.notice}.title`);
  const { organisation, centre } = brand;
  return {
    subject: t('mail.notice.subject', { organisation, title }),
    title,
    lead: t(`mail.notice.${mail.notice}.lead`),
    afterCode: [],
    facts: facts([
      [t('mail.noticeFact.account'), mail.loginId],
      [t(nameLabels[mail.notice] ?? 'mail.noticeFact.name'), nameOf(t, mail)],
      [t('mail.noticeFact.reason'), reasonOf(t, mail)],
      [t('mail.address'), mail.address],
      [t('mail.noticeFact.left'), mail.left === undefined ? undefined : String(mail.left)],
      [t('mail.service'), mail.service],
      [t('mail.at'), mail.at],
      [t('mail.device'), mail.device],
      [t('mail.noticeFact.place'), mail.place],
    ]),
    notYou: t(notYouKeys[mail.notice] ?? 'mail.notYou.signIn', { centre }),
    ...linkOf(t, mail.notMe, 'account'),
  };
};

/** A factor that was switched off has the program's name; anything else has the name its user gave. */
function nameOf(t: Translate, { notice, name }: NoticeMail): string | undefined {
  const way = `mail.noticeWay.${name ?? ''}`;
  return notice === 'factor-disabled' && t.has(way) ? t(way) : name;
}

/** A reason of the support centre's list, in the user's language. */
function reasonOf(t: Translate, { reason }: NoticeMail): string | undefined {
  const key = `desk.refusal.${reason ?? ''}`;
  return t.has(key) ? t(key) : undefined;
}

export const reportLetter: Write<NotMeReport> = (t, brand, mail) => ({
  subject: t('mail.notMeReport.subject', { organisation: brand.organisation, loginId: mail.loginId }),
  title: t('mail.notMeReport.title'),
  lead: t('mail.notMeReport.lead', { hours: mail.hours }),
  afterCode: [],
  facts: [
    [brand.loginIdLabel, mail.loginId],
    [t('mail.notMeReport.what'), t(`mail.notice.${mail.about}.title`)],
    [t('mail.notMeReport.toldAt'), mail.toldAt],
    [t('mail.notMeReport.at'), mail.at],
    [t('mail.noticeFact.place'), t('notices.elsewhere', { address: mail.network })],
    [t('mail.notMeReport.request'), mail.request],
  ],
  notYou: t('mail.notMeReport.next', { loginId: mail.loginId }),
});

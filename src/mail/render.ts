import { join } from 'node:path';
import { localBranding, type Branding, type LocalBranding } from '../i18n/branding.ts';
import type { Locale } from '../i18n/locale.ts';
import { compileTemplates } from '../i18n/templates.ts';
import { translator, type MessageKey, type Translate } from '../i18n/translate.ts';
import { clean, facts, type Letter, linkOf, plain, type Write } from './letter.ts';
import { noticeLetter, type NoticeMail, type NotMeReport, reportLetter } from './notice-letters.ts';

/** A mail that carries a code. */
export interface CodeMail {
  /** Eight digits, without a space. */
  code: string;
  /** The label that the page shows too (R10). */
  reference: string;
  service?: string;
  minutes: number;
  /** The time already in words, with its zone. */
  at: string;
  /** The device in words, such as "Chrome on Windows". */
  device?: string;
  /** The address the code goes to, where it is worth naming. */
  address?: string;
  /** Puts the code into the subject: off by default, because lock screens show subjects. */
  codeInSubject?: boolean;
  /** Address of the page "this was not me" (R10), derived when the mail is sent. */
  notMe?: string;
}

export interface MailModels {
  'sign-in-code': CodeMail;
  'set-up-code': CodeMail;
  'reset-code': CodeMail;
  notice: NoticeMail;
  'not-me-report': NotMeReport;
}

export type MailKind = keyof MailModels;

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

export interface MailRenderer {
  render<K extends MailKind>(kind: K, model: MailModels[K], locale: Locale): RenderedMail;
}

export function createMailRenderer(options: { viewsFolder: string; branding: Branding }): MailRenderer {
  const render = compileTemplates([join(options.viewsFolder, 'mail')]);
  const languages = {
    en: { t: translator('en'), brand: localBranding(options.branding, 'en') },
    ja: { t: translator('ja'), brand: localBranding(options.branding, 'ja') },
  };
  const letters: { readonly [K in MailKind]: Write<MailModels[K]> } = {
    'sign-in-code': (t, brand, mail) => codeLetter(t, brand, mail, 'signIn'),
    'set-up-code': (t, brand, mail) => codeLetter(t, brand, mail, 'setUp'),
    'reset-code': (t, brand, mail) => codeLetter(t, brand, mail, 'reset'),
    notice: noticeLetter,
    'not-me-report': reportLetter,
  };

  return {
    render: (kind, model, locale) => {
      const { t, brand } = languages[locale];
      const letter = letters[kind](t, brand, clean(model));
      return {
        subject: letter.subject,
        text: plain(letter, t, brand),
        html: render('letter', { locale, t, brand, letter }),
      };
    },
  };
}

function codeLetter(
  t: Translate,
  brand: LocalBranding,
  mail: CodeMail,
  purpose: 'signIn' | 'setUp' | 'reset',
): Letter {
  const subject: MessageKey =
    mail.codeInSubject === true ? `mail.${purpose}Code.subjectWithCode` : `mail.${purpose}Code.subject`;
  const { code, reference, minutes } = mail;
  const { organisation, centre } = brand;
  return {
    subject: t(subject, { organisation, reference, code }),
    title: t(`mail.${purpose}Code.title`),
    lead: t('mail.code.lead', { reference }),
    code: { whole: code, first: code.slice(0, 4), second: code.slice(4) },
    afterCode: [
      // A user who is talked into passing the code on must be able to read what it does.
      ...(purpose === 'reset' ? [t('mail.resetCode.effect')] : []),
      t('mail.code.valid', { minutes }),
      t('mail.code.never', { organisation }),
    ],
    facts: facts([
      [t('mail.reference'), reference],
      [t('mail.service'), mail.service],
      [t('mail.at'), mail.at],
      [t('mail.device'), mail.device],
      [t('mail.address'), mail.address],
    ]),
    notYou: t(`mail.notYou.${purpose}`, { organisation, centre }),
    ...linkOf(t, mail.notMe, purpose === 'setUp' ? 'code' : 'account'),
  };
}

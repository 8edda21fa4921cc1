import { join } from 'node:path';
import { localBranding, type Branding, type LocalBranding } from '../i18n/branding.ts';
import type { Locale } from '../i18n/locale.ts';
import { compileTemplates } from '../i18n/templates.ts';
import { translator, type MessageKey, type Translate } from '../i18n/translate.ts';

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
  /** Puts the code into the subject: off by default, for a lock screen shows subjects. */
  codeInSubject?: boolean;
}

/** Tells that a way of the second step was added. */
export interface FactorAddedMail {
  way: 'mail' | 'app' | 'recovery-code' | 'passkey';
  /** Masked. */
  address?: string;
  deviceName?: string;
  service?: string;
  at: string;
  device?: string;
}

export interface MailModels {
  'sign-in-code': CodeMail;
  'set-up-code': CodeMail;
  'factor-added': FactorAddedMail;
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

/** What both parts of a mail say, in order; the templates only lay it out. */
interface Letter {
  subject: string;
  title: string;
  lead: string;
  code?: { whole: string; first: string; second: string };
  afterCode: string[];
  /** Label and value. */
  facts: [string, string][];
  notYou: string;
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
    'factor-added': factorLetter,
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

type Write<M> = (t: Translate, brand: LocalBranding, mail: M) => Letter;

function codeLetter(t: Translate, brand: LocalBranding, mail: CodeMail, purpose: 'signIn' | 'setUp'): Letter {
  const subject: MessageKey =
    mail.codeInSubject === true ? `mail.${purpose}Code.subjectWithCode` : `mail.${purpose}Code.subject`;
  const { code, reference, minutes } = mail;
  const { organisation, centre } = brand;
  return {
    subject: t(subject, { organisation, reference, code }),
    title: t(`mail.${purpose}Code.title`),
    lead: t('mail.code.lead', { reference }),
    code: { whole: code, first: code.slice(0, 4), second: code.slice(4) },
    afterCode: [t('mail.code.valid', { minutes }), t('mail.code.never', { organisation })],
    facts: facts([
      [t('mail.reference'), reference],
      [t('mail.service'), mail.service],
      [t('mail.at'), mail.at],
      [t('mail.device'), mail.device],
      [t('mail.address'), mail.address],
    ]),
    notYou: t(`mail.notYou.${purpose}`, { organisation, centre }),
  };
}

function factorLetter(t: Translate, brand: LocalBranding, mail: FactorAddedMail): Letter {
  return {
    subject: t('mail.factorAdded.subject', { organisation: brand.organisation }),
    title: t('mail.factorAdded.title'),
    lead: t(`mail.factorAdded.${mail.way}`),
    afterCode: [],
    facts: facts([
      [t('mail.address'), mail.address],
      [t('mail.deviceName'), mail.deviceName],
      [t('mail.service'), mail.service],
      [t('mail.at'), mail.at],
      [t('mail.device'), mail.device],
    ]),
    notYou: t('mail.notYou.signIn', { centre: brand.centre }),
  };
}

function facts(all: readonly (readonly [string, string | undefined])[]): [string, string][] {
  return all.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as [string, string]]));
}

/**
 * The text part. Its code stands in one piece: a double click then takes all of it, and phones
 * offer it for filling in. (The HTML part groups it by spacing, which copying leaves out.)
 */
function plain(letter: Letter, t: Translate, brand: LocalBranding): string {
  const code = letter.code === undefined ? [] : [`    ${letter.code.whole}`];
  const blocks = [
    letter.title,
    letter.lead,
    ...code,
    letter.afterCode.join('\n'),
    letter.facts.map(([label, value]) => t('mail.fact', { label, value })).join('\n'),
    `${letter.notYou}\n${brand.inquiryUrl}`,
    [
      '--',
      brand.organisation,
      t('mail.hours', { centre: brand.centre, hours: brand.hours }),
      t('mail.automatic'),
    ].join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Names come from services and devices: a line break in one must not start a line of its own. */
function clean<M extends object>(model: M): M {
  return Object.fromEntries(Object.entries(model).map(([name, value]) => [name, oneLine(value)])) as M;
}

function oneLine(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim() : value;
}

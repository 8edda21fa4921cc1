import type { LocalBranding } from '../i18n/branding.ts';
import type { Translate } from '../i18n/translate.ts';

/** What both parts of a mail say, in order; the templates only lay it out. */
export interface Letter {
  subject: string;
  title: string;
  lead: string;
  code?: { whole: string; first: string; second: string };
  afterCode: string[];
  /** Label and value. */
  facts: [string, string][];
  /** What to do if it was somebody else. */
  notYou: string;
  /** The page where the user can act on it; without a link, the mail names the inquiry form. */
  link?: { lead: string; label: string; url: string };
}

export type Write<M> = (t: Translate, brand: LocalBranding, mail: M) => Letter;

/** The facts that have a value. */
export function facts(all: readonly (readonly [string, string | undefined])[]): [string, string][] {
  return all.flatMap(([label, value]) => (value === undefined ? [] : [[label, value] as [string, string]]));
}

/** The link "this was not me", with a lead that says what it affects. */
export function linkOf(
  t: Translate,
  url: string | undefined,
  reach: 'account' | 'code',
): Pick<Letter, 'link'> {
  return url === undefined
    ? {}
    : { link: { lead: t(`mail.notMe.${reach}`), label: t('mail.notMe.link'), url } };
}

/**
 * The text part. The code is written without a gap, so that a double click selects all of it and
 * phones offer to fill it in. (The HTML part groups it by spacing, which is not copied.)
 */
export function plain(letter: Letter, t: Translate, brand: LocalBranding): string {
  const { link } = letter;
  const code = letter.code === undefined ? [] : [`    ${letter.code.whole}`];
  const blocks = [
    letter.title,
    letter.lead,
    ...code,
    letter.afterCode.join('\n'),
    letter.facts.map(([label, value]) => t('mail.fact', { label, value })).join('\n'),
    [letter.notYou, ...(link === undefined ? [brand.inquiryUrl] : [link.lead, link.url])].join('\n'),
    [
      '--',
      brand.organisation,
      t('mail.hours', { centre: brand.centre, hours: brand.hours }),
      ...(link === undefined ? [] : [brand.inquiryUrl]),
      t('mail.automatic'),
    ].join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Names come from services and devices: a line break in one must not start a line of its own. */
export function clean<M extends object>(model: M): M {
  return Object.fromEntries(Object.entries(model).map(([name, value]) => [name, oneLine(value)])) as M;
}

function oneLine(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim() : value;
}

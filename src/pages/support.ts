import type { Locale, Localised } from '../i18n/locale.ts';
import { type Opening, openingInWords } from '../i18n/opening.ts';
import type { Translate } from '../i18n/translate.ts';
import type { FactorShown, OpeningShown } from './shared.ts';

/** What users ask the support centre for; each is a choice of its forms, with words in the catalogues. */
export const supportReasons = [
  'lost-device',
  'new-device',
  'no-mail',
  'factor-disabled',
  'first-set-up',
  'other',
] as const;
export type SupportReason = (typeof supportReasons)[number];

/** A method by which staff checks identity, and what the user needs for it. */
export interface CheckShown {
  id: string;
  name: string;
  bring: string;
}

/** The same as configured, in both languages. */
export interface ConfiguredCheck {
  id: string;
  name: Localised;
  bring: Localised;
}

/** The URL of the form for users who are not signed in, in the language of the page that links to it. */
export function supportForm(locale: Locale, signIn?: string): string {
  const login = signIn === undefined ? {} : { login: signIn };
  return `/help/support?${new URLSearchParams({ ...login, ui_locales: locale }).toString()}`;
}

export function openingShown(opening: Opening, locale: Locale): OpeningShown {
  return { open: opening.open, words: openingInWords(opening, locale) };
}

export function checksShown(checks: readonly ConfiguredCheck[], locale: Locale): CheckShown[] {
  return checks.map(({ id, name, bring }) => ({ id, name: name[locale], bring: bring[locale] }));
}

/** The pages on which users ask the support centre for help (R36, R42). */
export interface SupportPageModels {
  /** In a login, after the password: who helps, and the form. */
  'help-support': {
    otherWays: readonly FactorShown[];
    opening: OpeningShown;
    checks: readonly CheckShown[];
    /** As chosen in a form that was refused, or before a change of language; else empty. */
    reason: string;
    check: string;
  };
  /** Outside a login: the same for users who cannot give the password, or cannot continue. */
  'help-support-request': {
    loginId: string;
    reason: string;
    opening: OpeningShown;
    /** The id of this form: sent twice, it is one request. */
    form: string;
    /** The login that the user came from. */
    signIn?: string;
  };
  /** The answer to both, the same for every ID: the case number, the opening hours, what to bring. */
  'help-case': {
    number: string;
    opening: OpeningShown;
    checks: readonly CheckShown[];
    /** In a login, which continues. */
    login?: { otherWays: readonly FactorShown[] };
    /** Outside: the login that the user came from. */
    signIn?: string;
  };
}

/** Those of these pages whose only form posts to the page's own URL. */
export const supportPagesWithForm: readonly (keyof SupportPageModels)[] = [
  'help-support',
  'help-support-request',
  'help-case',
];

export function supportHeadings(t: Translate): {
  readonly [P in keyof SupportPageModels]: (model: SupportPageModels[P]) => string;
} {
  return {
    'help-support': () => t('helpSupport.title'),
    'help-support-request': () => t('helpRequest.title'),
    'help-case': () => t('helpCase.title'),
  };
}

/** The languages every page and mail exists in. */
export const locales = ['en', 'ja'] as const;

export type Locale = (typeof locales)[number];

/** A word or link of the operator's, once for each language. */
export type Localised = Readonly<Record<Locale, string>>;

export function isLocale(value: unknown): value is Locale {
  return value === 'en' || value === 'ja';
}

/** The other language: what the toggle on every page offers. */
export function otherLocale(locale: Locale): Locale {
  return locale === 'en' ? 'ja' : 'en';
}

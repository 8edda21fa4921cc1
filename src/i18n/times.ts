import type { Locale } from './locale.ts';

/** Times as people read them, in the operator's time zone, which the page names once. */
export interface Times {
  timeZone: string;
  /** Such as "4 November 2026". */
  day(at: Date, locale: Locale): string;
  /** Such as "4 November 2026 at 09:05". */
  moment(at: Date, locale: Locale): string;
}

export function createTimes(timeZone: string): Times {
  const tags: Record<Locale, string> = { en: 'en-GB', ja: 'ja-JP' };
  return {
    timeZone,
    day: (at, locale) => new Intl.DateTimeFormat(tags[locale], { dateStyle: 'long', timeZone }).format(at),
    moment: (at, locale) =>
      new Intl.DateTimeFormat(tags[locale], { dateStyle: 'long', timeStyle: 'short', timeZone }).format(at),
  };
}

/** A time as a person reads it, with the zone it is in (R10). */
export function formatTime(at: Date, locale: 'en' | 'ja', timeZone: string): string {
  return new Intl.DateTimeFormat(locale === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  })
    .format(at)
    .concat(` (${timeZone})`);
}

import type { Locale } from './locale.ts';
import { translator } from './translate.ts';

/** What the support centre's calendar says of one moment (R41, R42, R51). */
export interface Opening {
  open: boolean;
  /** The end of what is open now; undefined where it goes on for two weeks and more. */
  closes?: Date;
  /** When it opens next; undefined where no opening is planned within 60 days. */
  nextOpens?: Date;
  /** The moment that was asked about: the database's own "now" unless another was given. */
  at: Date;
  /** In which the hours are meant and the times are said. */
  timeZone: string;
}

const words = { en: translator('en'), ja: translator('ja') };
const tags = { en: 'en-GB', ja: 'ja-JP' } as const;

/** "Open now, until 17:00", or "Closed now. Opens Monday at 9:00."; the same words on every page. */
export function openingInWords(opening: Opening, locale: Locale): string {
  const t = words[locale];
  const { open, closes, nextOpens, at, timeZone } = opening;
  if (open)
    return closes === undefined
      ? t('opening.openLong')
      : t('opening.openUntil', { when: endOf(closes, at, timeZone, locale) });
  if (nextOpens === undefined) return t('opening.never');
  const time = timeOf(nextOpens, timeZone);
  const weekday = weekdayOf(nextOpens, timeZone, locale);
  const days = dayNumber(nextOpens, timeZone) - dayNumber(at, timeZone);
  if (days === 0) return t('opening.today', { time });
  if (days === 1) return t('opening.tomorrow', { weekday, time });
  if (days <= 6) return t('opening.thisWeek', { weekday, time });
  return t('opening.later', { date: dateOf(nextOpens, timeZone, locale), time });
}

/** The end of a day is told as the day's own, and not as the beginning of the next. */
function endOf(closes: Date, at: Date, timeZone: string, locale: Locale): string {
  const t = words[locale];
  const last = new Date(closes.getTime() - 1);
  const time = timeOf(closes, timeZone) === '0:00' ? t('opening.midnight') : timeOf(closes, timeZone);
  const days = dayNumber(last, timeZone) - dayNumber(at, timeZone);
  if (days === 0) return time;
  const day = days <= 6 ? weekdayOf(last, timeZone, locale) : dateOf(last, timeZone, locale);
  return t('opening.openOn', { day, time });
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute';

function partsOf(moment: Date, timeZone: string): Record<Part, number> {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(moment);
  const value = (part: Part): number => Number(parts.find(({ type }) => type === part)?.value);
  return {
    year: value('year'),
    month: value('month'),
    day: value('day'),
    hour: value('hour'),
    minute: value('minute'),
  };
}

/** Days since 1970-01-01 of the date that the calendar on the wall shows. */
function dayNumber(moment: Date, timeZone: string): number {
  const { year, month, day } = partsOf(moment, timeZone);
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

function timeOf(moment: Date, timeZone: string): string {
  const { hour, minute } = partsOf(moment, timeZone);
  return `${hour}:${String(minute).padStart(2, '0')}`;
}

function weekdayOf(moment: Date, timeZone: string, locale: Locale): string {
  return new Intl.DateTimeFormat(tags[locale], { weekday: 'long', timeZone }).format(moment);
}

/** "Monday, January 4"; the year is never in doubt within 60 days. */
function dateOf(moment: Date, timeZone: string, locale: Locale): string {
  const date = new Intl.DateTimeFormat(locale === 'en' ? 'en-US' : tags.ja, {
    month: 'long',
    day: 'numeric',
    timeZone,
  }).format(moment);
  return words[locale]('opening.date', { weekday: weekdayOf(moment, timeZone, locale), date });
}

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;

/** Hours of each day of the week, such as `09:00-12:00`, in order; none where it is closed. */
export type WeekHours = Readonly<Record<(typeof weekdays)[number], readonly string[]>>;

/**
 * The weekly hours in one line: "Weekdays 9:00–17:00 (except national holidays)". Days with the same
 * hours are told together.
 */
export function weekInWords(hours: WeekHours, locale: Locale, holidays: 'japan' | 'none' = 'none'): string {
  const t = words[locale];
  const alike = new Map<string, number[]>();
  weekdays.forEach((weekday, index) => {
    const told = dayInWords(hours[weekday], locale);
    if (told !== '') alike.set(told, [...(alike.get(told) ?? []), index]);
  });
  if (alike.size === 0) return t('week.none');
  const whole = t('week.wholeDay');
  const week =
    alike.get(whole)?.length === weekdays.length
      ? t('week.always')
      : [...alike]
          .map(([told, days]) => t('week.of', { days: daysInWords(days, locale), hours: told }))
          .join(t('week.next'));
  return holidays === 'none' ? week : t('week.notOnHolidays', { week });
}

/** "Monday, January 4" for a day of the calendar, YYYY-MM-DD. */
export function dateInWords(day: string, locale: Locale): string {
  return dateOf(new Date(`${day}T00:00:00Z`), 'UTC', locale);
}

/** "9:00–17:00" for 09:00-17:00. */
export function hoursInWords(hours: string): string {
  return hours
    .split('-')
    .map((time) => time.replace(/^0/, ''))
    .join('–');
}

/** "9:00–12:00, 13:00–17:00"; hours that follow each other without a gap are told as one. */
function dayInWords(list: readonly string[], locale: Locale): string {
  const joined: { opens: string; closes: string }[] = [];
  for (const one of list) {
    const [opens = '', closes = ''] = one.split('-');
    const before = joined.at(-1);
    if (before?.closes === opens) before.closes = closes;
    else joined.push({ opens, closes });
  }
  return joined
    .map(({ opens, closes }) =>
      opens === '00:00' && closes === '24:00'
        ? words[locale]('week.wholeDay')
        : hoursInWords(`${opens}-${closes}`),
    )
    .join(locale === 'en' ? ', ' : '・');
}

/** "Mon–Thu, Sat" */
function daysInWords(days: readonly number[], locale: Locale): string {
  const t = words[locale];
  if (days.length === weekdays.length) return t('week.everyDay');
  if (days.join('') === '01234') return t('week.weekdays');
  // 2024-01-01 was a Monday.
  const name = (day: number): string =>
    new Intl.DateTimeFormat(tags[locale], { weekday: 'short', timeZone: 'UTC' }).format(
      Date.UTC(2024, 0, day + 1),
    );
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const told = runs.flatMap((run) => {
    const first = name(run[0] ?? 0);
    return run.length > 2
      ? [t('week.from', { first, last: name(run.at(-1) ?? 0) })]
      : run.map((day) => name(day));
  });
  return t('week.days', { days: told.join(t('week.and')) });
}

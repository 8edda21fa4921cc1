import { NijoError } from '../../base/errors.ts';
import type { Localised } from '../../i18n/locale.ts';
import type { CalendarDay, DayInput } from './shapes.ts';

const longestName = 100;
const mostDays = 31;
const milliseconds = 86_400_000;

/** Full-width characters and surrounding spaces, as input methods produce them, make no difference. */
const plain = (typed: string): string => typed.normalize('NFKC').trim();

/**
 * @returns YYYY-MM-DD.
 * @throws NijoError `day_malformed`, also for a day that does not exist.
 */
export function readDay(typed: string): string {
  const [, year = '', month = '', day = ''] =
    /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(plain(typed)) ?? [];
  const read = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const moment = Date.parse(`${read}T00:00:00Z`);
  if (Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 10) !== read)
    throw new NijoError('day_malformed');
  return read;
}

function readTime(typed: string): string {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(plain(typed)) ?? [];
  const read = `${hour.padStart(2, '0')}:${minute}`;
  if (!/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(read)) throw new NijoError('hours_malformed');
  return read;
}

function readHours({ opens = '', closes = '' }: DayInput): CalendarDay['hours'] {
  if (plain(opens) === '' && plain(closes) === '') return undefined;
  const hours = { opens: readTime(opens), closes: readTime(closes) };
  if (hours.opens >= hours.closes) throw new NijoError('hours_malformed');
  return hours;
}

function readName(typed: string): string {
  const name = typed.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  if (name === '') throw new NijoError('day_name_missing');
  if (name.length > longestName) throw new NijoError('day_name_too_long', { max: longestName });
  return name;
}

/** The days from the first to the last one, at most a month of them. */
function readDays({ day, until }: DayInput): string[] {
  const first = readDay(day);
  const last = until === undefined || plain(until) === '' ? first : readDay(until);
  const count = (Date.parse(last) - Date.parse(first)) / milliseconds + 1;
  if (count < 1 || count > mostDays) throw new NijoError('day_malformed');
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(first) + index * milliseconds).toISOString().slice(0, 10),
  );
}

/**
 * What was typed, as the calendar stores it.
 * @throws NijoError `day_malformed`, `hours_malformed`, `day_name_missing`, `day_name_too_long`.
 */
export function readDayInput(input: DayInput): {
  days: readonly string[];
  hours: CalendarDay['hours'];
  name: Localised;
} {
  return {
    days: readDays(input),
    hours: readHours(input),
    name: { en: readName(input.name.en), ja: readName(input.name.ja) },
  };
}

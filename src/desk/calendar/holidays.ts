import holidayJp from '@holiday-jp/holiday_jp';
import type { Localised } from '../../i18n/locale.ts';

/**
 * Japan's national holidays of these years, with substitute holidays and days between two holidays. The
 * list's own dates are compared: the package's functions use this machine's time zone.
 */
export function nationalHolidays(from: number, to: number): { day: string; name: Localised }[] {
  const { holidays } = holidayJp as {
    holidays: Readonly<Record<string, { date: string; name: string; name_en: string }>>;
  };
  return Object.values(holidays)
    .filter(({ date }) => date >= `${from}-01-01` && date <= `${to}-12-31`)
    .map(({ date, name, name_en }) => ({ day: date, name: { en: name_en, ja: name } }));
}

import holidayJp from '@holiday-jp/holiday_jp';
import type { Localised } from '../../i18n/locale.ts';

/**
 * Japan's national holidays of these years, with those in lieu and those between two others. The list is
 * looked at by its own dates: its functions go by the time zone of this machine.
 */
export function nationalHolidays(from: number, to: number): { day: string; name: Localised }[] {
  const { holidays } = holidayJp as {
    holidays: Readonly<Record<string, { date: string; name: string; name_en: string }>>;
  };
  return Object.values(holidays)
    .filter(({ date }) => date >= `${from}-01-01` && date <= `${to}-12-31`)
    .map(({ date, name, name_en }) => ({ day: date, name: { en: name_en, ja: name } }));
}

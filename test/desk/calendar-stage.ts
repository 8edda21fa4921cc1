import { sql } from 'kysely';
import { type DeskSettings, deskSchema } from '../../src/config/sections/desk.ts';
import type { Db } from '../../src/db/open.ts';
import { readOpening } from '../../src/desk/calendar/calendar.ts';
import { nationalHolidays } from '../../src/desk/calendar/holidays.ts';
import { weekRows } from '../../src/desk/calendar/week.ts';
import { openingInWords } from '../../src/i18n/opening.ts';

type Week = Partial<DeskSettings['hours']>;

/** Kyoto's: weekdays 9:00-17:00, closed on national holidays. */
export const kyoto: DeskSettings = deskSchema.parse({});

export function settingsOf(hours: Week, holidays: 'japan' | 'none' = 'none'): DeskSettings {
  return deskSchema.parse({ hours, holidays });
}

/** What the operator says of some days: closed, or open as written (`10:00-12:00`). */
export type Days = Readonly<Record<string, string>>;

/** A calendar of a test's own, with the holidays of years that do not move with the clock of this machine. */
export async function setCalendar(
  db: Db,
  settings: DeskSettings,
  options: { timeZone?: string; days?: Days } = {},
): Promise<void> {
  const { timeZone = 'Asia/Tokyo', days = {} } = options;
  await db
    .updateTable('desk_calendar')
    .set({ time_zone: timeZone, weekly: JSON.stringify(weekRows(settings.hours)), changed_by: 'test' })
    .execute();
  await db.deleteFrom('desk_days').execute();
  const holidays = settings.holidays === 'none' ? [] : nationalHolidays(2026, 2028);
  const rows = [
    ...holidays.map(({ day, name }) => ({
      day,
      source: 'holiday' as const,
      kind: 'closed' as const,
      name_en: name.en,
      name_ja: name.ja,
      changed_by: 'test',
    })),
    ...Object.entries(days).map(([day, what]) => {
      const [opens = '', closes = ''] = what.split('-');
      const named = { day, source: 'operator' as const, name_en: 'n', name_ja: 'n', changed_by: 'test' };
      return what === 'closed'
        ? { ...named, kind: 'closed' as const }
        : { ...named, kind: 'open' as const, opens, closes };
    }),
  ];
  if (rows.length > 0) await db.insertInto('desk_days').values(rows).execute();
}

/** What the calendar says at a moment: `2027-01-04T09:00:00+09:00`. */
export async function said(
  db: Db,
  moment: string,
): Promise<{ open: boolean; closes: string | undefined; opens: string | undefined; en: string; ja: string }> {
  const opening = await readOpening(db, new Date(moment));
  // The function that approvals ask says the same.
  const { rows } = await sql<{ open: boolean }>`select desk_is_open(${moment}::timestamptz) as open`.execute(
    db,
  );
  if (rows[0]?.open !== opening.open) throw new Error('desk_is_open and desk_opening disagree');
  return {
    open: opening.open,
    closes: opening.closes?.toISOString(),
    opens: opening.nextOpens?.toISOString(),
    en: openingInWords(opening, 'en'),
    ja: openingInWords(opening, 'ja'),
  };
}

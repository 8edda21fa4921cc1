import { sql } from 'kysely';
import { recordAudit } from '../../audit/audit.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import type { WeeklyHours } from '../../db/schema-desk.ts';
import { type WeekHours, weekdays, weekInWords } from '../../i18n/opening.ts';
import { nationalHolidays } from './holidays.ts';

/** The configured week as the database stores it. */
export function weekRows(hours: DeskSettings['hours']): WeeklyHours[] {
  return weekdays.flatMap((name, index) =>
    hours[name].map((one) => {
      const [opens = '', closes = ''] = one.split('-');
      return { weekday: index + 1, opens, closes };
    }),
  );
}

/**
 * Writes the configured hours where the database has other ones: the node that starts last wins.
 * Nodes that start together write the same; only the node that changes something audits it.
 */
export async function writeWeek(
  trx: Db,
  settings: Pick<DeskSettings, 'hours' | 'holidays'>,
  timeZone: string,
): Promise<void> {
  const { hours, holidays } = settings;
  const weekly = JSON.stringify(weekRows(hours));
  const changed = await trx
    .updateTable('desk_calendar')
    .set({ time_zone: timeZone, weekly, holidays, changed_by: 'system', changed_at: sql<Date>`now()` })
    .where(
      sql<boolean>`(time_zone, weekly, holidays) is distinct from (${timeZone}::text, ${weekly}::jsonb, ${holidays}::text)`,
    )
    .returning('id')
    .execute();
  if (changed.length > 0) {
    await recordAudit(trx, undefined, {
      event: 'desk.hours-set',
      result: 'success',
      actor: 'system',
      details: { hours: weekInWords(hours, 'en', holidays), timeZone },
    });
  }
  await writeHolidays(trx);
}

/** The hours in force, in words, and whether a node with this configuration would change them. */
export async function readWeek(
  db: Db,
  settings: Pick<DeskSettings, 'hours' | 'holidays'>,
  timeZone: string,
): Promise<{ words: string; asConfigured: boolean }> {
  const { hours, holidays } = settings;
  const row = await db
    .selectFrom('desk_calendar')
    .select(['weekly', 'holidays'])
    .select(
      sql<boolean>`(time_zone, weekly, holidays) is not distinct from
        (${timeZone}::text, ${JSON.stringify(weekRows(hours))}::jsonb, ${holidays}::text)`.as('same'),
    )
    .executeTakeFirstOrThrow();
  const kept = Object.fromEntries(
    weekdays.map((name, index) => [
      name,
      row.weekly
        .filter(({ weekday }) => weekday === index + 1)
        .map(({ opens, closes }) => `${opens}-${closes}`),
    ]),
  ) as unknown as WeekHours;
  return { words: weekInWords(kept, 'en', row.holidays), asConfigured: row.same };
}

/**
 * Writes the holidays from last year to the year after next, as configured in the database, and deletes
 * rows that are not among them. @returns how many rows changed.
 */
async function writeHolidays(trx: Db): Promise<number> {
  const calendar = await trx
    .selectFrom('desk_calendar')
    .select([
      'holidays',
      sql<number>`extract(year from now() at time zone desk_calendar.time_zone)::integer`.as('year'),
    ])
    .executeTakeFirstOrThrow();
  const holidays = calendar.holidays === 'none' ? [] : nationalHolidays(calendar.year - 1, calendar.year + 2);
  const gone = await trx
    .deleteFrom('desk_days')
    .where('source', '=', 'holiday')
    .where(sql<boolean>`day <> all(${holidays.map(({ day }) => day)}::text[])`)
    .returning('day')
    .execute();
  if (holidays.length === 0) return gone.length;
  const written = await trx
    .insertInto('desk_days')
    .values(
      holidays.map(({ day, name }) => ({
        day,
        source: 'holiday' as const,
        kind: 'closed' as const,
        name_en: name.en,
        name_ja: name.ja,
        changed_by: 'system',
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['day', 'source'])
        .doUpdateSet((row) => ({
          name_en: row.ref('excluded.name_en'),
          name_ja: row.ref('excluded.name_ja'),
        }))
        .where(
          sql<boolean>`(desk_days.name_en, desk_days.name_ja) is distinct from (excluded.name_en, excluded.name_ja)`,
        ),
    )
    .returning('day')
    .execute();
  return gone.length + written.length;
}

/**
 * Part of the purge job: when a new year has begun, writes the holidays of one more year, even if no node
 * restarts. @returns how many rows changed.
 */
export async function keepHolidays(trx: Db): Promise<number> {
  const due = await trx
    .selectFrom('desk_calendar as c')
    .select('c.id')
    .where('c.holidays', '<>', 'none')
    .where(
      sql<boolean>`not exists (select from desk_days d where d.source = 'holiday'
        and d.day >= to_char((now() at time zone c.time_zone) + interval '2 years', 'YYYY'))`,
    )
    .executeTakeFirst();
  return due === undefined ? 0 : writeHolidays(trx);
}

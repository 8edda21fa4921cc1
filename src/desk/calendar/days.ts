import { sql } from 'kysely';
import { recordAudit, type RequestOrigin } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { Localised } from '../../i18n/locale.ts';
import type { CalendarActor, CalendarDay } from './shapes.ts';

/** Holidays and the operator's days in order; the operator's comes before a holiday of the same day. */
export async function findDays(db: Db, from: string, until: string | undefined): Promise<CalendarDay[]> {
  let query = db
    .selectFrom('desk_days')
    .select(['day', 'source', 'opens', 'closes', 'name_en', 'name_ja'])
    .where('day', '>=', from)
    .orderBy('day')
    .orderBy('source', 'desc');
  if (until !== undefined) query = query.where('day', '<=', until);
  const rows = await query.execute();
  return rows.map(({ day, source, opens, closes, name_en, name_ja }) => ({
    day,
    source,
    ...(opens === null || closes === null ? {} : { hours: { opens, closes } }),
    name: { en: name_en, ja: name_ja },
  }));
}

const wordFor = (actor: CalendarActor): string => ('cli' in actor ? actor.cli : actor.accountId);

/**
 * The pages cannot open the current day, or one person could avoid the second approval that is needed
 * outside hours (R41). A person with the command line has the database anyway.
 */
const mayOpenToday = (actor: CalendarActor): boolean => 'cli' in actor;

async function todayOf(trx: Db): Promise<string> {
  const row = await trx
    .selectFrom('desk_calendar')
    .select(sql<string>`to_char(now() at time zone desk_calendar.time_zone, 'YYYY-MM-DD')`.as('today'))
    .executeTakeFirstOrThrow();
  return row.today;
}

/** @throws NijoError `day_malformed` for a past day, `day_too_soon`. */
export async function setDays(
  trx: Db,
  actor: CalendarActor,
  read: { days: readonly string[]; hours: CalendarDay['hours']; name: Localised },
  origin: RequestOrigin | undefined,
): Promise<CalendarDay[]> {
  const { days, hours, name } = read;
  const today = await todayOf(trx);
  if (days.some((day) => day < today)) throw new NijoError('day_malformed');
  if (hours !== undefined && days.includes(today) && !mayOpenToday(actor))
    throw new NijoError('day_too_soon');
  const kind = hours === undefined ? ('closed' as const) : ('open' as const);
  const said = {
    kind,
    opens: hours?.opens ?? null,
    closes: hours?.closes ?? null,
    name_en: name.en,
    name_ja: name.ja,
    changed_by: wordFor(actor),
  };
  await trx
    .insertInto('desk_days')
    .values(days.map((day) => ({ day, source: 'operator' as const, ...said })))
    .onConflict((conflict) =>
      conflict.columns(['day', 'source']).doUpdateSet({ ...said, changed_at: sql<Date>`now()` }),
    )
    .execute();
  await recordAudit(
    trx,
    origin,
    ...days.map((day) => ({
      event: 'desk.day-set' as const,
      result: 'success' as const,
      actor: wordFor(actor),
      details: { day, kind, ...hours, name: name.en },
    })),
  );
  return days.map((day) => ({
    day,
    source: 'operator' as const,
    ...(hours === undefined ? {} : { hours }),
    name,
  }));
}

/** @throws NijoError `day_unknown`, `day_too_soon`. */
export async function removeDay(
  trx: Db,
  actor: CalendarActor,
  day: string,
  origin: RequestOrigin | undefined,
): Promise<void> {
  const today = await todayOf(trx);
  const removed = await trx
    .deleteFrom('desk_days')
    .where('day', '=', day)
    .where('source', '=', 'operator')
    .returning('kind')
    .executeTakeFirst();
  if (removed === undefined) throw new NijoError('day_unknown');
  // Without the entry the weekly hours apply, which may be longer.
  if (day === today && !mayOpenToday(actor)) throw new NijoError('day_too_soon');
  await recordAudit(trx, origin, {
    event: 'desk.day-removed',
    result: 'success',
    actor: wordFor(actor),
    details: { day, kind: removed.kind },
  });
}

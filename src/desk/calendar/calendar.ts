import { sql } from 'kysely';
import type { RequestOrigin } from '../../audit/audit.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Opening } from '../../i18n/opening.ts';
import { requireStaff } from '../cases/staff.ts';
import { readDay, readDayInput } from './day-input.ts';
import { findDays, removeDay, setDays } from './days.ts';
import type { CalendarActor, CalendarDay, DayInput } from './shapes.ts';
import { createShownOpening, type ReadOpening } from './shown-opening.ts';
import { readWeek, writeWeek } from './week.ts';

export type { CalendarActor, CalendarDay, DayInput } from './shapes.ts';

/** When the support centre is open (R41, R42, R51): all code asks here, or the database itself. */
export interface Calendar {
  /** The opening at a moment: now, by the database's clock, unless another is given. */
  opening(at?: Date): Promise<Opening>;
  /**
   * The opening that public pages show now: cached while the calendar is unchanged, so that viewing these
   * pages costs the database almost nothing (S12). Never for a decision.
   */
  shownOpening(): Promise<Opening>;
  /** Writes the configured hours, time zone and holidays: at the start of every node. */
  sync(): Promise<void>;
  /** Holidays and the operator's days from one day to another, in order; without `until`, all known days. */
  days(from: string, until?: string): Promise<CalendarDay[]>;
  /** The weekly hours in force, in words, and whether they are those of this configuration. */
  week(): Promise<{ words: string; asConfigured: boolean }>;
  /** Today's date where the support centre is. */
  today(): Promise<string>;
  /**
   * Sets closing days or special openings; the operator's earlier entries for these days are replaced.
   * @throws NijoError `day_malformed`, `day_too_soon`, `day_name_missing`, `day_name_too_long`,
   *   `hours_malformed`.
   */
  setDay(actor: CalendarActor, day: DayInput, origin: RequestOrigin | undefined): Promise<CalendarDay[]>;
  /**
   * Removes one of the operator's days: the weekly hours and the holidays apply again.
   * @returns the day, YYYY-MM-DD.
   * @throws NijoError `day_malformed`, `day_unknown`, `day_too_soon`.
   */
  removeDay(actor: CalendarActor, day: string, origin: RequestOrigin | undefined): Promise<string>;
}

export function createCalendar(deps: {
  db: Db;
  settings: Pick<DeskSettings, 'hours' | 'holidays'>;
  timeZone: string;
}): Calendar {
  const { db, settings, timeZone } = deps;
  const shownOpening = createShownOpening({
    version: () => readVersion(db),
    read: () => readWithVersion(db),
  });
  return {
    opening: (at) => readOpening(db, at),
    shownOpening,
    sync: () => inTransaction(db, (trx) => writeWeek(trx, settings, timeZone)),
    days: (from, until) => findDays(db, readDay(from), until === undefined ? undefined : readDay(until)),
    week: () => readWeek(db, settings, timeZone),
    async today() {
      const row = await db
        .selectFrom('desk_calendar')
        .select(sql<string>`to_char(now() at time zone desk_calendar.time_zone, 'YYYY-MM-DD')`.as('today'))
        .executeTakeFirstOrThrow();
      return row.today;
    },
    async setDay(actor, day, origin) {
      const read = readDayInput(day);
      return inTransaction(db, async (trx) => {
        await requireCalendarActor(trx, actor);
        return setDays(trx, actor, read, origin);
      });
    },
    async removeDay(actor, day, origin) {
      const read = readDay(day);
      await inTransaction(db, async (trx) => {
        await requireCalendarActor(trx, actor);
        return removeDay(trx, actor, read, origin);
      });
      return read;
    },
  };
}

/** Locks the session and role of a page's actor until the change is made; the command line has none (S29). */
async function requireCalendarActor(trx: Db, actor: CalendarActor): Promise<void> {
  if ('cli' in actor || actor.session === undefined) return;
  await requireStaff(trx, actor, ['operator', 'desk-lead']);
}

/** Also for use within a transaction. */
export async function readOpening(db: Db, at?: Date): Promise<Opening> {
  return (await readWithVersion(db, at)).opening;
}

async function readVersion(db: Db): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select version from desk_calendar where id`.execute(db);
  return rows[0]?.version ?? -1;
}

async function readWithVersion(db: Db, at?: Date): Promise<ReadOpening> {
  const { rows } = await sql<{
    open: boolean;
    closes: Date | null;
    next_opens: Date | null;
    at: Date;
    time_zone: string;
    version: number;
  }>`select o.open, o.closes, o.next_opens, m.at, c.time_zone, c.version
     from desk_calendar c
     cross join (select coalesce(${at?.toISOString() ?? null}::timestamptz, now()) as at) m
     cross join lateral desk_opening(m.at) o
     where c.id`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error('the calendar has no hours');
  const opening = {
    open: row.open,
    at: row.at,
    timeZone: row.time_zone,
    ...(row.closes === null ? {} : { closes: row.closes }),
    ...(row.next_opens === null ? {} : { nextOpens: row.next_opens }),
  };
  return { opening, version: row.version };
}

import { type RawBuilder, sql } from 'kysely';
import { type AuditEventName, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import type { Logger } from '../observe/logger.ts';
import { voidFallenPasses, voidSetUpPasses } from './ended-passes.ts';
import { endEverythingOf } from './status.ts';

/**
 * The moment at which an account ends: the end of its last day in the operator's time zone. A day is stored
 * as its midnight in UTC; any other time stands for itself.
 */
function endOf(timeZone: string): RawBuilder<Date> {
  return sql<Date>`case when ends_at = date_trunc('day', ends_at, 'UTC')
    then ((ends_at at time zone 'UTC')::date + 1)::timestamp at time zone ${timeZone} else ends_at end`;
}

interface DueOptions {
  timeZone: string;
  /** Only these accounts, whose rows the caller has locked; otherwise all that are due. */
  accountIds?: readonly string[];
  /** Who moved the date; otherwise the date itself. */
  actor?: string;
  limit?: number;
}

/**
 * Disables the accounts whose last day is over, and ends everything of theirs; enables accounts again that a
 * date had ended, where that date has moved. An account that an operator disabled stays so. Call it in a
 * transaction. @returns how many of each.
 */
export async function applyEnds(trx: Db, options: DueOptions): Promise<{ ended: number; reopened: number }> {
  const { timeZone, accountIds, actor = 'system', limit = 200 } = options;
  const among =
    accountIds === undefined ? sql<boolean>`true` : sql<boolean>`id = any(${[...accountIds]}::text[])`;
  const most = accountIds === undefined ? limit : accountIds.length;
  const due = (which: RawBuilder<boolean>): RawBuilder<string> => sql<string>`any(array(
    select id from accounts where ${which} and ${among} order by id limit ${most} for no key update skip locked))`;

  const ended = await trx
    .updateTable('accounts')
    .set({
      status: 'disabled',
      disabled_at: sql<Date>`now()`,
      ended_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
    })
    .where(
      'id',
      '=',
      // Whatever the time zone, a day that has not begun anywhere is not over.
      due(
        sql`status = 'active' and ends_at is not null and ends_at <= now() and ${endOf(timeZone)} <= now()`,
      ),
    )
    .returning(['id', 'roles'])
    .execute();
  const ids = ended.map(({ id }) => id);
  for (const { id, roles } of ended) {
    await voidSetUpPasses(trx, id, 'disabled', { actor });
    // As when an operator disables an account: hardly any of those who leave was staff.
    if (roles.length > 0) await voidFallenPasses(trx, { staffId: id }, { actor });
  }
  await endEverythingOf(trx, ids, { why: 'disabled' });

  const reopened = await trx
    .updateTable('accounts')
    .set({ status: 'active', disabled_at: null, ended_at: null, updated_at: sql<Date>`now()` })
    .where(
      'id',
      '=',
      due(
        sql`ended_at is not null and (ends_at is null or (ends_at > now() - interval '3 days' and ${endOf(timeZone)} > now()))`,
      ),
    )
    .returning('id')
    .execute();
  const event = (name: AuditEventName, accountId: string) => ({
    event: name,
    result: 'success' as const,
    actor,
    accountId,
  });
  await recordAudit(
    trx,
    undefined,
    ...ids.map((id) => event('account.ended', id)),
    ...reopened.map(({ id }) => event('account.reopened', id)),
  );
  return { ended: ids.length, reopened: reopened.length };
}

/** The job that ends accounts on their day. */
export interface Ending {
  stop(): Promise<void>;
}

// Any number that no other lock of this program uses.
const lockNumber = 7_203_118_006;

/** Ends what is due, every `everyMs` (default: 10 s), on one node at a time. */
export function startEnding(deps: { db: Db; logger: Logger; timeZone: string; everyMs?: number }): Ending {
  const { db, logger, timeZone, everyMs = 10_000 } = deps;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const endOnce = (): Promise<number> =>
    db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ mine: boolean }>`
        select pg_try_advisory_xact_lock(${lockNumber}::bigint) as mine`.execute(trx);
      if (rows[0]?.mine !== true) return 0;
      const { ended, reopened } = await applyEnds(trx, { timeZone });
      if (ended + reopened > 0) logger.info({ event: 'accounts.ended', ended, reopened });
      return ended + reopened;
    });

  async function round(): Promise<void> {
    try {
      while (!stopped && (await endOnce()) > 0);
    } catch (error) {
      logger.warn({ event: 'accounts.ending-failed', err: error });
    }
    schedule(everyMs);
  }
  function schedule(afterMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = round();
    }, afterMs);
    timer.unref();
  }
  schedule(Math.min(everyMs, 2_000));
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

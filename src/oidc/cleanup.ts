import { type RawBuilder, sql } from 'kysely';
import { forgetExpiredLimits } from '../limits/limits.ts';
import type { Db } from '../db/open.ts';
import type { Logger } from '../observe/logger.ts';

/** Rows deleted at a time: small enough that a login beside it does not notice (F14). */
const batchSize = 2000;

/** Rows that are over, in the order of a column. */
interface Expiring {
  name: string;
  over: RawBuilder<unknown>;
  by?: string;
}

const tables: readonly Expiring[] = [
  // A login that is over is still good for "start again at …" for a day (R33).
  {
    name: 'oidc_payloads',
    over: sql`expires_at < now() and (model <> 'Interaction' or expires_at < now() - interval '1 day')`,
  },
  { name: 'sign_ins', over: sql`expires_at < now() - interval '1 day'` },
  { name: 'challenges', over: sql`expires_at < now() - interval '1 day'` },
  { name: 'factor_changes', over: sql`expires_at < now() - interval '1 day'` },
  // Services that could not be told are given up long before.
  { name: 'ended_sessions', over: sql`ended_at < now() - interval '1 day'`, by: 'ended_at' },
  // What a user recognises a session by goes when the session has; none lives unused for half a day.
  {
    name: 'browser_sessions',
    over: sql`last_seen_at < now() - interval '13 hours' and not exists (select from oidc_payloads p
      where p.model = 'Session' and p.session_uid = browser_sessions.session_uid and p.expires_at > now())`,
    by: 'last_seen_at',
  },
];

/**
 * Deletes one batch of expired rows of each kind. Rows that another node is deleting are skipped.
 * @returns how many went.
 */
export async function deleteExpired(db: Db, batch = batchSize): Promise<number> {
  let deleted = 0;
  for (const { name, over, by = 'expires_at' } of tables) {
    const table = sql.table(name);
    const result = await sql`
      delete from ${table} where ctid = any(array(
        select ctid from ${table} where ${over} order by ${sql.ref(by)} limit ${batch} for update skip locked))`.execute(
      db,
    );
    deleted += Number(result.numAffectedRows ?? 0n);
  }
  return deleted + (await forgetExpiredLimits(db, batch));
}

/** Deletes at most `batch` rows that are over. @returns how many. */
export type Cleaner = (trx: Db, batch: number) => Promise<number>;

export interface Cleaning {
  stop(): Promise<void>;
}

// Any number that nothing else in this program locks.
const lockNumber = 7_203_118_002;

/** Cleans as one node at a time: whoever finds another at it leaves it the work. */
async function cleanOnce(db: Db, batch: number, also: readonly Cleaner[]): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(${lockNumber}::bigint) as mine`.execute(trx);
    if (rows[0]?.mine !== true) return 0;
    let deleted = await deleteExpired(trx, batch);
    for (const clean of also) deleted += await clean(trx, batch);
    return deleted;
  });
}

/** Deletes what has expired, every `everyMs` (default: 30 s), and batch after batch while there is much. */
export function startCleaning(deps: {
  db: Db;
  logger: Logger;
  everyMs?: number;
  batch?: number;
  /** What other parts of the program have to forget. */
  also?: readonly Cleaner[];
}): Cleaning {
  const { db, logger, everyMs = 30_000, batch = batchSize, also = [] } = deps;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  async function round(): Promise<void> {
    try {
      let deleted = batch;
      while (!stopped && deleted >= batch) {
        deleted = await cleanOnce(db, batch, also);
        if (deleted > 0) logger.debug({ event: 'cleanup.deleted', rows: deleted });
      }
    } catch (error) {
      logger.warn({ event: 'cleanup.failed', err: error });
    }
    schedule();
  }
  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = round();
    }, everyMs);
    timer.unref();
  }
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

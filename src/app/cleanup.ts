import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/open.ts';
import { forgetExpiredLimits } from '../limits/limits.ts';
import type { Logger } from '../observe/logger.ts';

/** Rows deleted at a time: few enough that a concurrent login does not notice (F14). */
const batchSize = 2000;
/** Batches of one kind in one round; then the other kinds follow. */
const mostBatches = 50;
/** How late the oldest row of a kind may be before operators are alerted. */
const alarmSeconds = 3600;

/** Deletes at most `batch` expired rows. @returns how many. */
export type Cleaner = (trx: Db, batch: number) => Promise<number>;

/** One kind of rows that expire by themselves. */
export interface CleaningKind {
  /** Its name in metrics and the log. */
  name: string;
  clean: Cleaner;
  /** Seconds since the oldest row was due for deletion, 0 where none is; undefined where not measured. */
  behind?: (db: Db) => Promise<number>;
}

/** Rows of a table that expire this long after `by`, found by an index on it that holds only these rows. */
interface Expiring {
  name: string;
  table: string;
  by?: string;
  kept?: string;
  /** The condition of the partial index. */
  only?: RawBuilder<unknown>;
  /** A further condition. */
  and?: RawBuilder<unknown>;
}

/** A kind of rows that are deleted in the order of one indexed column. */
export function expiring({ name, table, by = 'expires_at', kept = '0', only, and }: Expiring): CleaningKind {
  const from = sql.table(table);
  const due = sql`(${sql.ref(by)} + interval ${sql.lit(kept)})`;
  const limit = sql`${sql.ref(by)} < now() - interval ${sql.lit(kept)}`;
  const where = sql.join(
    [limit, ...(only === undefined ? [] : [only]), ...(and === undefined ? [] : [and])],
    sql` and `,
  );
  return {
    name,
    async clean(trx, batch) {
      const result = await sql`
        delete from ${from} where ctid = any(array(
          select ctid from ${from} where ${where} order by ${sql.ref(by)} limit ${sql.lit(batch)}
          for update skip locked))`.execute(trx);
      return Number(result.numAffectedRows ?? 0n);
    },
    async behind(db) {
      const { rows } = await sql<{ seconds: number }>`
        select greatest(0, extract(epoch from now() - ${due}))::float8 as seconds from ${from}
        where ${where} order by ${sql.ref(by)} limit 1`.execute(db);
      return rows[0]?.seconds ?? 0;
    },
  };
}

const isInteraction = sql`model = 'Interaction'`;

/** Everything that expires, each kind with its own index: rows of one kind hide none of another (S24). */
export const expiringKinds: readonly CleaningKind[] = [
  expiring({ name: 'tokens', table: 'oidc_payloads', only: sql`model <> 'Interaction'` }),
  // An ended login is still needed for "start again at …" for a day (R33).
  expiring({ name: 'interactions', table: 'oidc_payloads', kept: '1 day', only: isInteraction }),
  expiring({ name: 'sign_ins', table: 'sign_ins', kept: '1 day' }),
  expiring({ name: 'challenges', table: 'challenges', kept: '1 day' }),
  expiring({ name: 'factor_changes', table: 'factor_changes', kept: '1 day' }),
  // Services that could not be notified are given up long before.
  expiring({ name: 'ended_sessions', table: 'ended_sessions', by: 'ended_at', kept: '1 day' }),
  // The row by which a user recognises a session goes when the session has; none lives unused for half a day.
  expiring({
    name: 'browser_sessions',
    table: 'browser_sessions',
    by: 'last_seen_at',
    kept: '13 hours',
    and: sql`not exists (select from oidc_payloads p
      where p.model = 'Session' and p.session_uid = browser_sessions.session_uid and p.expires_at > now())`,
  }),
  { ...expiring({ name: 'limits', table: 'limits' }), clean: forgetExpiredLimits },
];

/**
 * Deletes at most one batch of expired rows, kind after kind. Rows that another node is deleting are skipped.
 * @returns how many were deleted.
 */
export async function deleteExpired(db: Db, batch = batchSize): Promise<number> {
  let deleted = 0;
  for (const { clean } of expiringKinds) if (deleted < batch) deleted += await clean(db, batch - deleted);
  return deleted;
}

export interface Cleaning {
  stop(): Promise<void>;
}

// An arbitrary lock number that nothing else in this program uses.
const lockNumber = 7_203_118_002;

/** One batch, on one node at a time: a node that finds another one at work deletes nothing. */
function cleanOnce(db: Db, batch: number, { clean }: CleaningKind): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(${lockNumber}::bigint) as mine`.execute(trx);
    return rows[0]?.mine === true ? clean(trx, batch) : 0;
  });
}

/**
 * Deletes expired rows, every `everyMs` (default: 30 s), kind after kind, each in transactions of its own: a
 * kind that fails or takes too long does not stop the others.
 */
export function startCleaning(deps: {
  db: Db;
  logger: Logger;
  everyMs?: number;
  batch?: number;
  /** Kinds of rows of other parts of the program. */
  also?: readonly CleaningKind[];
  /** Called for each kind, once a round, with how late it is. */
  onBehind?: (kind: string, seconds: number) => void;
}): Cleaning {
  const { db, logger, everyMs = 30_000, batch = batchSize, also = [], onBehind } = deps;
  const late = new Set<string>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  /** @returns whether it stopped to let other kinds proceed, with more to delete. */
  async function cleanKind(kind: CleaningKind): Promise<boolean> {
    // A batch that takes too long is retried as a smaller one, in this round and the next.
    let size = batch;
    for (let count = 0; !stopped && count < mostBatches; count += 1) {
      try {
        const deleted = await cleanOnce(db, size, kind);
        if (deleted > 0) logger.debug({ event: 'cleanup.deleted', kind: kind.name, rows: deleted });
        if (deleted < size) return false;
      } catch (error) {
        const { code } = (error ?? {}) as { code?: unknown };
        logger.warn({ event: 'cleanup.failed', kind: kind.name, batch: size, err: error });
        if (code !== statementTimeout || size <= smallestBatch) return false;
        size = Math.max(smallestBatch, Math.floor(size / 10));
      }
    }
    return !stopped;
  }

  async function look(kind: CleaningKind): Promise<void> {
    if (kind.behind === undefined) return;
    try {
      const seconds = await kind.behind(db);
      onBehind?.(kind.name, seconds);
      if (seconds > alarmSeconds && !late.has(kind.name))
        logger.error(
          { event: 'cleanup.behind', kind: kind.name, seconds: Math.round(seconds) },
          'rows that have expired are not deleted in time',
        );
      if (seconds > alarmSeconds) late.add(kind.name);
      else late.delete(kind.name);
    } catch (error) {
      logger.warn({ event: 'cleanup.failed', kind: kind.name, err: error });
    }
  }

  async function round(): Promise<void> {
    let more = false;
    for (const kind of [...expiringKinds, ...also]) {
      if (stopped) return;
      if (await cleanKind(kind)) more = true;
      if (!stopped) await look(kind);
    }
    // A backlog of millions must not pause after each hundred thousand.
    schedule(more ? 0 : everyMs);
  }
  function schedule(ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = round();
    }, ms);
    timer.unref();
  }
  schedule(everyMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

const statementTimeout = '57014';
const smallestBatch = 20;

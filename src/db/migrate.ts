import { sql } from 'kysely';
import { loadMigrations } from './migrations/load.ts';
import { executedMigrations } from './migrations/progress.ts';
import { runPending } from './migrations/run.ts';
import type { Db } from './open.ts';

export interface MigrateOptions {
  /** Receives progress, line by line. */
  report?: (line: string) => void;
  /** How long one attempt may wait in the queue for a lock; logins queue behind it. */
  lockTimeoutMs?: number;
  /** How long a lock is tried for in total. */
  patienceMs?: number;
  /** Where the migrations are; a test has its own. */
  folder?: string;
}

/**
 * Brings the database to this release's schema while the previous release serves; several nodes may call it
 * at once (one does the work). Finished steps stay done: after an interruption the next call continues there.
 * @param db a handle without timeouts of its own where the database is large (`openForMigrations`).
 * @returns the names of the migrations that were applied now.
 * @throws MigrationBlocked when a lock stayed taken; otherwise the database's own error.
 */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<string[]> {
  const { report = () => undefined, lockTimeoutMs = 100, patienceMs = 600_000, folder } = options;
  return runPending(db, await loadMigrations(folder), { report, lockTimeoutMs, patienceMs });
}

/** The names of this release's migrations that the database does not have. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const [migrations, executed] = await Promise.all([loadMigrations(), executedMigrations(db)]);
  const done = new Set(executed);
  return migrations.map(({ name }) => name).filter((name) => !done.has(name));
}

/** Milliseconds by which this node's clock is ahead of the database's (negative: behind). */
export async function clockOffset(db: Db): Promise<number> {
  // The time to open a connection would count as a clock difference.
  await sql`select 1`.execute(db);
  const before = Date.now();
  const { rows } = await sql<{
    ms: number;
  }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
  return (before + Date.now()) / 2 - (rows[0]?.ms ?? before);
}

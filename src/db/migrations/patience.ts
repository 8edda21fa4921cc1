import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Db } from '../open.ts';

/** How long a step waits for its lock in total, and how it reports meanwhile. */
export interface Patience {
  /** How long one attempt may wait in the queue for a lock: logins queue behind it. */
  lockTimeoutMs: number;
  /** The migration gives up after retrying for this long. */
  patienceMs: number;
  report: (line: string) => void;
}

/** A lock that stayed taken through all attempts. */
export class MigrationBlocked extends Error {}

// Lock timeout, deadlock, serialisation failure, and rights that another session changed at the same moment.
const passing: ReadonlySet<unknown> = new Set(['55P03', '40P01', '40001']);

function passes(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return passing.has(code) || (code === 'XX000' && /concurrently updated/.test(String(message)));
}

/** The session with the oldest open transaction: nearly always the one that holds the lock. */
async function oldestTransaction(db: Db): Promise<string> {
  const { rows } = await sql<{ pid: number; application: string; name: string; seconds: number }>`
    select pid, application_name as application, coalesce(usename, '') as name,
      extract(epoch from clock_timestamp() - xact_start)::int as seconds
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    order by xact_start limit 1`.execute(db);
  const [oldest] = rows;
  if (oldest === undefined) return 'no other transaction is open now';
  const { pid, application, name, seconds } = oldest;
  return `the oldest open transaction is ${seconds} s old (pid ${pid}, ${application || 'no application name'}, role ${name})`;
}

/**
 * Retries `work`, with growing pauses, while it fails for a lock. Each attempt gives up after a moment, so
 * that the statements queued behind it can proceed.
 * @throws MigrationBlocked when the patience is used up; any other error of `work` at once.
 */
export async function withLockRetries(
  db: Db,
  about: string,
  { patienceMs, report }: Patience,
  work: () => Promise<void>,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error)) throw error;
      const longest = Math.min(5000, 200 * 1.5 ** attempt);
      const milliseconds = longest * (0.5 + Math.random() / 2);
      if (performance.now() + milliseconds > giveUpAt)
        throw new MigrationBlocked(
          `${about}: no lock after ${attempt} tries; ${await oldestTransaction(db)}. End that session or choose a quieter time, then run \`nijo migrate\` again: it goes on where it stopped.`,
          { cause: error },
        );
      if (attempt % 5 === 0) report(`${about}: waiting for a lock, ${await oldestTransaction(db)}`);
      await pause(milliseconds);
    }
  }
}

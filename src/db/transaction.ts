import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from './open.ts';

// Deadlock, or a conflict of two serialisable transactions: Postgres has rolled everything back.
const undone: ReadonlySet<unknown> = new Set(['40P01', '40001']);
const tries = 3;

/**
 * Runs `work` in a transaction, and repeats it (three times in all) where the database aborted it in favour
 * of another one. A connection lost in the middle is not retried: it is then unknown whether the commit
 * succeeded.
 * @param work may run more than once: outside the database it may set values, but never add to them.
 * @throws whatever `work` throws, and the database's own errors.
 */
export async function inTransaction<Result>(db: Db, work: (trx: Db) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      const { code } = (error ?? {}) as { code?: unknown };
      if (attempt >= tries || !undone.has(code)) throw error;
      // Delayed, so that it does not meet the other transaction again.
      await pause(Math.random() * 50 * attempt);
    }
  }
}

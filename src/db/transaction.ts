import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from './open.ts';

// Deadlock, and two serialisable transactions in each other's way: Postgres has undone everything.
const undone: ReadonlySet<unknown> = new Set(['40P01', '40001']);
const tries = 3;

/**
 * Runs `work` in a transaction, and once more (three times in all) where the database ended it for the
 * sake of another one. A connection lost in the middle is not tried again: nobody knows then whether
 * the commit came through.
 * @param work may run more than once: what it changes outside the database it sets, never adds to.
 * @throws whatever `work` throws, and the database's own errors.
 */
export async function inTransaction<Result>(db: Db, work: (trx: Db) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      const { code } = (error ?? {}) as { code?: unknown };
      if (attempt >= tries || !undone.has(code)) throw error;
      // Not at the same moment as the other one.
      await pause(Math.random() * 50 * attempt);
    }
  }
}

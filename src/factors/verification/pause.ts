import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { type Hit, hit, type Limit, peek, release } from '../../limits/limits.ts';

/**
 * Wrong codes of an account over all its factors, interactions and nodes (R8, C05). When the window is full
 * the factor step pauses; the account does not. Only a user who knows the password gets here, so the limit
 * can be strict without letting outsiders lock anybody out (I2).
 */
export interface FactorPause {
  /** Counts a try before the code is compared. */
  begin(db: Db, accountId: string): Promise<Hit>;
  /** The try was not a wrong code after all. */
  forgive(db: Db, accountId: string): Promise<void>;
  /** Whether the step is paused now. */
  state(db: Db, accountId: string): Promise<Hit>;
  /** Clears the window. @returns whether it contained anything. */
  clear(db: Db, accountId: string): Promise<boolean>;
}

export function createFactorPause(wrongCodesPerHour: number): FactorPause {
  const limit = (accountId: string): Limit => ({
    key: `factor:${accountId}`,
    max: wrongCodesPerHour,
    seconds: 3600,
  });
  return {
    begin: (db, accountId) => hit(db, limit(accountId)),
    forgive: (db, accountId) => release(db, limit(accountId).key),
    state: (db, accountId) => peek(db, limit(accountId)),
    async clear(db, accountId) {
      const window = await db
        .deleteFrom('limits')
        .where('key', '=', limit(accountId).key)
        .returning(
          sql<boolean>`hits[cardinality(hits)] > clock_timestamp() - interval '1 hour'`.as('present'),
        )
        .executeTakeFirst();
      return window?.present === true;
    },
  };
}

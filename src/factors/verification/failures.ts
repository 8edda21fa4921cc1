import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** Factors whose codes can be guessed at; a passkey cannot. */
export type CodeFactor = 'mail' | 'app' | 'recovery-code';

/** Wrong codes in a row after which a factor is off (C05); NIST SP 800-63B allows 100. */
export const hardLimits: Readonly<Record<CodeFactor, number>> = { mail: 50, app: 20, 'recovery-code': 20 };

export interface Failures {
  inARow: number;
  disabled: boolean;
}

/** How a factor stands. Exact where the caller holds the account's window of wrong codes (`pause.begin`). */
export async function failuresOf(db: Db, accountId: string, factor: CodeFactor): Promise<Failures> {
  const row = await db
    .selectFrom('factor_failures')
    .select(['in_a_row', 'disabled_at'])
    .where('account_id', '=', accountId)
    .where('factor', '=', factor)
    .executeTakeFirst();
  return { inARow: row?.in_a_row ?? 0, disabled: row !== undefined && row.disabled_at !== null };
}

/** Counts a wrong code. @returns whether this very one has switched the factor off. */
export async function countFailure(trx: Db, accountId: string, factor: CodeFactor): Promise<boolean> {
  const limit = hardLimits[factor];
  const row = await trx
    .insertInto('factor_failures')
    .values({ account_id: accountId, factor, in_a_row: 1 })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'factor']).doUpdateSet({
        in_a_row: sql<number>`factor_failures.in_a_row + 1`,
        disabled_at: sql<Date | null>`coalesce(factor_failures.disabled_at,
          case when factor_failures.in_a_row + 1 >= ${limit} then now() end)`,
      }),
    )
    .returning('in_a_row')
    .executeTakeFirstOrThrow();
  return row.in_a_row === limit;
}

/**
 * Forgets the wrong codes of a factor, and lets it be used again: after a right code, and when it is
 * set up anew or reset. @returns whether it was off.
 */
export async function clearFailures(trx: Db, accountId: string, factor: CodeFactor): Promise<boolean> {
  const row = await trx
    .deleteFrom('factor_failures')
    .where('account_id', '=', accountId)
    .where('factor', '=', factor)
    .returning('disabled_at')
    .executeTakeFirst();
  return row !== undefined && row.disabled_at !== null;
}

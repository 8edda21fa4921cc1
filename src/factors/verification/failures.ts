import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** Factors whose codes can be guessed; a passkey cannot. */
export type CodeFactor = 'mail' | 'app' | 'recovery-code';

/** Wrong codes in a row after which a factor is switched off (C05); NIST SP 800-63B allows 100. */
export const hardLimits: Readonly<Record<CodeFactor, number>> = { mail: 50, app: 20, 'recovery-code': 20 };

export interface Failures {
  inARow: number;
  disabled: boolean;
}

/** The state of a factor; exact where the caller has locked the account's window (`pause.begin`). */
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
 * Clears the wrong codes of a factor and lets it be used again: after a right code, and when it is set up
 * again or reset.
 * @returns whether it was off.
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

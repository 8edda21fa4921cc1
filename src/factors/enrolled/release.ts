import { recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { clearFailures, type CodeFactor } from '../verification/failures.ts';
import type { FactorPause } from '../verification/pause.ts';

/** What blocked an account and no longer does. */
export interface Released {
  /** The factor step was paused, or had counted wrong codes (R8). */
  paused: boolean;
  /** Factors that were off after too many wrong codes in a row (C05). */
  disabled: CodeFactor[];
}

const factors: readonly CodeFactor[] = ['mail', 'app', 'recovery-code'];

/**
 * Lets an account try its codes again at once: for the support centre, once it has verified who asks. It
 * proves and removes nothing.
 * @param actor `cli:<user>` or the id of the account that does it.
 */
export async function releaseFactors(
  db: Db,
  pause: FactorPause,
  accountId: string,
  actor: string,
): Promise<Released> {
  return inTransaction(db, async (trx) => {
    // Comparisons lock this window first, then the account.
    const paused = await pause.clear(trx, accountId);
    await lockAccount(trx, accountId);
    const disabled: CodeFactor[] = [];
    for (const factor of factors) {
      if (await clearFailures(trx, accountId, factor)) disabled.push(factor);
    }
    if (paused || disabled.length > 0) {
      await recordAudit(trx, undefined, {
        event: 'factor.released',
        result: 'success',
        actor,
        accountId,
        details: { paused, disabled: disabled.join(' ') },
      });
    }
    return { paused, disabled };
  });
}

import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';

/** `unchanged`: it was so already. */
export type StatusChange = 'changed' | 'unchanged' | 'unknown-account';

/**
 * Ends whatever an account has going: sessions, grants, tokens and interactions of the provider,
 * logins in progress, and mailed codes not yet used (C19). Give it the transaction of the change
 * that is the reason.
 */
export async function endEverythingOf(trx: Db, accountId: string): Promise<void> {
  await trx.deleteFrom('oidc_payloads').where('account_id', '=', accountId).execute();
  // Codes before logins: the order in which a code is proven, so that the two do not wait for each other.
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
  await trx.deleteFrom('sign_ins').where('account_id', '=', accountId).execute();
}

async function changeStatus(
  db: Db,
  accountId: string,
  status: 'active' | 'disabled',
  inSameTransaction: (trx: Db) => Promise<void>,
): Promise<StatusChange> {
  return inTransaction(db, async (trx): Promise<StatusChange> => {
    const changed = await trx
      .updateTable('accounts')
      .set({
        status,
        disabled_at: status === 'disabled' ? sql<Date>`now()` : null,
        updated_at: sql<Date>`now()`,
      })
      .where('id', '=', accountId)
      .where('status', '<>', status)
      .returning('id')
      .executeTakeFirst();
    if (changed !== undefined) {
      await inSameTransaction(trx);
      return 'changed';
    }
    const known = await trx
      .selectFrom('accounts')
      .select('id')
      .where('id', '=', accountId)
      .executeTakeFirst();
    return known === undefined ? 'unknown-account' : 'unchanged';
  });
}

/**
 * Disables an account (leaver, suspension): no new login, and what it has going ends with the same
 * commit (R56, A55). Factors and password stay, so that it can be enabled again.
 * @param actor `cli:<user>` or the id of the account that does it.
 */
export async function disableAccount(db: Db, accountId: string, actor: string): Promise<StatusChange> {
  return changeStatus(db, accountId, 'disabled', async (trx) => {
    await endEverythingOf(trx, accountId);
    await recordAudit(trx, undefined, { event: 'account.disabled', result: 'success', actor, accountId });
  });
}

/** Lets a disabled account sign in again, with the password and factors it had. */
export async function enableAccount(db: Db, accountId: string, actor: string): Promise<StatusChange> {
  return changeStatus(db, accountId, 'active', (trx) =>
    recordAudit(trx, undefined, { event: 'account.enabled', result: 'success', actor, accountId }),
  );
}

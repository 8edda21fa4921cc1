import type { Db } from '../db/open.ts';

/**
 * Everything that mails to an account or sets it up locks the account here, before it locks a code or a
 * login: counts of mails are then exact, and no two requests deadlock. The lock leaves the key free, so that
 * a login of the same account, which refers to it, can be opened meanwhile.
 */
export async function lockAccount(trx: Db, accountId: string): Promise<void> {
  await trx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
}

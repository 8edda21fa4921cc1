import type { Db } from '../db/open.ts';

/**
 * Whatever mails to an account or sets it up takes its turn here, before it touches a code or a login:
 * counts of mails are then exact, and no two requests wait for each other in a circle. It is no lock
 * on the key, so that a login of the same account, which refers to it, can be opened meanwhile.
 */
export async function lockAccount(trx: Db, accountId: string): Promise<void> {
  await trx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
}

import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { changePasswords } from './change-passwords.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { faultOfNewPassword } from './password-rules.ts';

export interface NewPassword {
  accountId: string;
  loginId: string;
  plain: string;
  /** `cli:<user>` or the id of the account that sets it. */
  actor: string;
}

export type SetPasswordResult =
  | { outcome: 'set' }
  | { outcome: 'refused'; reason: string }
  | { outcome: 'unknown-account' };

/**
 * Gives an account a password, and ends what was signed in with the old one (C19). Do not call it inside a
 * transaction: hashing takes its time before the transaction begins.
 * @throws NijoError('hashing_busy')
 */
export async function setPassword(
  db: Db,
  hasher: PasswordHasher,
  password: NewPassword,
): Promise<SetPasswordResult> {
  const { accountId, loginId, plain, actor } = password;
  const reason = await faultOfNewPassword(plain, loginId);
  if (reason !== undefined) return { outcome: 'refused', reason };
  const phc = await hasher.hash(plain);
  return inTransaction(db, async (trx): Promise<SetPasswordResult> => {
    const known = await trx
      .selectFrom('accounts')
      .select('id')
      .where('id', '=', accountId)
      // Locks the account, but not its key, which rows written beside it refer to.
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (known === undefined) return { outcome: 'unknown-account' };
    await changePasswords(trx, [{ accountId, phc }], { actor });
    return { outcome: 'set' };
  });
}

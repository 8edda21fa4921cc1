import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { clearFailures } from '../verification/failures.ts';
import { endRecoverySheet } from '../recovery/codes.ts';

/** How much went, for the audit. */
export interface EndedFactors {
  /** The address that was registered, whole: it is told of its end, and stands in no audit row. */
  address: string | undefined;
  counts: { mail: boolean; apps: number; passkeys: number; recoveryCodes: boolean };
}

/**
 * Ends everything that an account has set up, and forgets what stood against it: the one place for a
 * reset by mail (R35), which keeps the address it was proven with, and for a set-up behind a setup pass
 * (R40). Trusted browsers, sessions and logins are `endEverythingOf`'s. The caller has the account's turn.
 */
export async function endFactors(
  trx: Db,
  accountId: string,
  options: { keepAddress: boolean },
): Promise<EndedFactors> {
  const ended = { state: 'removed' as const, ended_at: sql<Date>`now()` };
  const mail = options.keepAddress
    ? undefined
    : await trx
        .updateTable('mail_factors')
        .set(ended)
        .where('account_id', '=', accountId)
        .where('state', '=', 'active')
        .returning('address')
        .executeTakeFirst();
  const apps = await trx
    .updateTable('app_factors')
    .set(ended)
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .returning('id')
    .execute();
  const passkeys = await trx
    .updateTable('passkeys')
    .set(ended)
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .returning('id')
    .execute();
  await trx.deleteFrom('passkey_challenges').where('account_id', '=', accountId).execute();
  const sheet = await endRecoverySheet(trx, accountId);
  for (const factor of ['mail', 'app', 'recovery-code'] as const) await clearFailures(trx, accountId, factor);
  return {
    address: mail?.address,
    counts: {
      mail: mail !== undefined,
      apps: apps.length,
      passkeys: passkeys.length,
      recoveryCodes: sheet !== undefined,
    },
  };
}

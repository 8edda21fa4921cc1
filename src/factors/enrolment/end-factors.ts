import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { clearFailures } from '../verification/failures.ts';
import { endRecoverySheet } from '../recovery/codes.ts';

/** How much was ended, for the audit. */
export interface EndedFactors {
  /** The registered address, in full: a mail tells it of its end, and no audit row contains it. */
  address: string | undefined;
  counts: { mail: boolean; apps: number; passkeys: number; recoveryCodes: boolean };
}

/**
 * Ends everything that an account has set up, and clears its counts of wrong codes. Both a reset by mail
 * (R35), which keeps the address it was proven with, and a set-up behind a setup pass (R40) use this.
 * `endEverythingOf` ends trusted browsers, sessions and logins. The caller has locked the account.
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

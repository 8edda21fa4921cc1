import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { failuresOf } from '../verification/failures.ts';
import { activeAddress } from './addresses.ts';
import type { FactorChanges } from './changer.ts';
import { auditChange, type ChangeDependencies, proving } from './frame.ts';
import { findChange, finishChange } from './pending.ts';
import { codeHolderOf } from './holders.ts';
import type { Mailing } from './mailing.ts';

/** Checking the enrolled factors (D9): each is tried at once, and nothing is changed. */
export function createChecks(
  dependencies: ChangeDependencies,
  mailing: Mailing,
): Pick<FactorChanges, 'checkApp' | 'beginMailCheck' | 'confirmMailCheck'> {
  const { appCodes, mailCodes } = dependencies;
  return {
    checkApp: (changer, digits) =>
      proving(
        dependencies,
        changer,
        { factor: 'app' },
        (trx) => appCodes.consume(trx, changer.accountId, digits),
        (trx) => auditChange(trx, changer, 'factor.checked', 'app', { way: 'app' }),
      ),

    beginMailCheck: (changer) =>
      mailing.begin(changer, 'check-mail', async (trx) => {
        const address = await activeAddress(trx, changer.accountId);
        if (address === undefined) throw new NijoError('factor_unknown');
        // A code that would not be accepted is not sent (C05).
        if ((await failuresOf(trx, changer.accountId, 'mail')).disabled)
          throw new NijoError('factor_disabled');
        return address;
      }),

    confirmMailCheck: (changer, id, digits) =>
      proving(
        dependencies,
        changer,
        { factor: 'mail' },
        async (trx) => {
          const change = await findChange(trx, changer, id, 'check-mail');
          if (change === 'finished') return { outcome: 'used' };
          if (change === undefined) throw new NijoError('change_expired');
          const holder = await codeHolderOf(trx, changer, id);
          const found = await mailCodes.consume(trx, holder, 'check', digits);
          if (found.outcome !== 'matched') return found;
          // The code arrived and was typed, so the address is read and no longer in doubt (D5).
          const used = await trx
            .updateTable('mail_factors')
            .set({ last_used_at: sql<Date>`now()`, failures: 0, last_failure_at: null })
            .where('account_id', '=', changer.accountId)
            .where('address', '=', found.address)
            .where('state', '=', 'active')
            .returning('id')
            .executeTakeFirst();
          return used === undefined ? { outcome: 'none' } : { outcome: 'matched' };
        },
        async (trx) => {
          await finishChange(trx, changer, id, 'check-mail');
          await auditChange(trx, changer, 'factor.checked', 'mail', { way: 'mail' });
        },
      ),
  };
}

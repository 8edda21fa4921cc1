import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { canonicalAddress, maskAddress } from '../mail/address.ts';
import { clearFailures, failuresOf } from '../verification/failures.ts';
import { requireChangeable } from '../verification/freeze.ts';
import type { FactorChanges } from './changer.ts';
import { auditChange, type ChangeDependencies, conclude, proving } from './frame.ts';
import { endChanges, findChange, finishChange } from './pending.ts';
import { codeHolderOf } from './holders.ts';
import type { Mailing } from './mailing.ts';
import type { AccountUser } from '../account-user.ts';

/** The address that an account's codes are sent to now. */
export async function activeAddress(trx: Db, accountId: string): Promise<string | undefined> {
  const row = await trx
    .selectFrom('mail_factors')
    .select('address')
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .executeTakeFirst();
  return row?.address;
}

/** Ends the account's address; codes already sent to it prove nothing any more (C19). */
export async function endAddress(trx: Db, accountId: string, state: 'replaced' | 'removed'): Promise<void> {
  // Lock codes before factors: a code is proven in that order, so that the two never deadlock.
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('purpose', 'in', ['sign-in', 'reset', 'check'])
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
  await trx
    .updateTable('mail_factors')
    .set({ state, ended_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .execute();
}

/** Operators see that an address serves several accounts; users are never told (R19). */
async function isShared(trx: Db, address: string): Promise<boolean> {
  const { shared } = await trx
    .selectFrom('mail_factors')
    .select(sql<boolean>`count(*) > 0`.as('shared'))
    .where('address', '=', address)
    .where('state', '=', 'active')
    .executeTakeFirstOrThrow();
  return shared;
}

/** Adding an address later (R24), and replacing the present one (R18, R34). */
export function createAddressChanges(
  dependencies: ChangeDependencies,
  mailing: Mailing,
): Pick<FactorChanges, 'beginMail' | 'mail' | 'resendMail' | 'confirmMail'> {
  const { mailCodes, forbidden } = dependencies;

  function readAddress(input: unknown): string {
    const checked = canonicalAddress(input, forbidden);
    if (!('fault' in checked)) return checked.address;
    if (checked.fault === 'forbidden')
      throw new NijoError('address_forbidden', { domain: checked.rule.domain });
    throw new NijoError(checked.fault === 'missing' ? 'address_missing' : 'address_malformed');
  }

  /** The one statement that makes the new address the account's (R18). @returns the earlier one. */
  async function replaceAddress(trx: Db, changer: AccountUser, address: string): Promise<string | undefined> {
    const { accountId } = changer;
    const earlier = await activeAddress(trx, accountId);
    const sharedWithOthers = await isShared(trx, address);
    await endAddress(trx, accountId, 'replaced');
    await trx
      .insertInto('mail_factors')
      .values({ id: newId(), account_id: accountId, address, last_used_at: sql<Date>`now()` })
      .execute();
    await clearFailures(trx, accountId, 'mail');
    const event = earlier === undefined ? 'factor.mail-enrolled' : 'factor.mail-changed';
    await auditChange(trx, changer, event, 'mail', { address: maskAddress(address), sharedWithOthers });
    return earlier;
  }

  return {
    beginMail(changer, input) {
      const address = readAddress(input);
      return mailing.begin(changer, 'mail', async (trx) => {
        await requireChangeable(trx, changer.accountId, 'address');
        // An address that too many wrong codes switched off works again once it is proven again (C05).
        const off = (await failuresOf(trx, changer.accountId, 'mail')).disabled;
        if (!off && (await activeAddress(trx, changer.accountId)) === address)
          throw new NijoError('address_unchanged');
        return address;
      });
    },

    mail: (changer, id) => mailing.awaited(changer, id),
    resendMail: (changer, id) => mailing.resend(changer, id),

    async confirmMail(changer, id, digits) {
      let address = '';
      return proving(
        dependencies,
        changer,
        { factor: 'mail', what: 'address', settingUp: true },
        async (trx) => {
          const change = await findChange(trx, changer, id, 'mail');
          if (change === 'finished') return { outcome: 'used' };
          if (change === undefined) throw new NijoError('change_expired');
          const found = await mailCodes.consume(trx, await codeHolderOf(trx, changer, id), 'change', digits);
          if (found.outcome === 'matched') ({ address } = found);
          return found;
        },
        async (trx) => {
          await finishChange(trx, changer, id, 'mail');
          const earlier = await replaceAddress(trx, changer, address);
          // Changes begun in other sessions would replace it again, proven by an earlier mailbox.
          await endChanges(trx, changer.accountId, 'mail');
          await conclude(
            dependencies,
            trx,
            changer,
            earlier === undefined
              ? { kind: 'mail-added', address: maskAddress(address) }
              : { kind: 'mail-changed', address: maskAddress(address), alsoTo: [earlier] },
          );
        },
      );
    },
  };
}

import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { maskAddress } from '../mail/address.ts';
import { clearFailures, failuresOf } from '../verification/failures.ts';
import { remindOfMailLater } from '../sign-in/offers.ts';
import { activeAddress, endAddress } from './addresses.ts';
import { endApp } from './apps.ts';
import type { FactorChanges } from './changer.ts';
import { auditChange, type ChangeDependencies, changing, conclude } from './frame.ts';
import { longestDeviceName, readDeviceName } from '../device-name.ts';
import { acknowledgementVersion } from '../acknowledgement.ts';

/** Whether the mail factor works; recovery codes and passkeys are additional factors, never the only one. */
async function mailWorks(trx: Db, accountId: string): Promise<boolean> {
  if ((await activeAddress(trx, accountId)) === undefined) return false;
  return !(await failuresOf(trx, accountId, 'mail')).disabled;
}

async function countApps(trx: Db, accountId: string): Promise<number> {
  const { apps } = await trx
    .selectFrom('app_factors')
    .select(sql<number>`count(*)::int`.as('apps'))
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .executeTakeFirstOrThrow();
  return apps;
}

/** Removing a factor, and renaming one. What was not removed stays as it was. */
export function createRemovals(
  dependencies: ChangeDependencies,
): Pick<FactorChanges, 'removeApp' | 'removeMail' | 'removePasskey' | 'rename'> {
  return {
    removeApp: (changer, appId) =>
      changing(dependencies, changer, 'factors', async (trx) => {
        const { accountId } = changer;
        const name = await endApp(trx, accountId, appId);
        if (name === undefined) throw new NijoError('factor_unknown');
        const left = await countApps(trx, accountId);
        const appsWork = left > 0 && !(await failuresOf(trx, accountId, 'app')).disabled;
        if (!appsWork && !(await mailWorks(trx, accountId))) throw new NijoError('last_way');
        // A count of wrong codes protects nothing any more.
        if (left === 0) await clearFailures(trx, accountId, 'app');
        await auditChange(trx, changer, 'factor.app-removed', 'app');
        await conclude(dependencies, trx, changer, { kind: 'app-removed', name });
      }),

    removeMail: (changer) =>
      changing(dependencies, changer, 'address', async (trx) => {
        const { accountId, locale } = changer;
        const address = await activeAddress(trx, accountId);
        if (address === undefined) throw new NijoError('factor_unknown');
        const appsWork =
          (await countApps(trx, accountId)) > 0 && !(await failuresOf(trx, accountId, 'app')).disabled;
        if (!appsWork) throw new NijoError('last_way');
        await trx
          .insertInto('acknowledgements')
          .values({ id: newId(), account_id: accountId, text_version: acknowledgementVersion, locale })
          .execute();
        await endAddress(trx, accountId, 'removed');
        await clearFailures(trx, accountId, 'mail');
        await remindOfMailLater(trx, accountId);
        await auditChange(trx, changer, 'factor.acknowledged', 'app', {
          version: acknowledgementVersion,
          locale,
        });
        await auditChange(trx, changer, 'factor.mail-removed', 'mail', { address: maskAddress(address) });
        await conclude(dependencies, trx, changer, { kind: 'mail-removed', alsoTo: [address] });
      }),

    removePasskey: (changer, id) =>
      changing(dependencies, changer, 'factors', async (trx) => {
        const removed = await trx
          .updateTable('passkeys')
          .set({ state: 'removed', ended_at: sql<Date>`now()` })
          .where('id', '=', id)
          .where('account_id', '=', changer.accountId)
          .where('state', '=', 'active')
          .returning('name')
          .executeTakeFirst();
        if (removed === undefined) throw new NijoError('factor_unknown');
        await auditChange(trx, changer, 'passkey.removed', 'passkey');
        await conclude(dependencies, trx, changer, { kind: 'passkey-removed', name: removed.name });
      }),

    rename: (changer, what, id, input) =>
      changing(dependencies, changer, 'factors', async (trx) => {
        const name = readDeviceName(input, '');
        if (name === undefined) throw new NijoError('device_name_too_long', { max: longestDeviceName });
        const renamed = await trx
          .updateTable(what === 'app' ? 'app_factors' : 'passkeys')
          // An empty field leaves the name as it is.
          .set(name === '' ? { name: sql<string>`name` } : { name })
          .where('id', '=', id)
          .where('account_id', '=', changer.accountId)
          .where('state', '=', 'active')
          .returning('id')
          .executeTakeFirst();
        if (renamed === undefined) throw new NijoError('factor_unknown');
        if (name !== '') await auditChange(trx, changer, 'factor.renamed', what);
      }),
  };
}

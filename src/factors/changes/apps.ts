import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { appSecretPlace, newAppSecret } from '../app/codes.ts';
import { clearFailures } from '../verification/failures.ts';
import type { Notice } from '../notices/notices.ts';
import type { FactorChanges } from './changer.ts';
import { auditChange, type ChangeDependencies, changing, conclude, proving } from './frame.ts';
import { findChange, finishChange, openChange, type PendingChange, takeUpChange } from './pending.ts';
import type { AccountUser } from '../account-user.ts';

/** Ends an app. @returns its name, or `undefined` where it no longer exists. */
export async function endApp(trx: Db, accountId: string, appId: string): Promise<string | undefined> {
  const ended = await trx
    .updateTable('app_factors')
    .set({ state: 'removed', ended_at: sql<Date>`now()` })
    .where('id', '=', appId)
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .returning('name')
    .executeTakeFirst();
  return ended?.name;
}

/**
 * Whether there is a place for one more app (R25). Call it while the account is locked.
 * @param replaces an app that is removed at the same time.
 * @throws NijoError `device_limit_reached`, and `factor_unknown` where `replaces` is not the account's.
 */
export async function requirePlace(
  trx: Db,
  accountId: string,
  max: number,
  replaces?: string,
): Promise<void> {
  const apps = await trx
    .selectFrom('app_factors')
    .select('id')
    .where('account_id', '=', accountId)
    .where('state', '=', 'active')
    .execute();
  if (replaces !== undefined && !apps.some(({ id }) => id === replaces))
    throw new NijoError('factor_unknown');
  if (apps.length - (replaces === undefined ? 0 : 1) >= max)
    throw new NijoError('device_limit_reached', { max });
}

/** An app is added to existing factors (R21): the very first factor is set up in a login (R15). */
async function requireAnyFactor(trx: Db, accountId: string): Promise<void> {
  const { rows } = await sql`
    select from mail_factors where account_id = ${accountId} and state = 'active'
    union all select from app_factors where account_id = ${accountId} and state = 'active'`.execute(trx);
  if (rows.length === 0) throw new NijoError('factor_missing');
}

/** Adding an app, and replacing an old phone by a new one. */
export function createAppChanges(
  dependencies: ChangeDependencies,
): Pick<FactorChanges, 'beginApp' | 'app' | 'confirmApp'> {
  const { db, sealer, appCodes, settings, appKeyUri } = dependencies;
  const secretOf = (changer: AccountUser, app: NonNullable<PendingChange['app']>): string =>
    sealer.open(app.secretSealed, appSecretPlace(app.factorId, changer.accountId)).toString();

  return {
    beginApp: (changer, replaces) =>
      changing(dependencies, changer, 'factors', async (trx) => {
        await requireAnyFactor(trx, changer.accountId);
        await requirePlace(trx, changer.accountId, settings.max_devices, replaces);
        const present = await takeUpChange(trx, changer, 'app');
        if (present !== undefined) return { id: present };
        const factorId = newId();
        const secretSealed = sealer.seal(newAppSecret(), appSecretPlace(factorId, changer.accountId));
        return { id: await openChange(trx, changer, 'app', { app: { factorId, secretSealed } }) };
      }),

    async app(changer, id) {
      const change = await findChange(db, changer, id, 'app');
      if (change === undefined || change === 'finished' || change.app === undefined) return undefined;
      const account = await db
        .selectFrom('accounts')
        .select('login_id')
        .where('id', '=', changer.accountId)
        .executeTakeFirst();
      if (account === undefined) return undefined;
      const secret = secretOf(changer, change.app);
      return { secret, otpauthUrl: appKeyUri(account.login_id, secret) };
    },

    async confirmApp(changer, id, digits, name, replaces) {
      const { accountId } = changer;
      let pending: NonNullable<PendingChange['app']> | undefined;
      let step = 0;
      return proving(
        dependencies,
        changer,
        { factor: 'app', what: 'factors', settingUp: true },
        async (trx) => {
          const change = await findChange(trx, changer, id, 'app');
          if (change === 'finished') return { outcome: 'used' };
          if (change?.app === undefined) throw new NijoError('change_expired');
          pending = change.app;
          await requirePlace(trx, accountId, settings.max_devices, replaces);
          const matched = await appCodes.matchPending(trx, secretOf(changer, pending), digits);
          if (matched === undefined) return { outcome: 'wrong' };
          step = matched;
          return { outcome: 'matched' };
        },
        async (trx) => {
          if (pending === undefined) throw new NijoError('change_expired');
          await finishChange(trx, changer, id, 'app');
          await trx
            .insertInto('app_factors')
            .values({
              id: pending.factorId,
              account_id: accountId,
              name,
              secret_sealed: pending.secretSealed,
              last_step: step,
              last_used_at: sql<Date>`now()`,
            })
            .execute();
          await clearFailures(trx, accountId, 'app');
          await auditChange(trx, changer, 'factor.app-enrolled', 'app');
          const told: Notice[] = [{ kind: 'app-added', name }];
          if (replaces !== undefined) {
            const replaced = await endApp(trx, accountId, replaces);
            if (replaced === undefined) throw new NijoError('factor_unknown');
            await auditChange(trx, changer, 'factor.app-removed', 'app', { replaced: true });
            told.push({ kind: 'app-removed', name: replaced });
          }
          await conclude(dependencies, trx, changer, ...told);
        },
      );
    },
  };
}

import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { newCaseNumber } from '../case-number.ts';
import { isPrivileged } from '../privileged.ts';
import type { Acts } from './act.ts';
import type { Cases } from './cases.ts';
import { isRowId } from './rows.ts';
import { isCaseReason } from './shapes.ts';
import { mayAct, requireStaff } from './staff.ts';

/** The account's oldest open case; the caller has locked the account. */
export async function findOpenCase(trx: Db, accountId: string) {
  return trx
    .selectFrom('desk_cases')
    .select(['id', 'number', 'with_password'])
    .where('account_id', '=', accountId)
    .where('state', '=', 'open')
    .orderBy('created_at')
    .orderBy('id')
    .executeTakeFirst();
}

/** Staff opens a case for an account that they have searched for. */
export function createOpening(deps: { acts: Acts; settings: DeskSettings }): Cases['open'] {
  const { acts, settings } = deps;
  return (actor, accountId, reason) => {
    if (!isRowId(accountId)) return Promise.reject(new NijoError('account_unknown'));
    if (!isCaseReason(reason)) return Promise.reject(new NijoError('reason_missing'));
    return acts.run(actor, 'open', { accountId }, async (trx) => {
      if (accountId === actor.accountId) throw new NijoError('desk_own_case');
      if (!mayAct(actor)) throw new NijoError('staff_role_missing');
      await lockAccount(trx, accountId);
      await requireStaff(trx, actor);
      const present = await findOpenCase(trx, accountId);
      if (present !== undefined) return { id: present.id };
      const { rows } = await sql<{ id: string; number: string; locale: 'en' | 'ja' }>`
        insert into desk_cases (id, number, account_id, login_id, reason, source, locale, opened_by, privileged)
        select ${newId()}, ${newCaseNumber()}, a.id, a.login_id, ${reason}, 'desk', coalesce(a.locale, ${actor.locale}),
          ${actor.accountId}, ${isPrivileged(settings.two_approvers)}
        from accounts a where a.id = ${accountId}
        returning id, number, locale`.execute(trx);
      const opened = rows[0];
      if (opened === undefined) throw new NijoError('account_unknown');
      await acts.recordAndNotify(
        trx,
        actor,
        { ...opened, accountId },
        { event: 'desk.case-opened', details: { reason } },
        'case-opened',
      );
      return { id: opened.id };
    });
  };
}

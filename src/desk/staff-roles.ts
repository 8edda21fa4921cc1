import { sql } from 'kysely';
import { voidFallenPasses, voidSetUpPasses } from '../accounts/ended-passes.ts';
import { recordAudit, type RequestOrigin } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { lockAccount } from '../accounts/account-lock.ts';
import type { Notices } from '../factors/notices/notices.ts';
import { translator } from '../i18n/translate.ts';
import { type Role, roles as allRoles } from './actor.ts';

/** A change of an account's roles: all of them are given, or some are added and removed. */
export type RoleChange = { set: readonly Role[] } | { add?: readonly Role[]; remove?: readonly Role[] };

export interface RolesSet {
  before: readonly string[];
  roles: Role[];
  changed: boolean;
}

/**
 * Grants and removes roles (R43). Roles are read at each request, so a change takes effect at the user's next
 * click; the user is notified, and the change is audited.
 * @param by.actor `cli:<user>` or the id of the account that makes the change.
 * @returns undefined for an unknown account.
 */
export async function setStaffRoles(
  deps: { db: Db; notices: Pick<Notices, 'tell'> },
  accountId: string,
  change: RoleChange,
  by: { actor: string; origin?: RequestOrigin; locale: 'en' | 'ja' },
): Promise<RolesSet | undefined> {
  return inTransaction(deps.db, async (trx) => {
    await lockAccount(trx, accountId);
    const account = await trx
      .selectFrom('accounts')
      .select(['roles', 'locale'])
      .where('id', '=', accountId)
      .executeTakeFirst();
    if (account === undefined) return undefined;
    const before = account.roles;
    const roles = applied(before, change);
    if (isSame(before, roles)) return { before, roles, changed: false };
    await trx
      .updateTable('accounts')
      .set({ roles, updated_at: sql<Date>`now()` })
      .where('id', '=', accountId)
      .execute();
    // One person may have approved the case; from here on it needs two (R43).
    if (before.length === 0) await voidSetUpPasses(trx, accountId, 'withdrawn', by);
    await voidFallenPasses(trx, { staffId: accountId }, by);
    await recordAudit(trx, by.origin, {
      event: 'account.roles-set',
      result: 'success',
      actor: by.actor,
      accountId,
      details: { roles: roles.join(' '), before: before.join(' ') },
    });
    const locale = account.locale ?? by.locale;
    await deps.notices.tell(
      trx,
      accountId,
      { kind: 'roles-set', name: inWords(roles, locale) },
      by.origin,
      locale,
    );
    return { before, roles, changed: true };
  });
}

/** In the order of the list; a stored word that is not a current role is dropped at the first change. */
function applied(before: readonly string[], change: RoleChange): Role[] {
  if ('set' in change) return allRoles.filter((role) => change.set.includes(role));
  const { add = [], remove = [] } = change;
  return allRoles.filter((role) => (before.includes(role) || add.includes(role)) && !remove.includes(role));
}

function isSame(before: readonly string[], after: readonly string[]): boolean {
  return before.length === after.length && before.every((role) => after.includes(role));
}

function inWords(roles: readonly Role[], locale: 'en' | 'ja'): string {
  const t = translator(locale);
  return roles.length === 0
    ? t('staff.role.none')
    : roles.map((role) => t(`staff.role.${role}`)).join(t('staff.roles.and'));
}

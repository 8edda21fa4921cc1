import { sessionLives } from '../../accounts/live-session.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { Role, StaffActor } from '../actor.ts';

const acting: readonly Role[] = ['desk', 'desk-lead'];

/** Whether these roles include acting on cases. */
export function mayAct(actor: Pick<StaffActor, 'roles'>): boolean {
  return actor.roles.some((role) => acting.includes(role));
}

/** Whether these roles include reading cases. */
export function mayRead(actor: Pick<StaffActor, 'roles'>): boolean {
  return mayAct(actor) || actor.roles.includes('auditor');
}

/**
 * What the database says of the actor now, whatever the authorization check found a moment ago: an active
 * account, a role that includes this act, and the same session still present (S29). Call it in the act's
 * transaction, after its other locks. It takes a shared lock on the actor's row: a transaction that ends the
 * session, role or account waits for this act, or this act waits for it and finds it ended.
 * @param among roles that include the act.
 * @throws NijoError `staff_role_missing`, `fresh_sign_in_needed`.
 */
export async function requireStaff(
  trx: Db,
  { accountId, session }: Pick<StaffActor, 'accountId' | 'session'>,
  among: readonly Role[] = acting,
): Promise<void> {
  const account = await trx
    .selectFrom('accounts')
    .select(['roles', 'status'])
    .where('id', '=', accountId)
    .forShare()
    .executeTakeFirst();
  const roles: readonly string[] = account?.status === 'active' ? account.roles : [];
  if (!among.some((role) => roles.includes(role))) throw new NijoError('staff_role_missing');
  if (session !== undefined && !(await sessionLives(trx, accountId, session.uids)))
    throw new NijoError('fresh_sign_in_needed');
}

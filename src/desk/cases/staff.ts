import { sql } from 'kysely';
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

/** What the database says of the actor now, whatever the door found a moment ago. @throws NijoError `staff_role_missing`. */
export async function requireStaff(trx: Db, actor: StaffActor): Promise<void> {
  const { rows } = await sql<{ staff: boolean }>`
    select desk_is_staff(${actor.accountId}) as staff`.execute(trx);
  if (!mayAct(actor) || rows[0]?.staff !== true) throw new NijoError('staff_role_missing');
}

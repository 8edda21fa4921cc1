import { sql } from 'kysely';
import { newId, newLabel } from '../../src/base/ids.ts';
import type { Role } from '../../src/desk/actor.ts';
import type { Db } from '../../src/db/open.ts';
import { accountId, type Person, person } from '../login/visits.ts';
import { signIn } from '../portal/support.ts';
import type { Cluster } from '../support/cluster.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';

/** An account with roles. */
export interface Staff extends Person {
  id: string;
}

/** Adds somebody with these roles and, unless it is said otherwise, with an app. */
export async function staffMember(
  cluster: Cluster,
  roles: readonly Role[],
  ways: { mail?: boolean; app?: boolean; locale?: string } = { app: true },
): Promise<Staff> {
  const { db } = cluster.nodes[0]!;
  const who = await person(cluster, { kind: 'ecs', ...ways });
  const id = await accountId(db, who);
  await setRoles(db, id, roles);
  return { ...who, id };
}

/** Sets the roles as another node, or the command line, would: the door has to see it by itself. */
export async function setRoles(db: Db, id: string, roles: readonly string[]): Promise<void> {
  await db
    .updateTable('accounts')
    .set({ roles: [...roles] })
    .where('id', '=', id)
    .execute();
}

/** Lets the app's present code be good once more. */
export async function forgetCodes(db: Db, id: string): Promise<void> {
  await db.updateTable('app_factors').set({ last_step: 0 }).where('account_id', '=', id).execute();
}

/** Signs somebody in at a page for staff, by password and app, in a new browser. */
export async function atDesk(
  cluster: Cluster,
  who: Staff,
  options: { path?: string; node?: number } = {},
): Promise<{ browser: UserAgent; page: Arrival }> {
  await forgetCodes(cluster.nodes[0]!.db, who.id);
  const browser = new UserAgent(cluster, { node: options.node ?? 0 });
  return { browser, page: await signIn(cluster, browser, who, { path: options.path ?? '/desk' }) };
}

/** Everything that somebody without the right could have changed. */
export async function everything(db: Db): Promise<unknown> {
  const { rows } = await sql`select
    (select coalesce(json_agg(a order by id), '[]') from (select id, login_id, kind, name_en, name_ja, email,
      affiliation, roles, status, disabled_at, ends_at, first_enrolled_at from accounts) a) as accounts,
    (select coalesce(json_agg(c order by id), '[]') from desk_cases c) as cases,
    (select coalesce(json_agg(i order by id), '[]') from identity_checks i) as checks,
    (select coalesce(json_agg(p order by id), '[]') from desk_approvals p) as approvals,
    (select coalesce(json_agg(s order by id), '[]') from setup_passes s) as passes,
    (select coalesce(json_agg(d order by day), '[]') from desk_days d where source = 'operator') as days,
    (select coalesce(json_agg(m order by id), '[]') from mail_factors m) as mail,
    (select coalesce(json_agg(f order by id), '[]') from (select id, state from app_factors) f) as apps`.execute(
    db,
  );
  return rows[0];
}

/** Somebody with a case, and the addresses of the staff's pages with the ids of both: a hole shows what they are. */
export async function victimOf(
  cluster: Cluster,
): Promise<Staff & { caseId: string; real: (path: string) => string }> {
  const { db } = cluster.nodes[0]!;
  const victim = await staffMember(cluster, [], { mail: true, app: true });
  const caseId = newId();
  await db
    .insertInto('desk_cases')
    .values({
      id: caseId,
      number: `${newLabel(4)}-${newLabel(4)}`,
      account_id: victim.id,
      login_id: victim.loginId,
      reason: 'lost-device',
      source: 'user',
      locale: 'en',
    })
    .execute();
  const real = (path: string): string =>
    path.replace('accounts/:id', `accounts/${victim.id}`).replace(':id', caseId);
  return { ...victim, caseId, real };
}

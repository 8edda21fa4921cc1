import { type RawBuilder, sql } from 'kysely';
import { normaliseLoginId } from '../accounts/login-id.ts';
import type { DeskSettings } from '../config/sections/desk.ts';

/** Accounts whose cases two people approve: they have a role, or the configuration names them (R43). */
export type TwoApprovers = DeskSettings['two_approvers'];

/** Whether the account `a` of a query is privileged; false where the query found no account. */
export function isPrivileged(settings: TwoApprovers): RawBuilder<boolean> {
  const ids = settings.login_ids.map((id) => normaliseLoginId(id) ?? id);
  return sql<boolean>`coalesce(a.roles <> '{}' or a.login_id = any(${sql.val(ids)}::text[])
    or a.affiliation = any(${sql.val(settings.affiliations)}::text[]), false)`;
}

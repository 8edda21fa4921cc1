import { type RawBuilder, sql } from 'kysely';
import { shownUnknownId } from '../typed-id.ts';
import type { Db } from '../../db/open.ts';
import { isPrivileged, type TwoApprovers } from '../privileged.ts';
import type { CaseReason, CaseSource, CaseState, CaseSummary } from './shapes.ts';

interface Row {
  id: string;
  number: string;
  login_id: string;
  account_id: string | null;
  reason: CaseReason;
  source: CaseSource;
  with_password: boolean;
  state: CaseState;
  privileged: boolean;
  checks: number;
  approvals: number;
  needed: number | null;
  break_glass: boolean;
  created_at: Date;
  waiting_minutes: number;
  closed_at: Date | null;
}

const wellFormed = /^[\w-]{1,64}$/;

/** Whether this can be the id of a row; text that contains NUL, say, never reaches the database (C45). */
export function isRowId(value: unknown): value is string {
  return typeof value === 'string' && wellFormed.test(value);
}

/**
 * The cases `c` that satisfy `which`, in the given order. They are selected before anything about them is
 * looked up, and the limit is part of the statement: with an unknown limit the plan would scan whole tables
 * (S15).
 */
export async function findSummaries(
  db: Db,
  settings: TwoApprovers,
  which: RawBuilder<unknown>,
  page: { order: RawBuilder<unknown>; limit: number; offset?: number },
): Promise<CaseSummary[]> {
  const { rows } = await sql<Row>`
    select c.id, c.number, c.login_id, c.account_id, c.reason, c.source, c.with_password, c.state,
      c.privileged or ${isPrivileged(settings)} as privileged,
      (select count(*)::int from identity_checks i
        where i.case_id = c.id and desk_record_counts(i.checked_at, i.checked_by, c.account_id)
          and desk_record_stands(i.checked_at, i.checked_by, i.session_uid)) as checks,
      (select count(distinct p.approved_by)::int from desk_approvals p
        where p.case_id = c.id and desk_record_counts(p.approved_at, p.approved_by, c.account_id)
          and desk_record_stands(p.approved_at, p.approved_by, p.session_uid)) as approvals,
      case when ${isPrivileged(settings)} then 2 else desk_approvers_needed(c.id) end as needed,
      coalesce((select bool_or(p.break_glass) from desk_approvals p where p.case_id = c.id), false) as break_glass,
      c.created_at, c.closed_at,
      greatest(0, floor(extract(epoch from coalesce(c.closed_at, now()) - c.created_at) / 60))::int as waiting_minutes
    from (select c.* from desk_cases c where ${which}
      order by ${page.order} limit ${sql.lit(page.limit)} offset ${page.offset ?? 0}) c
    left join lateral (select a.roles, a.login_id, a.affiliation from accounts a
      where a.id = c.account_id limit 1) a on true
    order by ${page.order}`.execute(db);
  return rows.map(toSummary);
}

function toSummary(row: Row): CaseSummary {
  return {
    id: row.id,
    number: row.number,
    loginId: row.account_id === null ? shownUnknownId(row.login_id) : row.login_id,
    accountId: row.account_id ?? undefined,
    hasAccount: row.account_id !== null,
    reason: row.reason,
    source: row.source,
    withPassword: row.with_password,
    state: row.state,
    privileged: row.privileged,
    checks: row.checks,
    approvals: row.approvals,
    approvalsNeeded: row.needed ?? 1,
    breakGlass: row.break_glass,
    createdAt: row.created_at,
    waitingMinutes: row.waiting_minutes,
    closedAt: row.closed_at ?? undefined,
  };
}

import { sql } from 'kysely';
import type { ErrorCode } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import type { StaffActor } from '../actor.ts';
import type { Calendar } from '../calendar/calendar.ts';
import { findAccountSheet, type SheetDependencies } from './account-sheet.ts';
import { findApprovals, findChecks, findMembers, findPass, type PassRow } from './case-records.ts';
import { findSummaries } from './rows.ts';
import { seenOf } from './seen.ts';
import type { CaseSheet, CaseSummary } from './shapes.ts';
import { mayAct } from './staff.ts';

/** Everything about one case, for the member of staff who views it. */
export async function findCaseSheet(
  deps: SheetDependencies & { calendar: Pick<Calendar, 'opening'> },
  actor: StaffActor,
  caseId: string,
): Promise<CaseSheet | undefined> {
  const { db, settings, calendar } = deps;
  // Read first: a later change then differs from the version on the page, and the page's acts are refused.
  const seen = await seenOf(db, caseId);
  const [summary] = await findSummaries(db, settings.two_approvers, sql`c.id = ${caseId}`, {
    order: sql`c.id`,
    limit: 1,
  });
  if (seen === undefined || summary === undefined) return undefined;
  const [more, account, checks, approvals, pass, opening, openToViewer] = await Promise.all([
    findMore(db, caseId),
    summary.accountId === undefined ? undefined : findAccountSheet(deps, actor.accountId, summary.accountId),
    findChecks(db, caseId),
    findApprovals(db, caseId),
    findPass(db, caseId),
    calendar.opening(),
    isOpenTo(db, actor.accountId),
  ]);
  const member = await findMembers(db, [
    more.opened_by,
    more.closed_by,
    pass?.issued_by,
    ...checks.map((check) => check.checked_by),
    ...approvals.map((approval) => approval.approved_by),
  ]);
  const ownCase = summary.accountId === actor.accountId;
  const newest = checks.findLast((check) => check.counts);
  const approved = approvals.some(
    (one) => one.approved_by === actor.accountId && one.check_id === newest?.id,
  );
  const checkObstacle = obstacle(actor, ownCase, summary);
  return {
    summary,
    locale: more.locale,
    wishedCheck: more.wished_check ?? undefined,
    openedBy: member(more.opened_by),
    closing:
      more.closed_at === null
        ? undefined
        : {
            at: more.closed_at,
            by: member(more.closed_by),
            reason: more.refused_reason ?? undefined,
            note: more.closing_note ?? undefined,
          },
    account,
    checks: checks.map((check) => ({
      id: check.id,
      method: check.method,
      evidence: check.evidence,
      note: check.note,
      by: member(check.checked_by) ?? { accountId: check.checked_by, loginId: '' },
      at: check.checked_at,
      counts: check.counts,
    })),
    approvals: approvals.map((approval) => ({
      by: member(approval.approved_by) ?? { accountId: approval.approved_by, loginId: '' },
      at: approval.approved_at,
      breakGlass: approval.break_glass,
      counts: approval.counts,
    })),
    ownCase,
    checkObstacle,
    approveObstacle: checkObstacle ?? approveObstacle(account?.status, newest !== undefined, approved),
    mayRefuse: mayAct(actor) && !ownCase && summary.state === 'open',
    mayWithdraw: mayAct(actor) && !ownCase && summary.state === 'approved' && stateOf(pass) === 'waiting',
    pass:
      pass === undefined
        ? undefined
        : {
            state: stateOf(pass) ?? 'expired',
            issuedAt: pass.issued_at,
            expiresAt: pass.expires_at,
            issuedBy: member(pass.issued_by) ?? { accountId: pass.issued_by, loginId: '' },
            voidedWhy: pass.voided_detail ?? pass.voided_why ?? undefined,
          },
    opening,
    openToViewer,
    seen,
  };
}

function obstacle(actor: StaffActor, ownCase: boolean, summary: CaseSummary): ErrorCode | undefined {
  if (!mayAct(actor)) return 'staff_role_missing';
  if (ownCase) return 'desk_own_case';
  if (!summary.hasAccount) return 'case_without_account';
  return summary.state === 'open' ? undefined : 'case_closed';
}

function approveObstacle(
  status: 'active' | 'disabled' | undefined,
  checked: boolean,
  approved: boolean,
): ErrorCode | undefined {
  if (status !== 'active') return 'account_disabled';
  if (!checked) return 'check_missing';
  return approved ? 'desk_already_approved' : undefined;
}

function stateOf(pass: PassRow | undefined): NonNullable<CaseSheet['pass']>['state'] | undefined {
  if (pass === undefined) return undefined;
  if (pass.finished_at !== null) return 'finished';
  if (pass.voided_at !== null) return 'withdrawn';
  if (pass.used_at !== null) return 'claimed';
  return pass.in_time ? 'waiting' : 'expired';
}

async function isOpenTo(db: Db, staff: string): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`select desk_is_open_to(${staff}, now()) as open`.execute(db);
  return rows[0]?.open === true;
}

function findMore(db: Db, caseId: string) {
  return db
    .selectFrom('desk_cases')
    .select([
      'locale',
      'wished_check',
      'opened_by',
      'closed_by',
      'closed_at',
      'refused_reason',
      'closing_note',
    ])
    .where('id', '=', caseId)
    .executeTakeFirstOrThrow();
}

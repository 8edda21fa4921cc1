import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { StaffMember } from './shapes.ts';

/** The records of a case, oldest first; `counts` is the database's own result. */
export async function findChecks(db: Db, caseId: string) {
  return (
    db
      .selectFrom('identity_checks as i')
      .innerJoin('desk_cases as c', 'c.id', 'i.case_id')
      .select(['i.id', 'i.method', 'i.evidence', 'i.note', 'i.checked_by', 'i.checked_at'])
      .select(
        sql<boolean>`desk_record_counts(i.checked_at, i.checked_by, c.account_id)
        and desk_record_stands(i.checked_at, i.checked_by, i.session_uid)`.as('counts'),
      )
      .where('i.case_id', '=', caseId)
      .orderBy('i.checked_at')
      // The same order as when the newest check is chosen for an approval.
      .orderBy('i.id', 'desc')
      .execute()
  );
}

export async function findApprovals(db: Db, caseId: string) {
  return db
    .selectFrom('desk_approvals as p')
    .innerJoin('desk_cases as c', 'c.id', 'p.case_id')
    .select(['p.check_id', 'p.approved_by', 'p.approved_at', 'p.break_glass'])
    .select(
      sql<boolean>`desk_record_counts(p.approved_at, p.approved_by, c.account_id)
        and desk_record_stands(p.approved_at, p.approved_by, p.session_uid)`.as('counts'),
    )
    .where('p.case_id', '=', caseId)
    .orderBy('p.approved_at')
    .orderBy('p.id')
    .execute();
}

/** Without the digest: no page needs it. */
export async function findPass(db: Db, caseId: string) {
  return db
    .selectFrom('setup_passes')
    .select([
      'issued_by',
      'issued_at',
      'expires_at',
      'used_at',
      'finished_at',
      'voided_at',
      'voided_why',
      'voided_detail',
    ])
    .select(sql<boolean>`expires_at > now()`.as('in_time'))
    .where('case_id', '=', caseId)
    .executeTakeFirst();
}
export type PassRow = NonNullable<Awaited<ReturnType<typeof findPass>>>;

/** Members of staff by id, as another one sees them. */
export async function findMembers(
  db: Db,
  ids: readonly (string | null | undefined)[],
): Promise<(id: string | null) => StaffMember | undefined> {
  const wanted = [...new Set(ids.filter((id) => id !== null && id !== undefined))];
  const rows = await db
    .selectFrom('accounts')
    .select(['id', 'login_id'])
    .where(sql<boolean>`id = any(${sql.val(wanted)}::text[])`)
    .execute();
  return (id) => {
    const row = rows.find((one) => one.id === id);
    return row === undefined ? undefined : { accountId: row.id, loginId: row.login_id };
  };
}

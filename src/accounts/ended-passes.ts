import { type RawBuilder, sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';

/** Who or what voids passes. */
interface By {
  origin?: RequestOrigin;
  actor?: string;
}

/**
 * Voids the account's setup passes that are not used up, typed in or not: a set-up that one of them has
 * opened cannot be finished then (R40). The caller has locked the account's row.
 * @param why becomes `setup_passes.voided_why`. @returns how many there were.
 */
export async function voidSetUpPasses(
  trx: Db,
  accountId: string,
  why: 'withdrawn' | 'not-me' | 'disabled',
  by: By = {},
): Promise<number> {
  return voidPasses(trx, sql<boolean>`p.account_id = ${accountId}`, why, null, by);
}

/**
 * Voids setup passes whose approvals no longer stand, because a member of staff who checked or approved has
 * said since that it was not them, has revoked that session or is no longer at the desk (S29).
 * @param which the passes of one account, or all in which one member of staff took part.
 */
export async function voidFallenPasses(
  trx: Db,
  which: { accountId: string } | { staffId: string },
  by: By = {},
): Promise<number> {
  const concerned =
    'accountId' in which
      ? sql<boolean>`p.account_id = ${which.accountId}`
      : sql<boolean>`(exists (select from desk_approvals d
            where d.case_id = p.case_id and d.approved_by = ${which.staffId})
          or exists (select from identity_checks i
            where i.case_id = p.case_id and i.checked_by = ${which.staffId}))`;
  const fallen = sql<boolean>`${concerned} and not desk_case_stands(p.case_id)`;
  return voidPasses(trx, fallen, 'withdrawn', 'approval-void', { actor: 'system', ...by });
}

async function voidPasses(
  trx: Db,
  which: RawBuilder<boolean>,
  why: 'withdrawn' | 'not-me' | 'disabled',
  detail: 'approval-void' | null,
  by: By,
): Promise<number> {
  const live = sql<boolean>`p.finished_at is null and p.voided_at is null
    -- One that was never typed in and is over is left to the day's cleaning: its case has run out.
    and (p.used_at is not null or p.expires_at > now()) and ${which}`;
  // Lock cases before passes: voiding a pass closes its case.
  await sql`select from desk_cases where state = 'approved'
    and id in (select p.case_id from setup_passes p where ${live}) order by id for update`.execute(trx);
  const { rows } = await sql<{ case_id: string; number: string; account_id: string }>`
    update setup_passes p set voided_at = now(), voided_why = ${why}, voided_detail = ${detail}
    from desk_cases c where c.id = p.case_id and ${live}
    returning p.case_id, p.account_id, c.number`.execute(trx);
  await recordAudit(
    trx,
    by.origin,
    ...rows.map((pass) => ({
      event: 'desk.pass-withdrawn' as const,
      result: 'success' as const,
      accountId: pass.account_id,
      ...(by.actor === undefined ? {} : { actor: by.actor }),
      details: { case: pass.case_id, number: pass.number, reason: detail ?? why },
    })),
  );
  return rows.length;
}

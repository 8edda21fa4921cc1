import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import type { SetUpPasses } from '../../factors/setup-pass/passes.ts';
import { isPrivileged } from '../privileged.ts';
import type { Acts } from './act.ts';
import type { Cases } from './cases.ts';

/**
 * The newest check of a case that still counts: made in the last 24 hours, after any "this was not me", by a
 * person who is still staff.
 */
export async function findCountingCheck(db: Db, caseId: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select i.id from identity_checks i join desk_cases c on c.id = i.case_id
    where i.case_id = ${caseId} and desk_record_counts(i.checked_at, i.checked_by, c.account_id)
      and desk_record_stands(i.checked_at, i.checked_by, i.session_uid)
    order by i.checked_at desc, i.id limit 1`.execute(db);
  return rows[0]?.id;
}

/**
 * Approves; the last approval that is needed also issues the pass, in the same transaction (R39–R41,
 * R43). The database counts the approvals itself: see `migrations/0004-desk.ts`.
 */
export function createApproving(deps: {
  acts: Acts;
  settings: DeskSettings;
  passes: Pick<SetUpPasses, 'issue'>;
}): Cases['approve'] {
  const { acts, settings, passes } = deps;
  const lifetimeMinutes = settings.setup_pass.lifetime_minutes;

  return (actor, caseId, seen, { breakGlass }) =>
    acts.onCase(actor, 'approve', { caseId, seen, state: 'open' }, async (trx, held) => {
      const { accountId } = held;
      if (accountId === undefined) throw new NijoError('case_without_account');
      await requireActive(trx, accountId);
      const checkId = await findCountingCheck(trx, caseId);
      if (checkId === undefined) throw new NijoError('check_missing');
      await notePrivilege(trx, caseId);
      const approval = await trx
        .insertInto('desk_approvals')
        .values({
          id: newId(),
          case_id: caseId,
          check_id: checkId,
          approved_by: actor.accountId,
          session_uid: actor.session?.uids[0] ?? null,
          // Within hours it is no break-glass approval, whatever the page showed.
          break_glass: sql<boolean>`${breakGlass} and not desk_is_open_to(${actor.accountId}, now())`,
        })
        .returning('break_glass')
        .executeTakeFirstOrThrow();
      const { given, needed } = await countApprovals(trx, caseId, accountId);
      const issued = given >= needed;
      await acts.recordAndNotify(
        trx,
        actor,
        held,
        { event: 'desk.approved', details: { breakGlass: approval.break_glass, needed } },
        issued ? undefined : 'case-approved',
      );
      if (!issued) return { outcome: 'second-needed' };
      const { digits, expiresAt } = await passes.issue(trx, {
        caseId,
        accountId,
        issuedBy: actor.accountId,
        lifetimeMinutes,
      });
      await acts.recordAndNotify(
        trx,
        actor,
        held,
        { event: 'desk.pass-issued', details: { minutes: lifetimeMinutes } },
        'pass-issued',
      );
      return { outcome: 'issued', pass: digits, expiresAt };
    });

  /** Marks the case as privileged where the account became privileged after the case was opened. */
  async function notePrivilege(trx: Db, caseId: string): Promise<void> {
    await sql`update desk_cases c set privileged = true from accounts a
      where c.id = ${caseId} and a.id = c.account_id and not c.privileged
        and ${isPrivileged(settings.two_approvers)}`.execute(trx);
  }
}

/** A pass for a locked account could not be used before it is unlocked (R56). */
async function requireActive(trx: Db, accountId: string): Promise<void> {
  const account = await trx
    .selectFrom('accounts')
    .select('status')
    .where('id', '=', accountId)
    .executeTakeFirst();
  if (account?.status !== 'active') throw new NijoError('account_disabled');
}

/** The number of people whose approval counts, and the number needed. */
async function countApprovals(
  trx: Db,
  caseId: string,
  accountId: string,
): Promise<{ given: number; needed: number }> {
  const { rows } = await sql<{ given: number; needed: number }>`
    select count(distinct p.approved_by)::int as given, desk_approvers_needed(${caseId}) as needed
    from desk_approvals p where p.case_id = ${caseId}
      and desk_record_counts(p.approved_at, p.approved_by, ${accountId})
      and desk_record_stands(p.approved_at, p.approved_by, p.session_uid)
      and exists (select from identity_checks i where i.id = p.check_id
        and desk_record_stands(i.checked_at, i.checked_by, i.session_uid))`.execute(trx);
  return rows[0] ?? { given: 0, needed: 2 };
}

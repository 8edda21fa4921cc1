import { type AuditEvent, recordAudit } from '../../audit/audit.ts';
import { type ErrorCode, NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import type { Notices } from '../../factors/notices/notices.ts';
import type { NoticeKind } from '../../mail/notice-kinds.ts';
import type { StaffActor } from '../actor.ts';
import { refusalOf } from '../refusals.ts';
import { isRowId } from './rows.ts';
import { seenOf } from './seen.ts';
import type { CaseState } from './shapes.ts';
import { mayAct, requireStaff } from './staff.ts';

/** A case in an act's transaction, which has locked its row and its account. */
export interface LockedCase {
  id: string;
  number: string;
  accountId: string | undefined;
  state: CaseState;
  locale: 'en' | 'ja';
}

export type ActName = 'open' | 'check' | 'approve' | 'refuse' | 'withdraw';

/** Refusals that are audited: after the rollback, the audit row is all that remains of the act. */
const recorded: ReadonlySet<ErrorCode> = new Set([
  'desk_closed',
  'desk_own_case',
  'staff_role_missing',
  'fresh_sign_in_needed',
]);

/** Runs every act of staff. */
export interface Acts {
  /**
   * Runs one transaction. A refusal by the database is thrown as our own error; a refusal that must be
   * audited is recorded after the rollback.
   */
  run<Result>(
    actor: StaffActor,
    act: ActName,
    about: { accountId?: string; caseId?: string },
    work: (trx: Db) => Promise<Result>,
  ): Promise<Result>;
  /**
   * Runs an act on a case that the page showed as `seen`. Afterwards that page is stale.
   * @throws NijoError `case_unknown`, `desk_own_case`, `staff_role_missing`, `fresh_sign_in_needed` where the
   *   session was ended meanwhile, `case_changed`, `case_closed`.
   */
  onCase<Result>(
    actor: StaffActor,
    act: ActName,
    on: { caseId: string; seen: string; state: 'open' | 'approved' },
    work: (trx: Db, held: LockedCase) => Promise<Result>,
  ): Promise<Result>;
  /** Records the act's audit row and notifies the user, at the address registered before the act. */
  recordAndNotify(
    trx: Db,
    actor: StaffActor,
    held: Pick<LockedCase, 'id' | 'number' | 'accountId' | 'locale'>,
    event: Pick<AuditEvent, 'event' | 'details'>,
    notice?: NoticeKind,
  ): Promise<void>;
}

export function createActs({ db, notices }: { db: Db; notices: Notices }): Acts {
  const run: Acts['run'] = async (actor, act, about, work) => {
    try {
      return await inTransaction(db, work);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal instanceof NijoError && recorded.has(refusal.code))
        await recordRefusal(actor, act, refusal.code, about);
      throw refusal;
    }
  };

  async function recordRefusal(
    actor: StaffActor,
    act: ActName,
    reason: ErrorCode,
    { accountId, caseId }: { accountId?: string; caseId?: string },
  ): Promise<void> {
    const known =
      caseId === undefined
        ? undefined
        : await db.selectFrom('desk_cases').select('account_id').where('id', '=', caseId).executeTakeFirst();
    const concerned = accountId ?? known?.account_id ?? undefined;
    await recordAudit(db, actor.origin, {
      event: 'staff.refused',
      result: 'failure',
      actor: actor.accountId,
      ...(concerned === undefined ? {} : { accountId: concerned }),
      details: { act, reason, ...(caseId === undefined ? {} : { case: caseId }) },
    });
  }

  return {
    run,

    onCase: (actor, act, { caseId, seen, state }, work) => {
      if (!isRowId(caseId)) return Promise.reject(new NijoError('case_unknown'));
      return run(actor, act, { caseId }, async (trx) => {
        const held = await lockCase(trx, caseId);
        if (held.accountId === actor.accountId) throw new NijoError('desk_own_case');
        if (!mayAct(actor)) throw new NijoError('staff_role_missing');
        await requireStaff(trx, actor);
        if ((await seenOf(trx, caseId)) !== seen) throw new NijoError('case_changed');
        if (held.state !== state) throw new NijoError('case_closed');
        const result = await work(trx, held);
        await trx
          .updateTable('desk_cases')
          .set((row) => ({ version: row('version', '+', 1) }))
          .where('id', '=', caseId)
          .execute();
        return result;
      });
    },

    async recordAndNotify(trx, actor, held, { event, details }, notice) {
      const { accountId, number } = held;
      await recordAudit(trx, actor.origin, {
        event,
        result: 'success',
        actor: actor.accountId,
        ...(accountId === undefined ? {} : { accountId }),
        details: { case: held.id, number, ...details },
      });
      if (accountId === undefined || notice === undefined) return;
      // The user is told that the centre did it, but not from which browser and network of its staff.
      const reason = notice === 'case-refused' && details !== undefined ? details['reason'] : undefined;
      const why = typeof reason === 'string' ? { reason } : {};
      await notices.tell(trx, accountId, { kind: notice, name: number, ...why }, undefined, held.locale);
    },
  };
}

/** Locks the account first, then the case: everything that touches an account locks in this order. */
async function lockCase(trx: Db, caseId: string): Promise<LockedCase> {
  const { account_id: accountId } = await find(trx, caseId);
  if (accountId !== null) await lockAccount(trx, accountId);
  const row = await find(trx, caseId, true);
  return {
    id: caseId,
    number: row.number,
    accountId: accountId ?? undefined,
    state: row.state,
    locale: row.locale,
  };
}

async function find(trx: Db, caseId: string, locked = false) {
  const row = await trx
    .selectFrom('desk_cases')
    .select(['number', 'account_id', 'state', 'locale'])
    .where('id', '=', caseId)
    .$if(locked, (query) => query.forUpdate())
    .executeTakeFirst();
  if (row === undefined) throw new NijoError('case_unknown');
  return row;
}

import { findAccountByLoginId } from '../../accounts/directory.ts';
import { recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { hit } from '../../limits/limits.ts';
import type { StaffActor } from '../actor.ts';
import type { Cases } from './cases.ts';
import { mayAct, requireStaff } from './staff.ts';

/** Searches that one member of staff may make in an hour, so that nobody enumerates all IDs. */
export const searchesPerHour = 120;

/** Repeated views of one account within this time count as one view. */
const oneLookSeconds = 600;

export function createSearching(db: Db): Cases['search'] {
  return async (actor, loginId) => {
    if (!mayAct(actor)) throw new NijoError('staff_role_missing');
    await inTransaction(db, (trx) => requireStaff(trx, actor));
    if (loginId.normalize('NFKC').trim() === '') throw new NijoError('login_id_missing');
    const counted = await hit(db, {
      key: `desk-search:${actor.accountId}`,
      max: searchesPerHour,
      seconds: 3600,
    });
    if (!counted.allowed) {
      const minutes = Math.ceil(counted.retryAfterSeconds / 60);
      throw new NijoError('search_limit_reached', { minutes });
    }
    const account = await findAccountByLoginId(db, loginId);
    if (account !== undefined) {
      // An account that is found counts as viewed, whether or not its page is opened.
      await recordView(db, actor, account.id);
      return { accountId: account.id };
    }
    // What was typed is not kept: it may be anything, even a password.
    await recordAudit(db, actor.origin, {
      event: 'desk.account-searched',
      result: 'failure',
      actor: actor.accountId,
    });
    throw new NijoError('account_unknown');
  };
}

/** Audits that a member of staff viewed an account (R44), once for each period of viewing. */
export async function recordView(db: Db, actor: StaffActor, accountId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const key = `desk-look:${actor.accountId}:${accountId}`;
    const first = await hit(trx, { key, max: 1, seconds: oneLookSeconds });
    if (!first.allowed) return;
    await recordAudit(trx, actor.origin, {
      event: 'desk.account-viewed',
      result: 'success',
      actor: actor.accountId,
      accountId,
    });
  });
}

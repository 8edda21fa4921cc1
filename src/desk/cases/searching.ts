import { findAccountByLoginId } from '../../accounts/directory.ts';
import { recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { hit } from '../../limits/limits.ts';
import type { StaffActor } from '../actor.ts';
import type { Cases } from './cases.ts';
import { mayAct, requireStaff } from './staff.ts';

/** Searches of one member of staff in an hour, so that nobody goes through all IDs. */
export const searchesPerHour = 120;

/** Looking at the same account again within this is one look. */
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
      // Found is seen, whether or not they go on to its page.
      await recordView(db, actor, account.id);
      return { accountId: account.id };
    }
    // What was typed is not kept: it may be anything, a password too.
    await recordAudit(db, actor.origin, {
      event: 'desk.account-searched',
      result: 'failure',
      actor: actor.accountId,
    });
    throw new NijoError('account_unknown');
  };
}

/** Whoever looks at an account leaves a trace of it (R44), one for each spell of looking. */
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

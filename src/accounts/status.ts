import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { voidFallenPasses, voidSetUpPasses } from './ended-passes.ts';
import { endPayloads, ofSessions } from './ended-payloads.ts';

/**
 * `unchanged`: it was so already. `ended`: the directory's date has ended it; only another date enables it.
 */
export type StatusChange = 'changed' | 'unchanged' | 'ended' | 'unknown-account';

/** What continues when everything else ends, and why it ends. */
export interface Kept {
  /** The login (`sign_ins.interaction`) in which this is done. */
  interaction?: string;
  /** Its session, by the digests in `oidc_payloads.session_uid`. */
  sessionUids?: readonly string[];
  /** Becomes `trusted_browsers.ended_why`. */
  why?: 'password-changed' | 'imported' | 'reset' | 'not-me' | 'disabled';
}

/**
 * Ends everything of one or more accounts: sessions, grants, tokens and interactions of the provider, logins
 * and changes in progress, trusted browsers, and mailed codes not yet used (C19). Services of the sessions
 * are told after the commit. Call it in the transaction of the change that is the reason, which has locked
 * the account's row: a login that is just being finished then waits for it.
 * @param keep of the kept session only itself and the login that rests on it stay: tokens that were issued
 *   before end as well.
 */
export async function endEverythingOf(
  trx: Db,
  accounts: string | readonly string[],
  keep: Kept = {},
): Promise<void> {
  const { interaction, sessionUids = [], why = 'password-changed' } = keep;
  const ids = typeof accounts === 'string' ? [accounts] : [...accounts];
  if (ids.length === 0) return;
  const ofThese = sql<string>`any(${ids}::text[])`;
  // Lock codes before logins: a code is proven in that order, so that the two never deadlock.
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('account_id', '=', ofThese)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .$if(interaction !== undefined, (query) => query.where('interaction', '<>', String(interaction)))
    .execute();
  await trx
    .deleteFrom('sign_ins')
    .where('account_id', '=', ofThese)
    .$if(interaction !== undefined, (query) => query.where('interaction', '<>', String(interaction)))
    .execute();
  // After the logins: if one finishes while this waits, its result is deleted here too.
  await endPayloads(
    trx,
    sql<boolean>`p.account_id = ${ofThese}
      and not (p.model in ('Session', 'Interaction') and ${ofSessions(sessionUids)})`,
  );
  await trx
    .updateTable('factor_changes')
    .set({ expires_at: sql<Date>`now()` })
    .where('account_id', '=', ofThese)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .execute();
  await trx
    .updateTable('trusted_browsers')
    .set({ ended_at: sql<Date>`now()`, ended_why: why })
    .where('account_id', '=', ofThese)
    .where('ended_at', 'is', null)
    .execute();
}

async function changeStatus(
  db: Db,
  accountId: string,
  status: 'active' | 'disabled',
  inSameTransaction: (trx: Db) => Promise<void>,
): Promise<StatusChange> {
  return inTransaction(db, async (trx): Promise<StatusChange> => {
    const changed = await trx
      .updateTable('accounts')
      .set({
        status,
        disabled_at: status === 'disabled' ? sql<Date>`now()` : null,
        // An account that somebody disabled stays so when the date moves.
        ended_at: null,
        updated_at: sql<Date>`now()`,
      })
      .where('id', '=', accountId)
      .where(
        status === 'disabled'
          ? sql<boolean>`(status <> 'disabled' or ended_at is not null)`
          : sql<boolean>`(status <> 'active' and ended_at is null)`,
      )
      .returning('id')
      .executeTakeFirst();
    if (changed !== undefined) {
      await inSameTransaction(trx);
      return 'changed';
    }
    const known = await trx
      .selectFrom('accounts')
      .select('ended_at')
      .where('id', '=', accountId)
      .executeTakeFirst();
    if (known === undefined) return 'unknown-account';
    return known.ended_at === null ? 'unchanged' : 'ended';
  });
}

/**
 * Disables an account (leaver, suspension): no new login, and everything of it ends with the same commit
 * (R56, A55). Factors and password stay, so that it can be enabled again.
 * @param actor `cli:<user>` or the id of the account that does it.
 */
export async function disableAccount(db: Db, accountId: string, actor: string): Promise<StatusChange> {
  return changeStatus(db, accountId, 'disabled', async (trx) => {
    await voidSetUpPasses(trx, accountId, 'disabled', { actor });
    // Many leave at a time, and hardly any of them was staff.
    const { roles } = await trx
      .selectFrom('accounts')
      .select('roles')
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow();
    if (roles.length > 0) await voidFallenPasses(trx, { staffId: accountId }, { actor });
    await endEverythingOf(trx, accountId, { why: 'disabled' });
    await recordAudit(trx, undefined, { event: 'account.disabled', result: 'success', actor, accountId });
  });
}

/** Lets a disabled account sign in again, with the password and factors it had. */
export async function enableAccount(db: Db, accountId: string, actor: string): Promise<StatusChange> {
  return changeStatus(db, accountId, 'active', (trx) =>
    recordAudit(trx, undefined, { event: 'account.enabled', result: 'success', actor, accountId }),
  );
}

import { sql } from 'kysely';
import { recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';

/**
 * How long "this was not me" freezes every change of a second factor (D11), and a reset its address (R37).
 */
export const freezeHours = 24;

/**
 * Refuses a change while changes are frozen: `factors` by "this was not me" (D11), `address` by that or by a
 * reset (R37). It takes no lock: lock the account first, and call it in the change's transaction.
 * @throws NijoError `changes_frozen` or `address_frozen`, with `hours` until they are possible again.
 */
export async function requireChangeable(
  trx: Db,
  accountId: string,
  what: 'factors' | 'address',
): Promise<void> {
  const left = await trx
    .selectFrom('accounts')
    .select([
      hoursUntil('changes_frozen_until').as('changes'),
      hoursUntil('address_frozen_until').as('address'),
    ])
    .where('id', '=', accountId)
    .executeTakeFirst();
  if ((left?.changes ?? 0) > 0) throw new NijoError('changes_frozen', { hours: left?.changes ?? 0 });
  if (what === 'address' && (left?.address ?? 0) > 0)
    throw new NijoError('address_frozen', { hours: left?.address ?? 0 });
}

/** Whole hours until a time, by the database's clock, rounded up; 0 when it is past or not set. */
function hoursUntil(column: 'changes_frozen_until' | 'address_frozen_until') {
  return sql<number>`greatest(0, coalesce(ceil(extract(epoch from ${sql.ref(column)} - clock_timestamp()) / 3600), 0))::int`;
}

/** Freezes every change of an account's second factor for a day; a longer freeze stays. */
export async function freezeChanges(trx: Db, accountId: string): Promise<void> {
  await trx
    .updateTable('accounts')
    .set({
      changes_frozen_until: sql<Date>`greatest(changes_frozen_until, now() + make_interval(hours => ${freezeHours}))`,
    })
    .where('id', '=', accountId)
    .execute();
}

/**
 * Lets an account change its factors and address again at once: for an operator who knows that the owner
 * asks (R37).
 * @param actor `cli:<user>` or the id of the account that does it. @returns whether anything was frozen.
 */
export async function unfreezeAccount(db: Db, accountId: string, actor: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const lifted = await trx
      .updateTable('accounts')
      .set({ changes_frozen_until: null, address_frozen_until: null })
      .where('id', '=', accountId)
      .where((query) =>
        query.or([
          query('changes_frozen_until', '>', sql<Date>`now()`),
          query('address_frozen_until', '>', sql<Date>`now()`),
        ]),
      )
      .returning('id')
      .executeTakeFirst();
    if (lifted === undefined) return false;
    await recordAudit(trx, undefined, { event: 'account.unfrozen', result: 'success', actor, accountId });
    return true;
  });
}

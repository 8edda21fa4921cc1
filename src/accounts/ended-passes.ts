import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';

/**
 * Voids the account's setup passes that are not used up, typed in or not: a set-up that one of them has
 * opened is not finished then (R40). The caller holds the account's row.
 * @param why becomes `setup_passes.voided_why`. @returns how many there were.
 */
export async function voidSetUpPasses(
  trx: Db,
  accountId: string,
  why: 'withdrawn' | 'not-me' | 'disabled',
  by: { origin?: RequestOrigin; actor?: string } = {},
): Promise<number> {
  // Cases before passes: voiding a pass closes its case.
  await trx
    .selectFrom('desk_cases')
    .select('id')
    .where('account_id', '=', accountId)
    .where('state', '=', 'approved')
    .orderBy('id')
    .forUpdate()
    .execute();
  const voided = await trx
    .updateTable('setup_passes as p')
    .from('desk_cases as c')
    .set({ voided_at: sql<Date>`now()`, voided_why: why })
    .whereRef('c.id', '=', 'p.case_id')
    .where('p.account_id', '=', accountId)
    .where('p.finished_at', 'is', null)
    .where('p.voided_at', 'is', null)
    // One that was never typed in and is over is left to the day's cleaning: its case has run out.
    .where((is) => is.or([is('p.used_at', 'is not', null), is('p.expires_at', '>', sql<Date>`now()`)]))
    .returning(['p.case_id', 'c.number'])
    .execute();
  await recordAudit(
    trx,
    by.origin,
    ...voided.map((pass) => ({
      event: 'desk.pass-withdrawn' as const,
      result: 'success' as const,
      accountId,
      ...(by.actor === undefined ? {} : { actor: by.actor }),
      details: { case: pass.case_id, number: pass.number, reason: why },
    })),
  );
  return voided.length;
}

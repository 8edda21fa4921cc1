import { sql } from 'kysely';
import { recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
/** Why a mail did not arrive: refused by its server, not delivered in time, or returned later. */
export type AddressFailure = 'refused' | 'expired' | 'bounced';

/**
 * Records that a mail to a registered address failed. From the second failure on, the next login asks about
 * the address, which still works (D5). A mail that came back was looked at by an operator: one is enough to
 * ask. A right mail code, or the user's confirmation, clears the record.
 * @param actor who reports it, where it is not the mail server.
 * @returns how many accounts have that address.
 */
export async function noteAddressFailure(
  db: Db,
  address: string,
  reason: AddressFailure,
  actor?: string,
): Promise<number> {
  const weight = reason === 'bounced' ? doubtfulFailures : 1;
  return inTransaction(db, async (trx) => {
    const failed = await trx
      .updateTable('mail_factors')
      .set({
        // The count has a limit: the column is small, and past the limit nothing changes.
        failures: sql<number>`least(failures + ${weight}, 1000)`,
        last_failure_at: sql<Date>`now()`,
      })
      .where('address', '=', address)
      .where('state', '=', 'active')
      .returning(['account_id', 'failures'])
      .execute();
    await recordAudit(
      trx,
      undefined,
      ...failed.map((factor) => ({
        event: 'factor.address-failed' as const,
        result: 'failure' as const,
        actor: actor ?? 'system',
        accountId: factor.account_id,
        method: 'mail',
        details: { reason, failures: factor.failures },
      })),
    );
    return failed.length;
  });
}

/**
 * The server accepted a mail to an address that it, or the relay before it, had refused: the refusals are
 * cleared. A mail that came back since the last right code still counts: servers accept such mails at first
 * too.
 */
export async function forgiveAddressFailures(db: Db, mailId: string): Promise<void> {
  await sql`
    update mail_factors f set failures = 0, last_failure_at = null
    from mails m
    where m.id = ${mailId} and f.account_id = m.account_id and f.address = m.to_address
      and f.state = 'active' and f.failures > 0
      and not exists (
        select from audit_events e
        where e.account_id = f.account_id and e.event = 'factor.address-failed' and e.method = 'mail'
          and e.details ->> 'reason' = 'bounced' and e.at >= greatest(f.proven_at, f.last_used_at))`.execute(
    db,
  );
}

/** Failed mails to an address before its user is asked about it (D5): a single failure may be temporary. */
export const doubtfulFailures = 2;

import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import { ofSessions } from './ended-payloads.ts';

/**
 * Whether a session of an account still exists. Call it while the account is locked: ending sessions locks
 * the account too, so what was ended before is seen, and what is done here precedes a later end (C50).
 * @param uids every digest under which the session may be stored.
 */
export async function sessionLives(trx: Db, accountId: string, uids: readonly string[]): Promise<boolean> {
  const { rows } = await sql`
    select from oidc_payloads p where p.model = 'Session' and p.account_id = ${accountId}
      and p.expires_at > now() and ${ofSessions(uids)} limit 1`.execute(trx);
  return rows.length > 0;
}

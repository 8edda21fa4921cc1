import { sql } from 'kysely';
import { endPayloads, ofSessions } from '../accounts/ended-payloads.ts';
import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { takeTurn } from '../factors/account-lock.ts';

/** A live session of an account; `payload` is sealed. */
export interface SessionRow {
  /** Digest of its uid. */
  uid: string;
  id: string;
  payload: Uint8Array;
  userAgent: string;
  address: string;
  since: Date;
  lastSeen: Date;
}

/** Every live session, the latest used first. */
export async function liveSessions(db: Db, accountId: string): Promise<SessionRow[]> {
  const { rows } = await sql<SessionRow>`
    select p.session_uid as uid, p.id, p.payload, coalesce(b.user_agent, '') as "userAgent",
      coalesce(b.address, '') as address, coalesce(b.created_at, now()) as since,
      coalesce(b.last_seen_at, now()) as "lastSeen"
    from oidc_payloads p left join browser_sessions b on b.session_uid = p.session_uid
    where p.model = 'Session' and p.account_id = ${accountId} and p.expires_at > now()
    order by "lastSeen" desc, p.session_uid limit 100`.execute(db);
  return rows;
}

/** Which sessions a user ends. */
export type Ending = { only: string } | { butNot: readonly string[] };

/**
 * Ends sessions with the tokens and logins that stand on them (C50): the commit is their end on every
 * node, and a request of theirs in flight cannot bring them back. What a service may do without the
 * user (`offline_access`) is a grant and stays.
 * @returns how many sessions ended.
 */
export function endSessions(
  db: Db,
  accountId: string,
  ending: Ending,
  origin: RequestOrigin,
): Promise<number> {
  const which =
    'only' in ending
      ? ofSessions([ending.only])
      : // A login that is done but for its last redirect becomes a session yet, so it goes too.
        sql<boolean>`(p.session_uid is not null or p.model in ('Session', 'Interaction'))
          and not ${ofSessions(ending.butNot)}`;
  return inTransaction(db, async (trx) => {
    await takeTurn(trx, accountId);
    const sessions = await endPayloads(trx, sql<boolean>`p.account_id = ${accountId} and ${which}`);
    if (sessions > 0) {
      await recordAudit(trx, origin, {
        event: 'session.ended-by-user',
        result: 'success',
        accountId,
        details: { sessions },
      });
    }
    return sessions;
  });
}

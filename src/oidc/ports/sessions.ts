import { type RawBuilder, sql } from 'kysely';
import { endPayloads, ofSessions } from '../../accounts/ended-payloads.ts';
import { voidFallenPasses } from '../../accounts/ended-passes.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { requireFreshProof } from '../../factors/fresh-proof.ts';

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

/** Every live session, most recently used first. */
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

/** The session behind one of the user's own pages. */
export interface ActingSession {
  sessionUids: readonly string[];
  authTime: number;
}

/** Which sessions a user ends; `switchedFrom` when another user signs in with the same browser. */
export type Ending = { only: string } | { butNot: readonly string[] } | { switchedFrom: readonly string[] };

function endedBy(ending: Ending): RawBuilder<boolean> {
  if ('only' in ending) return ofSessions([ending.only]);
  if ('switchedFrom' in ending) return ofSessions(ending.switchedFrom);
  // A login that lacks only its last redirect would still become a session, so it is deleted too.
  return sql<boolean>`(p.session_uid is not null or p.model in ('Session', 'Interaction'))
    and not ${ofSessions(ending.butNot)}`;
}

/**
 * Ends sessions with their tokens and logins (C50): the commit ends them on every node, and a request in
 * flight cannot restore them. What a service may do without the user (`offline_access`) is a grant and stays.
 * @param by the session from whose page this is done; it must itself be live and young enough (S29).
 * @returns how many sessions ended.
 */
export function endSessions(
  db: Db,
  accountId: string,
  ending: Ending,
  origin: RequestOrigin | undefined,
  by?: ActingSession,
): Promise<number> {
  const which = endedBy(ending);
  return inTransaction(db, async (trx) => {
    await lockAccount(trx, accountId);
    if (by !== undefined) await requireFreshProof(trx, { session: { accountId, ...by } });
    await noteRevoked(trx, accountId, ending, by);
    const sessions = await endPayloads(trx, sql<boolean>`p.account_id = ${accountId} and ${which}`);
    if (sessions > 0) {
      await recordAudit(trx, origin, {
        event: 'switchedFrom' in ending ? 'session.ended' : 'session.ended-by-user',
        result: 'success',
        accountId,
        details: 'switchedFrom' in ending ? { reason: 'account-switched' } : { sessions },
      });
    }
    return sessions;
  });
}

/**
 * A session that its owner ends from another one is in doubt: checks and approvals made in it at the support
 * centre no longer count, and setup passes that rest on it are void (S29).
 */
async function noteRevoked(
  trx: Db,
  accountId: string,
  ending: Ending,
  by: ActingSession | undefined,
): Promise<void> {
  const own = by?.sessionUids ?? [];
  // A user who signs in as somebody else in the same browser has ended this session themselves.
  if ('switchedFrom' in ending || ('only' in ending && own.includes(ending.only))) return;
  const ended =
    'only' in ending
      ? sql<boolean>`session_uid = ${ending.only}`
      : ending.butNot.length === 0
        ? sql<boolean>`true`
        : sql<boolean>`session_uid not in (${sql.join([...ending.butNot])})`;
  const noted = await sql`
    insert into desk_revoked_sessions (session_uid, account_id)
    select distinct session_uid, ${accountId}::text from (
      select session_uid from desk_approvals where approved_by = ${accountId}
        and approved_at > now() - interval '3 days'
      union select session_uid from identity_checks where checked_by = ${accountId}
        and checked_at > now() - interval '3 days') done
    where session_uid is not null and ${ended}
      -- nobody but staff has done anything there
      and (select roles <> '{}' from accounts where id = ${accountId})
    on conflict do nothing returning session_uid`.execute(trx);
  if (noted.rows.length > 0) await voidFallenPasses(trx, { staffId: accountId });
}

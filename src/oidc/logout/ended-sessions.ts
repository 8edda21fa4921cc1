import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** An ended session. Only this node may notify its services until the lease expires. */
export interface EndedSession {
  id: string;
  payload: Uint8Array;
  /** Counts the claims, and so tells this claim from a later one by another node. */
  attempt: number;
  /** Services that have confirmed. */
  told: string[];
  /** Seconds since it ended, by the database's clock. */
  ago: number;
}

/**
 * Claims the session that has waited longest. It is one conditional statement, so that exactly one node gets
 * it; if that node dies, the session is due again when the lease expires.
 */
export async function claimEndedSession(db: Db, leaseMs: number): Promise<EndedSession | undefined> {
  const { rows } = await sql<EndedSession>`
    update ended_sessions e
    set attempts = least(e.attempts + 1, 32767), next_attempt_at = now() + make_interval(secs => ${leaseMs / 1000})
    from (select id from ended_sessions where next_attempt_at <= now()
      order by next_attempt_at limit 1 for update skip locked) due
    where e.id = due.id
    returning e.id, e.payload, e.attempts::int as attempt, e.told,
      extract(epoch from now() - e.ended_at)::float8 as ago`.execute(db);
  return rows[0];
}

/** A service has confirmed: it needs no further notification, whichever node holds the lease now. */
export async function recordTold(db: Db, id: string, clientId: string): Promise<void> {
  await sql`update ended_sessions set told = array_append(told, ${clientId}::text)
    where id = ${id} and not (${clientId}::text = any(told))`.execute(db);
}

/** No service is left to notify, or the rest is given up. */
export async function forgetEndedSession(db: Db, { id, attempt }: EndedSession): Promise<void> {
  await sql`delete from ended_sessions where id = ${id} and attempts = ${attempt}`.execute(db);
}

/** Some service is left to notify: any node tries again after the pause. */
export async function tellAgainLater(db: Db, { id, attempt }: EndedSession, pauseMs: number): Promise<void> {
  await sql`update ended_sessions set next_attempt_at = now() + make_interval(secs => ${pauseMs / 1000})
    where id = ${id} and attempts = ${attempt}`.execute(db);
}

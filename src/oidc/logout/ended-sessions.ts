import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** A session that is over, whose services this node alone may tell until its lease is over. */
export interface EndedSession {
  id: string;
  payload: Uint8Array;
  /** Counts the claims; also tells this claim from a later one by another node. */
  attempt: number;
  /** Services that have been told. */
  told: string[];
  /** Seconds since it ended, by the database's clock. */
  ago: number;
}

/**
 * Takes the session that waits longest. One conditional statement, so that of any number of nodes one
 * gets it; where its node dies in the middle it is due again when the lease is over.
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

/** A service has confirmed. Whoever's turn it is by now: it need not be told again. */
export async function recordTold(db: Db, id: string, clientId: string): Promise<void> {
  await sql`update ended_sessions set told = array_append(told, ${clientId}::text)
    where id = ${id} and not (${clientId}::text = any(told))`.execute(db);
}

/** Nobody is left to tell, or it is given up. */
export async function forgetEndedSession(db: Db, { id, attempt }: EndedSession): Promise<void> {
  await sql`delete from ended_sessions where id = ${id} and attempts = ${attempt}`.execute(db);
}

/** Somebody is left to tell: again after the pause, by any node. */
export async function tellAgainLater(db: Db, { id, attempt }: EndedSession, pauseMs: number): Promise<void> {
  await sql`update ended_sessions set next_attempt_at = now() + make_interval(secs => ${pauseMs / 1000})
    where id = ${id} and attempts = ${attempt}`.execute(db);
}

import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/open.ts';

/**
 * Deletes what the provider stores and `which` is true of (the row is `p`). Sessions among it move to
 * `ended_sessions`, from where their services are told after the commit (R56). It is one statement, so that
 * services are told of every session that ends, and of no other.
 * @returns how many live sessions ended.
 */
export async function endPayloads(trx: Db, which: RawBuilder<boolean>): Promise<number> {
  const { rows } = await sql<{ sessions: number }>`
    with gone as (
      delete from oidc_payloads p where ${which}
      returning p.model, p.id, p.payload, p.account_id, p.session_uid, p.expires_at > now() as live),
    moved as (
      insert into ended_sessions (id, account_id, payload)
      select id, account_id, payload from gone where model = 'Session' and live
      on conflict (id) do nothing),
    forgotten as (
      delete from browser_sessions b using gone g where g.model = 'Session' and b.session_uid = g.session_uid)
    select count(*)::int as sessions from gone where model = 'Session' and live`.execute(trx);
  return rows[0]?.sessions ?? 0;
}

/** True of rows that belong to one of these sessions (digests of their uids). */
export function ofSessions(uids: readonly string[]): RawBuilder<boolean> {
  if (uids.length === 0) return sql<boolean>`false`;
  return sql<boolean>`coalesce(p.session_uid in (${sql.join([...uids])}), false)`;
}

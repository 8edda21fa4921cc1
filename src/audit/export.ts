import { sql } from 'kysely';
import type { Db } from '../db/open.ts';

/** From one time up to but not including another; both in a form that the database can parse. */
export interface Period {
  from: string;
  to: string;
}

const pageLength = 1000;

/**
 * The events of a period as JSON Lines, oldest first, each with its place in the chain. It reads page by
 * page, by the index over their times, so that its memory does not grow with the period.
 */
export async function* exportedEvents(db: Db, period: Period): AsyncGenerator<string> {
  let after: { at: string; id: string } = { at: period.from, id: '-9223372036854775808' };
  for (;;) {
    const { rows } = await sql<{ id: string; at: string; line: string }>`
      select e.id::text as id, m.at, json_build_object('id', e.id, 'at', m.at, 'event', e.event,
        'result', e.result, 'actor', e.actor, 'account_id', e.account_id, 'login_id', a.login_id,
        'client_id', e.client_id, 'method', e.method, 'request_id', e.request_id, 'address', e.address,
        'node', e.node, 'details', e.details, 'position', l.position, 'digest', l.digest)::text as line
      from audit_events e
        left join accounts a on a.id = e.account_id
        left join audit_links l on l.event_id = e.id
        cross join lateral (select to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at) m
      where (e.at, e.id) > (${after.at}::timestamptz, ${after.id}::bigint)
        and e.at < ${period.to}::timestamptz
      order by e.at, e.id limit ${pageLength}`.execute(db);
    if (rows.length > 0) yield rows.map(({ line }) => `${line}\n`).join('');
    const last = rows.at(-1);
    if (rows.length < pageLength || last === undefined) return;
    after = last;
  }
}

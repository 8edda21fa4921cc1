import { type RawBuilder, sql } from 'kysely';

/** A login that begins in a browser. */
export interface BegunLogin {
  uid: string;
  /** Digest of the browser's own secret. */
  browser: string;
  /** How many unfinished logins a browser may have, this one included. */
  most: number;
}

/** A login that was ended to make room: its row as stored. */
export interface EndedLogin {
  id: string;
  payload: Uint8Array;
}

/**
 * Each ended login adds five cookies to the answer, and proxies accept a few kilobytes of headers (nginx: 4).
 * Two at a time are more than begin, so that the count recovers from logins that began at the same moment.
 */
const mostAtOnce = 2;

/**
 * Ends the oldest unfinished logins of a browser, so that the new login stays within the limit. Their rows
 * stay for a day like those of other ended logins: the page that says so can name the service (R33).
 * @param touched logins that the same statement changes.
 */
export function endSurplusLogins(
  { browser, most }: BegunLogin,
  touched: readonly string[],
): RawBuilder<unknown> {
  const others =
    touched.length === 0 ? sql`true` : sql`q.id not in (${sql.join(touched.map((id) => sql`${id}::text`))})`;
  // Rows that a parallel request of this browser is ending are left to that request.
  return sql`surplus as (
    update oidc_payloads p set expires_at = now()
    where p.model = 'Interaction' and p.id = any(array(
      select s.id from (
        select q.id, q.expires_at from oidc_payloads q
        where q.browser = ${browser}::text and q.browser is not null and q.model = 'Interaction'
          and q.expires_at > now() and ${others}
        order by q.expires_at desc offset ${most - 1}::int for update skip locked) s
      order by s.expires_at limit ${mostAtOnce}::int))
    returning p.id, p.payload)`;
}

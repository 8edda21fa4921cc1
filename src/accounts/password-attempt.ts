import { type RawBuilder, sql } from 'kysely';
import { type AuditEvent, auditRows, type RequestOrigin } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { countHit, type Limit, peek, release, takeBackHits } from '../limits/limits.ts';
import { takePlace } from '../limits/pace.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import { type Account, type AccountRow, accountColumns, toAccount } from './directory.ts';
import { normaliseLoginId } from './login-id.ts';

/** What the comparison needs. */
export interface Comparable {
  account: Account | undefined;
  phc: string | undefined;
  /** When the password was set, as the database writes it: exact, and not changed by a renewed hash. */
  passwordSet: string | undefined;
}

/** `limited`: this attempt must not be compared; it gives the seconds until one may be. */
export type StartedAttempt =
  | (Comparable & {
      limited: false;
      /** The windows that it counts in; the attempt is taken back where it is no failure. */
      counted: readonly string[];
      /** The network is over its limit: milliseconds to wait before calling `findComparable` again. */
      waitMs: number;
    })
  | { limited: true; accountId: string | undefined; by: 'id' | 'network'; retryAfterSeconds: number };

type Row = { phc: string | null; password_set: string | null } & (AccountRow | { id: null });
type Found = Row & { known: boolean; counted: string[] };

const columns = sql.join(accountColumns.map((column) => sql.ref(`a.${column}`)));
const accountAndPassword = (loginId: string) => sql`
  (values (1)) as one left join accounts a on a.login_id = ${normaliseLoginId(loginId) ?? null}::text
    left join passwords p on p.account_id = a.id`;

const toComparable = (row: Row): Comparable => ({
  account: row.id === null ? undefined : toAccount(row),
  phc: row.phc ?? undefined,
  passwordSet: row.password_set ?? undefined,
});

/** Account and password as they are now. */
export async function findComparable(db: Db, loginId: string): Promise<Comparable> {
  const { rows } =
    await sql<Row>`select ${columns}, p.phc, p.changed_at::text as password_set from ${accountAndPassword(loginId)}`.execute(
      db,
    );
  const [found] = rows;
  if (found === undefined) throw new Error('the attempt returned no row');
  return toComparable(found);
}

/**
 * Counts the attempt in its windows and fetches account and password, in one statement, the same for an ID
 * that exists and one that does not (C13). An attempt refused for its ID does not count for the network: one
 * program with an old password cannot block a whole network.
 */
export async function startAttempt(
  db: Db,
  attempt: { loginId: string; browser: string | undefined },
  limits: AttemptLimits,
): Promise<StartedAttempt> {
  const { loginId, browser = null } = attempt;
  const known = sql`(select known from who)`;
  const count = (limit: Limit | undefined, when: RawBuilder<unknown>) =>
    countHit(limit ?? limits.network, limit === undefined ? sql`false` : when);
  // Each window is checked only where those before it have room, so the order is always the same.
  const { rows } = await sql<Found>`
    with who as materialized (
      select ${columns}, p.phc, p.changed_at::text as password_set, coalesce(k.browser is not null, false) as known,
        exists (select from known_browsers b where b.browser = ${browser}::text) as seen
      from ${accountAndPassword(loginId)}
        left join known_browsers k on k.account_id = a.id and k.browser = ${browser}::text),
      by_known as (${count(limits.idAndBrowser, known)}),
      by_id as (${count(limits.idAndNetwork, sql`not ${known}`)}),
      by_id_site as (${count(limits.idAndSite, sql`exists (select from by_id)`)}),
      by_browser as (${count(
        limits.browser,
        sql`(select seen and not known from who) and ${
          limits.idAndSite === undefined
            ? sql`exists (select from by_id)`
            : sql`exists (select from by_id_site)`
        }`,
      )}),
      by_network as (${count(
        limits.network,
        sql`not exists (select from by_browser) and ${
          limits.idAndSite === undefined
            ? sql`exists (select from by_id)`
            : sql`exists (select from by_id_site)`
        }`,
      )}),
      by_site as (${count(limits.site, sql`exists (select from by_network)`)})
    select who.*, array(select key from by_known union all select key from by_id
      union all select key from by_id_site union all select key from by_browser
      union all select key from by_network union all select key from by_site) as counted
    from who`.execute(db);
  const [found] = rows;
  if (found === undefined) throw new Error('the attempt returned no row');
  const has = (limit: Limit | undefined) => limit === undefined || found.counted.includes(limit.key);
  const byId = found.known ? [limits.idAndBrowser] : [limits.idAndNetwork, limits.idAndSite];
  const fullForId = byId.find((limit) => !has(limit));
  const accountId = found.id ?? undefined;
  if (fullForId !== undefined) {
    // Not compared, so it counts nowhere.
    await release(db, ...found.counted);
    const window = await peek(db, fullForId);
    return {
      limited: true,
      accountId,
      by: 'id',
      retryAfterSeconds: window.allowed ? 1 : window.retryAfterSeconds,
    };
  }
  const knownBrowser = found.known || (limits.browser !== undefined && has(limits.browser));
  const started = { limited: false, ...toComparable(found) } as const;
  const fullForNetwork = knownBrowser
    ? undefined
    : [limits.network, limits.site].find((limit) => !has(limit));
  if (fullForNetwork === undefined) return { ...started, counted: found.counted, waitMs: 0 };
  // Over the network's limit the attempt counts for its ID, and waits in the network's queue.
  const counted = byId.flatMap((limit) => (limit === undefined ? [] : [limit.key]));
  const surplus = found.counted.filter((key) => !counted.includes(key));
  await release(db, ...surplus);
  const pace = limits.pace(fullForNetwork);
  const waitMs = await takePlace(db, pace);
  if (waitMs !== undefined) return { ...started, counted, waitMs };
  await release(db, ...counted);
  return { limited: true, accountId, by: 'network', retryAfterSeconds: Math.ceil(pace.longestMs / 1000) };
}

/** Takes the attempt back, since it was no failure, and records the success: one statement does both. */
export async function finishAttempt(
  db: Db,
  counted: readonly string[],
  origin: RequestOrigin,
  event: AuditEvent,
): Promise<void> {
  await db
    .with('taken_back', () => sql<Record<string, never>>`(${takeBackHits(...counted)})`)
    .insertInto('audit_events')
    .values(auditRows(origin, [event]))
    .execute();
}

/** Takes back an attempt that was never compared. */
export async function abandonAttempt(db: Db, counted: readonly string[]): Promise<void> {
  await release(db, ...counted);
}

import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type AuditEvent, auditRows, type RequestOrigin } from '../audit/audit.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import { countHit, type Limit, peek, release, takeBackHits } from '../limits/limits.ts';
import { networkOf } from '../limits/network.ts';
import { type Account, type AccountRow, accountColumns, toAccount } from './directory.ts';
import { normaliseLoginId } from './login-id.ts';

/** The windows that one attempt counts in. Their keys sort in the order in which they are locked. */
export interface AttemptLimits {
  idAndNetwork: Limit;
  network: Limit;
}

/**
 * Wrong passwords are counted by (ID, network) and by network, never by ID alone: whoever is not on
 * the owner's network cannot keep the owner out (I2, A16).
 */
export function attemptLimits(
  settings: Configuration['password_limits'],
  loginId: string,
  address: string,
): AttemptLimits {
  const network = networkOf(address);
  // What is nobody's ID is counted like an ID, by its digest: it may hold anything, also a password typed in the wrong field.
  const id =
    normaliseLoginId(loginId) ?? `?${createHash('sha256').update(loginId).digest('base64url').slice(0, 22)}`;
  const seconds = settings.window_minutes * 60;
  return {
    idAndNetwork: {
      key: `password:id:${id}|${network}`,
      max: settings.wrong_per_id_and_network,
      seconds,
    },
    network: { key: `password:network:${network}`, max: settings.wrong_per_network, seconds },
  };
}

/** `limited`: this attempt must not be compared; seconds until one may be. */
export type StartedAttempt =
  | {
      limited: false;
      account: Account | undefined;
      phc: string | undefined;
      /** When the password was set, as the database writes it: exact, and not changed by a renewed hash. */
      passwordSet: string | undefined;
    }
  | { limited: true; accountId: string | undefined; by: 'id' | 'network'; retryAfterSeconds: number };

type Found = { by_id: number; by_network: number; phc: string | null; password_set: string | null } & (
  | AccountRow
  | { id: null }
);

/**
 * Counts the attempt in both windows and fetches account and password, in one statement, the same
 * for an ID that exists and one that does not (C13). An attempt refused for its ID does not count
 * for the network: one program with an old password cannot shut a whole network out.
 */
export async function startAttempt(db: Db, loginId: string, limits: AttemptLimits): Promise<StartedAttempt> {
  const columns = sql.join(accountColumns.map((column) => sql.ref(`a.${column}`)));
  const { rows } = await sql<Found>`
    with by_id as (${countHit(limits.idAndNetwork)}),
      by_network as (${countHit(limits.network, sql`exists (select from by_id)`)})
    select (select count(*) from by_id)::int as by_id, (select count(*) from by_network)::int as by_network,
      ${columns}, p.phc, p.changed_at::text as password_set
    from (values (1)) as one left join accounts a on a.login_id = ${normaliseLoginId(loginId) ?? null}::text
      left join passwords p on p.account_id = a.id`.execute(db);
  const [found] = rows;
  if (found === undefined) throw new Error('the attempt returned no row');
  if (found.by_network === 1) {
    return {
      limited: false,
      account: found.id === null ? undefined : toAccount(found),
      phc: found.phc ?? undefined,
      passwordSet: found.password_set ?? undefined,
    };
  }
  const by = found.by_id === 1 ? 'network' : 'id';
  // Not compared, so it does not count against the ID either.
  if (by === 'network') await release(db, limits.idAndNetwork.key);
  const window = await peek(db, by === 'network' ? limits.network : limits.idAndNetwork);
  const retryAfterSeconds = window.allowed ? 1 : window.retryAfterSeconds;
  return { limited: true, accountId: found.id ?? undefined, by, retryAfterSeconds };
}

/** Takes the attempt back, since it was no failure, and records the success: one statement, so neither is without the other. */
export async function finishAttempt(
  db: Db,
  limits: AttemptLimits,
  origin: RequestOrigin,
  event: AuditEvent,
): Promise<void> {
  await db
    .with(
      'taken_back',
      () => sql<Record<string, never>>`(${takeBackHits(limits.idAndNetwork.key, limits.network.key)})`,
    )
    .insertInto('audit_events')
    .values(auditRows(origin, [event]))
    .execute();
}

/** Takes an attempt back that was never compared. */
export async function abandonAttempt(db: Db, limits: AttemptLimits): Promise<void> {
  await release(db, limits.idAndNetwork.key, limits.network.key);
}

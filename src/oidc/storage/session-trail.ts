import { type RawBuilder, sql } from 'kysely';
import type { RequestOrigin } from '../../audit/audit.ts';
import { newId } from '../../base/ids.ts';
import type { PayloadSeal } from './payload-seal.ts';
import type { Change, StatementParts } from './payload-store.ts';
import { type BegunLogin, endSurplusLogins } from './unfinished-logins.ts';

/** A service to notify that its part of a session is over (OpenID Connect Back-Channel Logout). */
export interface LogoutNotification {
  accountId: string;
  clientId: string;
  sid: string | undefined;
}

/** A login whose proofs are about to count (`sign_ins`). */
export interface LoginInProgress {
  interaction: string;
  accountId: string;
}

type Store = Extract<Change, { kind: 'store' }>;

/**
 * What is written with sessions in the same statement: the row by which a user recognises a session, and the
 * services to notify when one ends. It needs no round trip of its own (docs/performance.md).
 */
export function sessionTrail(
  seal: PayloadSeal,
  changes: readonly Change[],
  {
    farewells,
    standsOn,
    begun,
  }: {
    farewells: readonly LogoutNotification[];
    standsOn: LoginInProgress | undefined;
    begun: BegunLogin | undefined;
  },
  origin: RequestOrigin | undefined,
): StatementParts {
  const stores = changes.filter((change) => change.kind === 'store');
  const parts: RawBuilder<unknown>[] = [];
  const held = accountsOf(stores.filter((change) => !change.mustExist));
  if (held.length > 0) {
    // A transaction that ends everything of an account locks the account's row (C19). An insert waits here
    // first, and then finds what it rests on gone: nothing outlives its end.
    parts.push(
      sql`held as materialized (select status from accounts where id in (${sql.join(held)}) for share)`,
    );
  }
  const sessions = stores.filter(({ row }) => row.model === 'Session' && row.accountId !== null);
  if (sessions.length > 0 && origin !== undefined) parts.push(seen(sessions, origin));
  if (sessions.length === 0) {
    const ended = changes.filter((change) => change.kind === 'remove' && change.model === 'Session');
    if (ended.length > 0)
      parts.push(forgotten(ended.map((change) => (change.kind === 'remove' ? change.id : ''))));
  }
  if (farewells.length > 0) parts.push(told(seal, farewells));
  const guards = held.length > 0 ? [sql`(select count(*) from held where status <> 'active') = 0`] : [];
  if (standsOn !== undefined) {
    // Updating the row, rather than reading it, waits for a transaction that is deleting it.
    parts.push(sql`standing as (
      update sign_ins set expires_at = expires_at
      where interaction = ${standsOn.interaction} and account_id = ${standsOn.accountId} returning 1)`);
    guards.push(sql`(select count(*) from standing) = 1`);
  }
  if (begun !== undefined) parts.push(endSurplusLogins(begun, loginsAmong(changes)));
  return { parts, guards, endsLogins: begun !== undefined };
}

/** The logins that these changes are about. */
function loginsAmong(changes: readonly Change[]): string[] {
  const rows = changes.map((change) => (change.kind === 'store' ? change.row : change));
  return rows.filter(({ model }) => model === 'Interaction').map(({ id }) => id);
}

function accountsOf(stores: readonly Store[]): string[] {
  return [...new Set(stores.map(({ row }) => row.accountId).filter((id) => id !== null))].toSorted();
}

/** One row per session; its time changes at most once a minute, so that a busy session writes little. */
function seen(sessions: readonly Store[], origin: RequestOrigin): RawBuilder<unknown> {
  const rows = sessions.map(({ row }) => sql`(${row.sessionUid}::text, ${row.accountId}::text)`);
  return sql`seen as (
    insert into browser_sessions as b (session_uid, account_id, user_agent, address)
    select v.session_uid, a.id, ${origin.userAgent ?? ''}::text, ${origin.address}::text
    from (values ${sql.join(rows)}) v (session_uid, account_id) join accounts a on a.id = v.account_id
    on conflict (session_uid) do update
      set last_seen_at = now(), address = excluded.address, account_id = excluded.account_id
      where b.last_seen_at < now() - interval '1 minute' or b.account_id <> excluded.account_id)`;
}

function forgotten(ids: readonly string[]): RawBuilder<unknown> {
  return sql`forgotten as (
    delete from browser_sessions b using oidc_payloads p
    where p.model = 'Session' and p.id in (${sql.join([...ids])}) and b.session_uid = p.session_uid)`;
}

/** In the same shape as a whole ended session, so that one reader handles both. */
function told(seal: PayloadSeal, farewells: readonly LogoutNotification[]): RawBuilder<unknown> {
  const rows = farewells.map(({ accountId, clientId, sid }) => {
    const id = newId();
    const text = JSON.stringify({ accountId, authorizations: { [clientId]: { sid } } });
    return sql`(${id}::text, ${accountId}::text, ${seal.seal('Session', id, text)}::bytea)`;
  });
  return sql`told as (insert into ended_sessions (id, account_id, payload) values ${sql.join(rows)})`;
}

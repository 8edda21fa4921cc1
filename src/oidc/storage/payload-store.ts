import { type RawBuilder, type Selectable, sql } from 'kysely';
import { type Account, type AccountRow, accountColumns, toAccount } from '../../accounts/directory.ts';
import type { Db } from '../../db/open.ts';
import type { OidcPayloadsTable } from '../../db/schema.ts';
import type { EndedLogin } from './unfinished-logins.ts';

/** One item of the provider as the table holds it: ids are digests, the payload is sealed. */
export interface PayloadRow {
  model: string;
  id: string;
  payload: Uint8Array;
  grantId: string | null;
  sessionUid: string | null;
  accountId: string | null;
}

/** A row to be written. */
export interface NewRow extends PayloadRow {
  /** Of a new login: the digest of its browser. */
  browser: string | null;
}

/** A row that was read. */
export interface StoredPayload extends PayloadRow {
  /** When it was consumed, in seconds since the epoch. */
  consumedAt: number | undefined;
  /** Its remaining seconds, by the database's clock. */
  remaining: number;
  account: Account | undefined;
}

/** A change to be written. A guard is a condition that must hold for anything to be written at all. */
export type Change =
  /** Stores a payload. `mustExist`: it was read before and must still exist; a parallel end wins (guard). */
  | { kind: 'store'; row: NewRow; ttl: number; mustExist: boolean; consume: boolean }
  /** Consumes an item that may be used once (guard, E1). */
  | { kind: 'consume'; model: string; id: string }
  /** Removes a row. `required`: it must still exist (guard). */
  | { kind: 'remove'; model: string; id: string; required: boolean };

/** Removes every row of these models that a grant led to. */
export interface Revocation {
  model: string;
  grantId: string;
}

/** A guard did not hold: another request was first, and nothing was written. */
export class WriteConflict extends Error {
  constructor(cause?: unknown) {
    super('another request was first', { cause });
    this.name = 'LostRace';
  }
}

// What is needed together with a token is fetched with it, in one round trip.
const withRelations: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'AccessToken',
  'Interaction',
]);

type FoundRow = Pick<
  Selectable<OidcPayloadsTable>,
  'model' | 'id' | 'payload' | 'grant_id' | 'session_uid' | 'account_id'
> & {
  consumed_epoch: number | null;
  remaining: number;
  a_id: string | null;
} & { [Column in keyof AccountRow as `a_${Column}`]: AccountRow[Column] | null };

const accountSelection = sql.join(accountColumns.map((column) => sql.raw(`a.${column} as a_${column}`)));

// An account that is disabled or deleted has no session, code, token or grant, at once and everywhere (A55).
const ofActiveAccount = sql`(r.account_id is null or a.status = 'active')`;

// Columns are named, because a column of a later release must not change the result of a prepared statement.
const readColumns = [
  'model',
  'id',
  'payload',
  'grant_id',
  'session_uid',
  'account_id',
  'consumed_at',
  'expires_at',
];
const columnsOf = (table: string): RawBuilder<unknown> =>
  sql.raw(readColumns.map((column) => `${table}.${column}`).join(', '));

function select(source: RawBuilder<unknown>): RawBuilder<FoundRow> {
  return sql<FoundRow>`
    select r.model, r.id, r.payload, r.grant_id, r.session_uid, r.account_id,
      extract(epoch from r.consumed_at)::float8 as consumed_epoch,
      extract(epoch from r.expires_at - now())::float8 as remaining, ${accountSelection}
    from (${source}) r left join accounts a on a.id = r.account_id
    where r.expires_at > now() and ${ofActiveAccount}`;
}

function toStored(row: FoundRow): StoredPayload {
  const account = Object.fromEntries(
    accountColumns.map((column) => [column, row[`a_${column}`]]),
  ) as unknown as AccountRow;
  return {
    model: row.model,
    id: row.id,
    payload: row.payload,
    grantId: row.grant_id,
    sessionUid: row.session_uid,
    accountId: row.account_id,
    consumedAt: row.consumed_epoch ?? undefined,
    remaining: row.remaining,
    account: row.a_id === null ? undefined : toAccount(account),
  };
}

/**
 * Reads a live row, and with a token or code its grant and session. Expired rows, and rows of accounts that
 * may not sign in, are never found. The requested row comes first if it exists.
 */
export async function readPayload(db: Db, model: string, id: string): Promise<StoredPayload[]> {
  const own = sql`select ${columnsOf('p')} from oidc_payloads p where p.model = ${model} and p.id = ${id}`;
  const source = !withRelations.has(model)
    ? own
    : sql`
      with p as materialized (${own})
      select ${columnsOf('p')} from p
      union all select ${columnsOf('g')} from p join oidc_payloads g on g.model = 'Grant' and g.id = p.grant_id
      union all select ${columnsOf('s')} from p join oidc_payloads s on s.model = 'Session' and s.session_uid = p.session_uid`;
  const { rows } = await select(source).execute(db);
  return rows
    .map(toStored)
    .sort((left, right) => Number(right.model === model) - Number(left.model === model));
}

/** Reads the live session with one of these (digested) uids. */
export async function readSessionByUid(db: Db, uids: readonly string[]): Promise<StoredPayload | undefined> {
  const { rows } = await select(
    sql`select ${columnsOf('p')} from oidc_payloads p where p.model = 'Session' and p.session_uid in (${sql.join([...uids])})`,
  ).execute(db);
  return rows[0] === undefined ? undefined : toStored(rows[0]);
}

/** Reads a payload whether or not it has expired: only to say which service a login belonged to. */
export async function readExpiredPayload(
  db: Db,
  model: string,
  ids: readonly string[],
): Promise<{ id: string; payload: Uint8Array } | undefined> {
  return db
    .selectFrom('oidc_payloads')
    .select(['id', 'payload'])
    .where('model', '=', model)
    .where('id', 'in', ids)
    .executeTakeFirst();
}

const divisionByZero = '22012';

function isLostGuard(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === divisionByZero;
}

const deadlock = '40P01';

/** The result row of a statement that ended no login. */
type NoLogin = Record<keyof EndedLogin, null>;

type Store = Extract<Change, { kind: 'store' }>;

function values(rows: readonly Store[]): RawBuilder<unknown> {
  return sql.join(
    rows.map(
      ({ row, ttl, consume }) => sql`(${row.model}::text, ${row.id}::text, ${Buffer.from(row.payload)}::bytea,
        ${row.grantId}::text, ${row.sessionUid}::text, ${row.accountId}::text,
        now() + make_interval(secs => ${ttl}::float8), ${consume}::boolean, ${row.browser}::text)`,
    ),
  );
}

const columns = sql`(model, id, payload, grant_id, session_uid, account_id, expires_at, consume, browser)`;

/** The parts of the one statement, and how many rows each guarded part must touch. */
function statementParts(changes: readonly Change[], revocations: readonly Revocation[]) {
  const parts: RawBuilder<unknown>[] = [];
  const guards: RawBuilder<unknown>[] = [];
  const stores = changes.filter((change) => change.kind === 'store');
  const added = stores.filter((change) => !change.mustExist);
  const kept = stores.filter((change) => change.mustExist);
  const consumed = changes.filter((change) => change.kind === 'consume');
  const removed = changes.filter((change) => change.kind === 'remove');

  if (added.length > 0) {
    // An upsert never un-consumes: `consumed_at` is not among the columns that a conflict updates.
    parts.push(sql`added as (
      insert into oidc_payloads
        (model, id, payload, grant_id, session_uid, account_id, expires_at, consumed_at, browser)
      select model, id, payload, grant_id, session_uid, account_id, expires_at, case when consume then now() end, browser
      from (values ${values(added)}) v ${columns}
      on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
        session_uid = excluded.session_uid, account_id = excluded.account_id, expires_at = excluded.expires_at
      where oidc_payloads.model <> 'ReplayDetection' or oidc_payloads.expires_at <= now()
      returning 1)`);
    guards.push(sql`(select count(*) from added) = ${added.length}`);
  }
  if (kept.length > 0) {
    parts.push(sql`kept as (
      update oidc_payloads p set payload = v.payload, grant_id = v.grant_id, session_uid = v.session_uid,
        account_id = v.account_id, expires_at = v.expires_at,
        consumed_at = case when v.consume then now() else p.consumed_at end
      from (values ${values(kept)}) v ${columns}
      where p.model = v.model and p.id = v.id and p.expires_at > now() and (p.consumed_at is null or not v.consume)
      returning 1)`);
    guards.push(sql`(select count(*) from kept) = ${kept.length}`);
  }
  if (consumed.length > 0) {
    const keys = sql.join(consumed.map(({ model, id }) => sql`(${model}::text, ${id}::text)`));
    parts.push(sql`consumed as (
      update oidc_payloads p set consumed_at = now() from (values ${keys}) v (model, id)
      where p.model = v.model and p.id = v.id and p.consumed_at is null and p.expires_at > now()
      returning 1)`);
    guards.push(sql`(select count(*) from consumed) = ${consumed.length}`);
  }
  if (removed.length > 0 || revocations.length > 0) {
    const targets = [
      ...removed.map(
        ({ model, id, required }) =>
          sql`select ${model}::text as model, ${id}::text as id, ${required}::boolean as required`,
      ),
      ...revocations.map(
        ({ model, grantId }) =>
          sql`select model, id, false from oidc_payloads where grant_id = ${grantId} and model = ${model}`,
      ),
    ];
    // One target per row, so that no row is touched twice.
    parts.push(sql`removed as (
      delete from oidc_payloads p using (
        select model, id, bool_or(required) as required from (${sql.join(targets, sql` union all `)}) t (model, id, required)
        group by model, id) v
      where p.model = v.model and p.id = v.id
      returning v.required)`);
    const required = removed.filter((change) => change.required).length;
    if (required > 0) guards.push(sql`(select count(*) from removed where required) = ${required}`);
  }
  return { parts, guards };
}

/**
 * Writes everything in one statement (one round trip, one commit), or nothing when a guard does not hold: a
 * division by zero reports that and undoes the whole statement, whatever the other parts did.
 * @param beside further parts of the statement; their conditions are evaluated first.
 * @returns the logins that were ended to make room for the one that begins.
 * @throws WriteConflict when a guard does not hold.
 */
export async function writeChanges(
  db: Db,
  changes: readonly Change[],
  revocations: readonly Revocation[] = [],
  beside: StatementParts = { parts: [], guards: [] },
): Promise<EndedLogin[]> {
  const own = statementParts(changes, revocations);
  const parts = [...beside.parts, ...own.parts];
  // The order matters: a condition that waits for another transaction waits before any row is touched.
  const guards = [...beside.guards, ...own.guards];
  if (parts.length === 0) return [];
  const verdict =
    guards.length === 0
      ? sql`select 1 as written`
      : sql`select 1 / (case when ${sql.join(guards, sql` and `)} then 1 else 0 end) as written`;
  const outcome =
    beside.endsLogins === true
      ? sql`select v.written, s.id, s.payload from (${verdict}) v left join surplus s on true`
      : verdict;
  const statement = sql<Partial<EndedLogin> | NoLogin>`with ${sql.join(parts)} ${outcome}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const { rows } = await statement.execute(db);
      return rows.filter((row): row is EndedLogin => typeof row.id === 'string');
    } catch (error) {
      if (isLostGuard(error)) throw new WriteConflict(error);
      // Two statements locked the same rows in a different order; the database aborted this one, whole.
      const code =
        typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
      if (code !== deadlock || attempt >= 2 || db.isTransaction) throw error;
    }
  }
}

/** Parts of the one statement that a request writes, and the conditions for writing it at all. */
export interface StatementParts {
  parts: readonly RawBuilder<unknown>[];
  guards: readonly RawBuilder<unknown>[];
  /** Whether a part `surplus` returns logins that were ended to make room. */
  endsLogins?: boolean;
}

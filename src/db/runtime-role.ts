import { type RawBuilder, sql } from 'kysely';
import type { Db } from './open.ts';
import type { Schema } from './schema.ts';
import { inTransaction } from './transaction.ts';

type Right = 'select' | 'insert' | 'update' | 'delete';

const look: readonly Right[] = ['select'];
const append: readonly Right[] = ['select', 'insert'];
const keep: readonly Right[] = ['select', 'insert', 'update'];
const all: readonly Right[] = ['select', 'insert', 'update', 'delete'];

/**
 * The rights that serving needs on each table, and no others: a compromised program can add to the log, but
 * not change or delete its rows (C42). The commands for operators need no more, except `migrate`.
 */
export const runtimeRights: Readonly<Record<keyof Schema, readonly Right[]>> = {
  audit_events: append,
  audit_links: append,
  audit_unlinked: ['select', 'insert', 'delete'],
  desk_approvals: append,
  desk_revoked_sessions: append,
  identity_checks: append,
  setup_passes: keep,
  desk_cases: keep,
  desk_calendar: ['select', 'update'],
  desk_days: all,
  accounts: keep,
  passwords: keep,
  import_memory: keep,
  mail_factors: keep,
  app_factors: keep,
  acknowledgements: append,
  recovery_sheets: keep,
  recovery_codes: all,
  passkeys: keep,
  passkey_challenges: all,
  factor_changes: all,
  factor_failures: all,
  trusted_browsers: all,
  known_browsers: all,
  notice_links: all,
  offers: keep,
  sign_ins: all,
  challenges: all,
  limits: all,
  mails: all,
  clients: all,
  client_versions: append,
  instance_secrets: keep,
  installation: keep,
  signing_keys: keep,
  oidc_payloads: all,
  browser_sessions: all,
  ended_sessions: all,
  write_probes: all,
};

// An arbitrary lock number that nothing else in this program uses.
const lockNumber = 7_203_118_004;

// Kysely's own: the pending migrations are read at every start.
const migrationTables = ['kysely_migration', 'kysely_migration_lock'];

/** Why a role cannot be the runtime role. */
export type RoleFault = 'unknown' | 'superuser' | 'owner';

/**
 * Gives a role the rights that serving needs and revokes all others on these tables; safe to repeat. A role
 * that rights do not bind is refused: a superuser, an owner of the tables, or a member of the owner.
 * @returns what is wrong with the role; then nothing was changed.
 */
export async function grantRuntimeRights(db: Db, role: string): Promise<RoleFault | undefined> {
  const fault = await roleFault(db, role);
  if (fault !== undefined) return fault;
  const to = sql.id(role);
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db);
  const database = sql.id(rows[0]?.name ?? '');
  await inTransaction(db, async (trx) => {
    const run = (statement: RawBuilder<unknown>) => statement.execute(trx);
    // When two sessions change the rights of one table at once, Postgres fails the second.
    await run(sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`);
    await run(sql`grant connect on database ${database} to ${to}`);
    await run(sql`revoke all on schema public from ${to}`);
    await run(sql`grant usage on schema public to ${to}`);
    await run(sql`revoke all on all tables in schema public from ${to}`);
    for (const [table, rights] of Object.entries(runtimeRights))
      await run(sql`grant ${sql.raw(rights.join(', '))} on ${sql.table(table)} to ${to}`);
    for (const table of migrationTables)
      await run(sql`grant ${sql.raw(look.join(', '))} on ${sql.table(table)} to ${to}`);
  });
  return undefined;
}

async function roleFault(db: Db, role: string): Promise<RoleFault | undefined> {
  const { rows } = await sql<{ superuser: boolean; owner: boolean }>`
    select r.rolsuper as superuser, exists (select from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and pg_has_role(r.oid, c.relowner, 'member')) as owner
    from pg_roles r where r.rolname = ${role}`.execute(db);
  const [found] = rows;
  if (found === undefined) return 'unknown';
  if (found.superuser) return 'superuser';
  return found.owner ? 'owner' : undefined;
}

/** What the connected role could do to the audit log, and which rights it lacks. */
export interface ConnectedRole {
  name: string;
  superuser: boolean;
  /** The role could grant itself every right, and disable the triggers. */
  owner: boolean;
  /** Tables of the log that the role could change or delete from, but for their triggers. */
  mayChange: readonly string[];
  /** Rights that serving needs and the role lacks, as `right on table`. */
  lacks: readonly string[];
}

export async function connectedRole(db: Db): Promise<ConnectedRole> {
  const { rows } = await sql<{ name: string; superuser: boolean; owner: boolean; change: string[] }>`
    select current_user::text as name, r.rolsuper as superuser,
      exists (select from pg_class c where c.oid = 'audit_events'::regclass
        and pg_has_role(current_user, c.relowner, 'member')) as owner,
      array(select t from unnest(array['audit_events', 'audit_links', 'desk_approvals']) t
        where has_table_privilege(t, 'update, delete, truncate') or has_any_column_privilege(t, 'update'))
        as change
    from pg_roles r where r.rolname = current_user`.execute(db);
  const [found] = rows;
  if (found === undefined) throw new Error('the connected role is not known');
  const needed = Object.entries(runtimeRights).flatMap(([table, rights]) =>
    rights.map((right) => ({ name: table, wanted: right })),
  );
  const lacking = await sql<{ lacks: string }>`
    select n.wanted || ' on ' || n.name as lacks
    from jsonb_to_recordset(${JSON.stringify(needed)}::jsonb) as n(name text, wanted text)
    where not has_table_privilege(n.name, n.wanted)`.execute(db);
  const { name, superuser, owner, change } = found;
  return { name, superuser, owner, mayChange: change, lacks: lacking.rows.map(({ lacks }) => lacks) };
}

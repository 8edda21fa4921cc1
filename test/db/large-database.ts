import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import type { Db } from '../../src/db/open.ts';

/** A university's database as release 0.1.0's first migration keeps it: 30,000 accounts, 1.5 million events. */
export async function fillUniversity(db: Db, size = { accounts: 30_000, events: 1_500_000 }): Promise<void> {
  const { accounts, events } = size;
  const of = (count: number) => sql.raw(`generate_series(1, ${count}) n`);
  const account = sql.raw(`'a' || (n % ${accounts})`);
  const run = async (statement: ReturnType<typeof sql>) => {
    await statement.execute(db);
  };
  await run(
    sql`insert into accounts (id, login_id, kind) select 'a' || n - 1, 'id' || n - 1, 'ecs' from ${of(accounts)}`,
  );
  await run(sql`insert into passwords (account_id, phc) select ${account}, 'phc' from ${of(accounts)}`);
  await run(
    sql`insert into mail_factors (id, account_id, address) select 'm' || n, ${account}, n || '@mail.example' from ${of(accounts)}`,
  );
  await run(sql`insert into app_factors (id, account_id, name, secret_sealed, last_step)
    select 'f' || n, ${account}, 'app', decode(repeat('ab', 60), 'hex'), 1 from ${of(accounts)}`);
  await run(sql`insert into sign_ins (interaction, account_id, client_id, browser, factor, way, expires_at)
    select 'i' || n, ${account}, 'rp', md5(n::text), 'mail', 'app', now() + interval '1 hour' from ${of(accounts * 3)}`);
  await run(sql`insert into challenges (id, interaction, account_id, purpose, address, reference, expires_at)
    select 'c' || n, 'i' || n, ${account}, 'sign-in', 'a@mail.example', 'REF', now() + interval '1 hour' from ${of(accounts * 3)}`);
  await run(sql`insert into mails (id, account_id, kind, locale, to_address, model, state, expires_at)
    select 'l' || n, ${account}, 'code', 'en', 'a@mail.example', '{}', 'handed-over', now() + interval '1 hour' from ${of(accounts * 3)}`);
  await run(
    sql`insert into limits (key, hits, expires_at) select 'k' || n, array[now()], now() + interval '1 hour' from ${of(accounts * 3)}`,
  );
  await run(sql`insert into oidc_payloads (model, id, payload, account_id, session_uid, expires_at)
    select 'Session', 's' || n, decode(repeat('ab', 400), 'hex'), ${account}, 'u' || n, now() + interval '1 hour' from ${of(accounts * 3)}`);
  for (let from = 0; from < events; from += 250_000)
    await run(sql`insert into audit_events (event, result, actor, account_id, details)
      select 'sign-in.succeeded', 'success', ${account}, ${account}, '{"client": "rp", "factor": "app"}'
      from ${of(Math.min(250_000, events - from))}`);
  await sql`analyze`.execute(db);
}

/** Tables that a later migration adds and that grow; filled once they are there and empty. */
export async function fillFurther(db: Db): Promise<void> {
  const further: Record<string, string> = {
    known_browsers: `(account_id, browser, user_agent, network) select 'a' || n % 30000, 'b' || n, 'agent', 'net' from generate_series(1, 90000) n`,
    browser_sessions: `(session_uid, account_id, user_agent, address) select 'u' || n, 'a' || n % 30000, 'agent', 'net' from generate_series(1, 90000) n`,
    recovery_sheets: `(id, account_id, number) select 's' || n, 'a' || n, n from generate_series(0, 29999) n`,
    recovery_codes: `(sheet_id, account_id, digest) select 's' || n % 30000, 'a' || n % 30000, 'd' || n from generate_series(0, 299999) n`,
    audit_links: `(position, event_id, digest) select id, id, 'digest' from audit_events`,
  };
  for (const [table, rows] of Object.entries(further)) {
    const { rows: found } = await sql<{
      there: boolean;
    }>`select to_regclass(${table}::text) is not null as there`.execute(db);
    if (found[0]?.there !== true) continue;
    const { rows: some } = await sql`select from ${sql.table(table)} limit 1`.execute(db);
    if (some.length === 0) await sql.raw(`insert into ${table} ${rows}`).execute(db);
  }
}

/** Signs in over and over, with the statements of release 0.1.0's first schema, until it is stopped. */
export function startLogins(
  db: Db,
  people = 4,
): { failures: unknown[]; count(): number; stop(): Promise<void> } {
  const failures: unknown[] = [];
  let count = 0;
  let stopped = false;
  const login = async (): Promise<void> => {
    const id = randomBytes(8).toString('hex');
    const account = `a${Math.floor(Math.random() * 30_000)}`;
    await sql`insert into limits (key, hits, expires_at) values (${id}, array[now()], now() + interval '1 hour')
      on conflict (key) do update set hits = limits.hits || now()`.execute(db);
    await sql`select a.id, a.status, p.phc from accounts a join passwords p on p.account_id = a.id where a.login_id = ${`id${account.slice(1)}`}`.execute(
      db,
    );
    await db.transaction().execute(async (trx) => {
      await sql`select id from accounts where id = ${account} for no key update`.execute(trx);
      await sql`insert into sign_ins (interaction, account_id, client_id, browser, expires_at)
        values (${id}, ${account}, 'rp', 'browser', now() + interval '1 hour')`.execute(trx);
      await sql`insert into challenges (id, interaction, account_id, purpose, address, reference, expires_at)
        values (${id}, ${id}, ${account}, 'sign-in', 'a@mail.example', 'REF', now() + interval '1 hour')`.execute(
        trx,
      );
      await sql`insert into mails (id, account_id, kind, locale, to_address, model, expires_at)
        values (${id}, ${account}, 'code', 'en', 'a@mail.example', '{}', now() + interval '1 hour')`.execute(
        trx,
      );
    });
    await sql`select id, address from mail_factors where account_id = ${account} and state = 'active'`.execute(
      db,
    );
    await db.transaction().execute(async (trx) => {
      await sql`update app_factors set last_step = last_step + 1, last_used_at = now() where account_id = ${account}`.execute(
        trx,
      );
      await sql`update mail_factors set last_used_at = now() where account_id = ${account}`.execute(trx);
      await sql`update challenges set consumed_at = now() where id = ${id} and consumed_at is null`.execute(
        trx,
      );
      await sql`update sign_ins set factor = 'mail', factor_at = now(), way = 'mail' where interaction = ${id}`.execute(
        trx,
      );
      await sql`update accounts set updated_at = now() where id = ${account}`.execute(trx);
      await sql`insert into audit_events (event, result, account_id) values ('sign-in.succeeded', 'success', ${account})`.execute(
        trx,
      );
    });
    await sql`insert into oidc_payloads (model, id, payload, account_id, expires_at)
      values ('AuthorizationCode', ${id}, 'x', ${account}, now() + interval '1 minute')`.execute(db);
    await sql`update oidc_payloads set consumed_at = now() where model = 'AuthorizationCode' and id = ${id} and consumed_at is null`.execute(
      db,
    );
    await sql`select event, at from audit_events where account_id = ${account} order by id desc limit 20`.execute(
      db,
    );
    await sql`update sign_ins set finished_at = now() where interaction = ${id}`.execute(db);
  };
  const person = async (): Promise<void> => {
    while (!stopped) {
      try {
        await login();
        count += 1;
      } catch (error) {
        failures.push(error);
      }
      await pause(10);
    }
  };
  const running = Array.from({ length: people }, person);
  return {
    failures,
    count: () => count,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** A lock that stops statements of a login, and for how long it was seen, held or waited for. */
export interface SeenLock {
  table: string;
  mode: string;
  milliseconds: number;
}

/**
 * Looks every few milliseconds which locks on tables in use stop reading or writing there. What it tells is
 * what it saw, from the first to the last look: never more than there was, however slow the machine is.
 */
export async function watchLocks(url: string, application: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ oids: string[] }>(
    `select array_agg(oid::text) as oids from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  const seen = new Map<string, { table: string; mode: string; first: number; last: number }>();
  let stopped = false;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const { rows: locks } = await client.query<{ held: string; table: string; mode: string; at: number }>({
        name: 'locks',
        text: `select l.virtualtransaction || l.relation::text || l.mode as held, l.relation::regclass::text as table,
            l.mode, extract(epoch from clock_timestamp())::float8 * 1000 as at
          from pg_locks l join pg_stat_activity a on a.pid = l.pid
          where l.locktype = 'relation' and a.application_name = $1 and l.relation = any($2::text[]::oid[])
            and l.database = (select oid from pg_database where datname = current_database())
            and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
        values: [application, rows[0]?.oids ?? []],
      });
      for (const { held, table, mode, at } of locks) {
        const known = seen.get(held);
        if (known === undefined) seen.set(held, { table, mode, first: at, last: at });
        else known.last = at;
      }
      await pause(5);
    }
  };
  const watching = watch();
  return {
    async stop(): Promise<SeenLock[]> {
      stopped = true;
      await watching;
      await client.end();
      return [...seen.values()].map(({ table, mode, first, last }) => ({
        table,
        mode,
        milliseconds: last - first,
      }));
    },
  };
}

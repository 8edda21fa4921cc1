import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createNodeClock } from '../../src/base/node-clock.ts';
import { probeOneRow } from '../../src/db/write-probe.ts';
import { createHealth, type Health } from '../../src/observe/health.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';

describeOnEveryDatabase('S25: ready says whether a sign-in can be written down', (open) => {
  let database: TestDatabase;
  const healths: Health[] = [];
  beforeAll(async () => {
    database = await open();
  });
  afterEach(() => {
    for (const health of healths.splice(0)) health.stop();
  });
  afterAll(() => database.close());

  async function watch(options: Partial<Parameters<typeof createHealth>[0]> = {}): Promise<Health> {
    const health = createHealth({
      db: await database.connect(),
      logger: silentLogger(),
      growing: true,
      ...options,
    });
    healths.push(health);
    await health.start();
    return health;
  }
  async function becomes(health: Health, expected: boolean): Promise<void> {
    for (let attempt = 0; health.ready() !== expected; attempt += 1) {
      if (attempt === 200) throw new Error(`ready is never ${expected}`);
      await pause(50);
    }
  }
  /** As a server is that was made read-only, for sessions old and new. */
  async function setReadOnly(yes: boolean): Promise<void> {
    if (database.kind === 'pglite') {
      await sql`set default_transaction_read_only = ${sql.raw(yes ? 'on' : 'off')}`.execute(database.db);
      return;
    }
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(database.db);
    await database.db.transaction().execute(async (trx) => {
      await sql`set transaction read write`.execute(trx);
      const name = sql.id(rows[0]?.name ?? '');
      await sql`alter database ${name} set default_transaction_read_only = ${sql.raw(yes ? 'on' : 'off')}`.execute(
        trx,
      );
    });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(database.db);
  }

  test('S25: a server that writes is ready; one that is read-only is not, and is again when it writes', async () => {
    const health = await watch();
    expect(health.ready()).toBe(true);
    await setReadOnly(true);
    await becomes(health, false);
    await setReadOnly(false);
    await becomes(health, true);
  });

  test('S25: a disk that has no room for another page is not ready', async () => {
    await sql`create function no_room() returns trigger language plpgsql as $$ begin
      if length(new.padding) > 5000 then raise exception 'could not extend file' using errcode = '53100'; end if;
      return new; end $$`.execute(database.db);
    await sql`create trigger no_room before insert on write_probes for each row execute function no_room()`.execute(
      database.db,
    );
    const health = await watch();
    expect(health.ready()).toBe(false);
    await sql`drop trigger no_room on write_probes`.execute(database.db);
    await becomes(health, true);
  });

  test('S25: a server that answers too late each time is never ready in between', async () => {
    // There it would sleep in this very process.
    if (database.kind === 'pglite') return;
    await sql`create function slow() returns trigger language plpgsql as $$ begin
      perform pg_sleep(1.8); return new; end $$`.execute(database.db);
    await sql`create trigger slow before insert on write_probes for each row execute function slow()`.execute(
      database.db,
    );
    const health = await watch();
    const seen = new Set<boolean>();
    for (let look = 0; look < 80; look += 1) {
      seen.add(health.ready());
      await pause(50);
    }
    expect([...seen]).toEqual([false]);
    await sql`drop trigger slow on write_probes`.execute(database.db);
    await becomes(health, true);
  });

  test('S25: what the probes write is swept, and stays small', async () => {
    const health = await watch();
    await pause(2500);
    expect(health.ready()).toBe(true);
    await sql`update write_probes set at = at - interval '1 minute'`.execute(database.db);
    await pause(1500);
    const { rows } = await sql<{ old: string }>`
      select count(*) as old from write_probes where at < clock_timestamp() - interval '30 seconds'`.execute(
      database.db,
    );
    expect(Number(rows[0]?.old)).toBe(0);
  });

  test('S25: a database that nothing vacuums does not grow by being asked', async () => {
    const ask = async (times: number): Promise<{ rows: number; pages: number }> => {
      for (let count = 0; count < times; count += 1)
        expect((await probeOneRow(database.db)).databaseMs).toBeGreaterThan(0);
      const { rows } = await sql<{ rows: number; pages: number }>`
        select count(*)::int as rows, (pg_relation_size('write_probes') / 8192)::int as pages from write_probes`.execute(
        database.db,
      );
      return rows[0] ?? { rows: 0, pages: 0 };
    };
    await sql`delete from write_probes`.execute(database.db);
    const before = await ask(300);
    const after = await ask(1500);
    expect(after.rows).toBe(before.rows);
    // As many rows that are deleted one by one would take five.
    expect(after.pages - before.pages).toBeLessThan(3);
    if (database.kind === 'postgres') return;
    const health = await watch({ growing: false });
    await pause(1500);
    expect(health.ready()).toBe(true);
    const kept = await sql<{ rows: number }>`select count(*)::int as rows from write_probes`.execute(
      database.db,
    );
    expect(kept.rows[0]?.rows).toBe(1);
  });

  test('S26: a system clock beyond the limit is not ready, whichever way; the time is the database’s all the same', async () => {
    for (const wrongMs of [-400_000, 400_000]) {
      let offset = wrongMs;
      const clock = createNodeClock(() => Date.now() + offset);
      const health = await watch({ clock, clockLimitMs: 300_000 });
      expect(health.ready()).toBe(false);
      expect(Math.abs(clock.now() - Date.now())).toBeLessThan(2000);
      // The clock is set: it steps, and the time that goes out does not.
      offset = 0;
      expect(Math.abs(clock.now() - Date.now())).toBeLessThan(2000);
      await becomes(health, true);
    }
  });
});

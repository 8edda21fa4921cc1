import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { loadMigrations, type LoadedMigration } from '../../src/db/migrations/load.ts';
import { runPending } from '../../src/db/migrations/run.ts';
import { type Db, openForMigrations, openPostgres } from '../../src/db/open.ts';
import { openEmptyPostgres, type TestDatabase } from '../support/databases.ts';
import { catalogOf } from '../support/catalog.ts';
import { fillFurther, fillUniversity, startLogins, watchLocks } from './large-database.ts';

const [firstReleased] = await loadMigrations(path.join(import.meta.dirname, 'released'));
const migrations = await loadMigrations();
const application = 'the-migration';

describe('S21: beside logins, on 30,000 accounts and 1.5 million events', () => {
  let database: TestDatabase;
  let url: string;
  let migrating: Db;
  let serving: Db;
  const role = `serving_${randomBytes(4).toString('hex')}`;

  beforeAll(async () => {
    database = await openEmptyPostgres();
    url = String(database.url);
    const apart = new URL(url);
    apart.searchParams.set('application_name', application);
    migrating = openForMigrations({ ...databaseSchema.parse({}), url: apart.href }, () => undefined);
    if (firstReleased === undefined) throw new Error('there is no released migration');
    await carryOut(firstReleased);
    await fillUniversity(migrating);
    // Whoever serves owns nothing: what a migration adds may need rights that this role does not have yet.
    await sql.raw(`create role ${role} login password 'serving'`).execute(database.db);
    const restricted = new URL(url);
    restricted.username = role;
    restricted.password = 'serving';
    // As a node is configured where nothing is.
    serving = openPostgres({ ...databaseSchema.parse({}), url: restricted.href }, () => undefined);
  }, 300_000);

  afterAll(async () => {
    await Promise.all([serving.destroy(), migrating.destroy()]);
    await sql.raw(`drop owned by ${role}; drop role ${role}`).execute(database.db);
    await database.close();
  }, 60_000);

  const carryOut = (migration: LoadedMigration) =>
    runPending(migrating, [migration], { report: () => undefined, lockTimeoutMs: 100, patienceMs: 120_000 });

  test.each(migrations.slice(1).map((migration) => [migration.name, migration] as const))(
    '%s holds no lock for 200 ms, and no login fails',
    async (_, migration) => {
      await fillFurther(migrating);
      // The rights of the release that serves now: of tables that are there before.
      await sql
        .raw(`grant select, insert, update, delete on all tables in schema public to ${role}`)
        .execute(migrating);
      const logins = startLogins(migration.name === '0005-audit-chain' ? database.db : serving);
      const locks = await watchLocks(url, application);
      try {
        expect(await carryOut(migration)).toEqual([migration.name]);
      } finally {
        await logins.stop();
      }
      expect((await locks.stop()).filter(({ milliseconds }) => milliseconds >= 200)).toEqual([]);
      expect(logins.failures).toEqual([]);
      expect(logins.count()).toBeGreaterThan(0);
    },
    300_000,
  );

  test('nothing was lost on the way: every event waits for its link, once', async () => {
    const { rows } = await sql<{ events: number; missing: number }>`
      select count(*)::int as events, count(*) filter (where u.event_id is null and l.event_id is null)::int as missing
      from audit_events e left join audit_unlinked u on u.event_id = e.id
        left join audit_links l on l.event_id = e.id`.execute(migrating);
    expect(rows[0]?.events).toBeGreaterThanOrEqual(1_500_000);
    expect(rows[0]?.missing).toBe(0);
  }, 120_000);

  test('a migration that takes a bad lock would be noticed by this very test', async () => {
    const locks = await watchLocks(url, application);
    await carryOut({
      name: '9998-bad',
      work: {
        up: async (db) => void (await sql`create index bad on audit_events (actor, event)`.execute(db)),
      },
    });
    const seen = await locks.stop();
    expect(seen.some(({ table, milliseconds }) => table === 'audit_events' && milliseconds >= 200)).toBe(
      true,
    );
  }, 120_000);

  test('what it ends in has no index that is not valid, and nothing of the migration itself', async () => {
    await sql`drop index bad`.execute(migrating);
    const lines = await catalogOf(migrating);
    expect(lines.filter((line) => /nijo_migration_progress|^index \S+ false/.test(line))).toEqual([]);
  });
});

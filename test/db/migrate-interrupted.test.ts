import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { migrate } from '../../src/db/migrate.ts';
import { loadMigrations, type MigrationStep } from '../../src/db/migrations/load.ts';
import { runPending } from '../../src/db/migrations/run.ts';
import type { Db } from '../../src/db/open.ts';
import { catalogOf } from '../support/catalog.ts';
import { openEmptyEmbedded, openEmptyPostgres, type TestDatabase } from '../support/databases.ts';

const root = path.join(import.meta.dirname, '../..');
const released = await loadMigrations(path.join(import.meta.dirname, 'released'));
const patience = { report: () => undefined, lockTimeoutMs: 100, patienceMs: 20_000 };

/** `nijo migrate`, run as an operator runs it. */
function startMigrate(databaseUrl: string): {
  child: ChildProcess;
  said(): string;
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, ['src/cli/nijo.ts', 'migrate'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      NIJO_SECRET: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo',
      NIJO_ISSUER: 'https://idp.example',
      SMTP_URL: 'smtp://127.0.0.1:9',
      NIJO_MAIL_FROM: 'idp@idp.example',
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  return {
    child,
    said: () => text,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

/** Waits until something holds, or the program it is asked of has ended. */
async function until(run: { child: ChildProcess }, holds: () => boolean | Promise<boolean>): Promise<void> {
  while (run.child.exitCode === null && !(await holds()))
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
}

const unfinished: TestDatabase[] = [];
afterEach(async () => {
  await Promise.all(unfinished.splice(0).map((database) => database.close()));
});
async function openOld(count: number, events: number): Promise<TestDatabase> {
  const database = await openEmptyPostgres();
  unfinished.push(database);
  await runPending(database.db, released.slice(0, count), patience);
  await sql`insert into audit_events (event, result) select 'x', 'success' from generate_series(1, ${events}::int)`.execute(
    database.db,
  );
  return database;
}
async function nothingLost(db: Db, events: number): Promise<void> {
  const { rows } = await sql<{
    waiting: number;
  }>`select count(*)::int as waiting from audit_unlinked`.execute(db);
  expect(rows[0]?.waiting).toBe(events);
  const fresh = await openEmptyPostgres();
  unfinished.push(fresh);
  await migrate(fresh.db);
  expect(await catalogOf(db)).toEqual(await catalogOf(fresh.db));
}

describe('S21: nijo migrate that is interrupted', () => {
  test('killed in the middle, the next one goes on there', async () => {
    const { db, url } = await openOld(4, 100_000);
    const first = startMigrate(String(url));
    await until(first, () => first.said().includes('step 3 of 5'));
    // Some batches are in.
    await until(first, async () => {
      const { rows } = await sql<{ cursor: string | null }>`
        select cursor from nijo_migration_progress where cursor is not null`.execute(db);
      return rows.length > 0;
    });
    first.child.kill('SIGKILL');
    await first.ended;
    const second = startMigrate(String(url));
    expect(await second.ended).toBe(0);
    expect(second.said()).toContain('0005-audit-chain: goes on after step 2 of 5');
    expect(second.said()).toContain('Applied: 0005-audit-chain');
    await nothingLost(db, 100_000);
  }, 60_000);

  test('killed at any moment and started again until it is through, it ends as a new database does', async () => {
    const { db, url } = await openOld(1, 20_000);
    const codes: (number | null)[] = [];
    while (codes.at(-1) !== 0 && codes.at(-1) !== 1) {
      const run = startMigrate(String(url));
      const lines = 2 + codes.length * 9;
      await until(run, () => run.said().split('\n').length > lines);
      run.child.kill('SIGKILL');
      codes.push(await run.ended);
    }
    expect(codes.length).toBeGreaterThan(2);
    expect(codes.at(-1)).toBe(0);
    await nothingLost(db, 20_000);
  }, 120_000);

  test('of two at once, one does the work and the other says that it waits', async () => {
    const { db, url } = await openOld(1, 50_000);
    const runs = [startMigrate(String(url)), startMigrate(String(url))];
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([0, 0]);
    const said = runs.map((run) => run.said());
    expect(said.filter((text) => text.includes('Applied: '))).toHaveLength(1);
    expect(said.filter((text) => text.includes('up to date'))).toHaveLength(1);
    await nothingLost(db, 50_000);
  }, 60_000);
});

test('S21: a role that may not migrate is told which one may, and nothing is changed', async () => {
  const { db, url } = await openOld(5, 1);
  const role = `serves_${randomBytes(4).toString('hex')}`;
  await sql`create role ${sql.id(role)} login password 'serves'`.execute(db);
  try {
    await sql`grant select on kysely_migration to ${sql.id(role)}`.execute(db);
    const before = await catalogOf(db);
    const address = new URL(String(url));
    [address.username, address.password] = [role, 'serves'];
    const run = startMigrate(address.href);
    expect(await run.ended).toBe(1);
    expect(run.said()).toContain('permission denied');
    expect(run.said()).toContain('the role that owns the tables');
    expect(await catalogOf(db)).toEqual(before);
  } finally {
    await sql`drop owned by ${sql.id(role)}`.execute(db);
    await sql`drop role ${sql.id(role)}`.execute(db);
  }
}, 60_000);

describe.each([
  ['PGlite', openEmptyEmbedded],
  ['Postgres', openEmptyPostgres],
])('S21: steps on %s', (_, open) => {
  const migrationOf = (steps: readonly MigrationStep[]) => [{ name: '0001-one', work: { steps } }];
  async function onEmpty(work: (db: Db) => Promise<void>): Promise<void> {
    const database = await open();
    try {
      await work(database.db);
    } finally {
      await database.close();
    }
  }

  test('an index that a failed try left is dropped and made again', () =>
    onEmpty(async (db) => {
      const steps = migrationOf([
        { transaction: ['create table t (id text)', `insert into t values ('a'), ('a'), ('b')`] },
        { concurrently: 'create unique index concurrently t_id on t (id)' },
      ]);
      await expect(runPending(db, steps, patience)).rejects.toMatchObject({ code: '23505' });
      await sql`delete from t where ctid = (select min(ctid) from t)`.execute(db);
      expect(await runPending(db, steps, patience)).toEqual(['0001-one']);
      const { rows } = await sql<{ valid: boolean }>`
        select indisvalid as valid from pg_index where indexrelid = 't_id'::regclass`.execute(db);
      expect(rows).toEqual([{ valid: true }]);
    }));

  test('what was done before a fault stays, and is not done again', () =>
    onEmpty(async (db) => {
      const good: MigrationStep = { transaction: ['create table t (id text)'] };
      await expect(
        runPending(
          db,
          migrationOf([good, { transaction: ['create table u (id text)', 'not sql'] }]),
          patience,
        ),
      ).rejects.toMatchObject({ code: '42601' });
      const { rows } = await sql<{ u: string | null }>`select to_regclass('u')::text as u`.execute(db);
      expect(rows).toEqual([{ u: null }]);
      // Mended where it failed: what stands before is as it was.
      const mended: MigrationStep = { transaction: ['create table u (id text)'] };
      expect(await runPending(db, migrationOf([good, mended]), patience)).toEqual(['0001-one']);
    }));

  test('a release whose first steps are others does not go on with what another one began', () =>
    onEmpty(async (db) => {
      const begun = migrationOf([
        { transaction: ['create table t (id text)'] },
        { transaction: ['not sql'] },
      ]);
      await expect(runPending(db, begun, patience)).rejects.toMatchObject({ code: '42601' });
      const other = migrationOf([{ transaction: ['create table other (id text)'] }]);
      await expect(runPending(db, other, patience)).rejects.toThrow('Another release began 0001-one');
    }));

  test('batches go on until nothing is left, each with the cursor of the one before', () =>
    onEmpty(async (db) => {
      await runPending(
        db,
        migrationOf([
          {
            transaction: [
              'create table t (id integer primary key, filled integer)',
              'insert into t select n from generate_series(1, 25) n',
            ],
          },
          {
            batches: `with batch as (select id from t where id > coalesce($1::integer, 0) order by id limit 10),
              changed as (update t set filled = coalesce(filled, 0) + 1 from batch where t.id = batch.id)
              select max(id)::text from batch`,
          },
        ]),
        patience,
      );
      const { rows } = await sql<{
        once: number;
      }>`select count(*)::int as once from t where filled = 1`.execute(db);
      expect(rows).toEqual([{ once: 25 }]);
    }));
});

describe('S21: a file that is no migration', () => {
  test.each([
    ['export const nothing = 1;', 'must export either `steps` (an array) or `up` (a function)'],
    ['export const steps = [{ transaction: [] }];', 'step 1 must be one of'],
    [
      `export const steps = [{ concurrently: 'create index concurrently on t (id)' }];`,
      'step 1 must be one of',
    ],
  ])('%s', async (text, message) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'nijo-migrations-'));
    try {
      await writeFile(path.join(folder, '0001-wrong.ts'), text);
      await expect(loadMigrations(folder)).rejects.toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('S21: a lock that does not come free', () => {
  test('logins pass while it is tried for, the operator reads who holds it, and it goes on later', async () => {
    const database = await openEmptyPostgres();
    unfinished.push(database);
    const { db } = database;
    await runPending(db, released, patience);
    const steps = [
      { name: '9000-later', work: { steps: [{ transaction: ['alter table accounts add column x text'] }] } },
    ];
    const holder = await database.connect();
    const others = await database.connect();
    let passed = 0;
    await holder.transaction().execute(async (trx) => {
      await sql`select count(*) from accounts`.execute(trx);
      const migrating = runPending(db, steps, { ...patience, patienceMs: 3000 });
      let over = false;
      const settled = migrating.then(
        () => 'done',
        (error: Error) => error.message,
      );
      void settled.then(() => {
        over = true;
      });
      // Each of these would wait behind the migration if it stood in the queue for long.
      while (!over) {
        await others.transaction().execute(async (login) => {
          await sql`set local lock_timeout = '1s'`.execute(login);
          await sql`select id from accounts limit 1`.execute(login);
        });
        passed += 1;
      }
      expect(await settled).toMatch(
        /^9000-later, step 1 of 1: no lock after \d+ tries; the oldest open transaction is \d+ s old \(pid \d+, nijo, role postgres\)/,
      );
    });
    expect(passed).toBeGreaterThan(2);
    expect(await runPending(db, steps, patience)).toEqual(['9000-later']);
  });
});

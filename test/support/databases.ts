import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe } from '@jest/globals';
import { Kysely, PGliteDialect, sql } from 'kysely';
import pg from 'pg';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Db, openEmbedded, openPostgres } from '../../src/db/open.ts';
import type { Schema } from '../../src/db/schema.ts';

/** A database of a test's own: migrated and empty. */
export interface TestDatabase {
  db: Db;
  kind: 'pglite' | 'postgres';
  /** Where it is, for a program started beside the test; undefined for PGlite, which lives in memory. */
  url: string | undefined;
  /** A further handle, as another node has: a pool of its own on Postgres, the same handle on PGlite. */
  connect(): Promise<Db>;
  close(): Promise<void>;
}

export type OpenTestDatabase = () => Promise<TestDatabase>;

function serverUrl(database: string): string {
  const url = new URL(process.env.NIJO_TEST_POSTGRES_URL ?? 'postgres://not-started');
  url.pathname = `/${database}`;
  return url.href;
}

async function asSuperuser<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: serverUrl('postgres') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function openPool(url: string): Db {
  // The machine is shared: a test that is slow here is no stalled connection.
  const timeouts = { connect_timeout_ms: 20_000, query_timeout_ms: 20_000, statement_timeout_ms: 15_000 };
  return openPostgres({ ...databaseSchema.parse(timeouts), url }, () => undefined);
}

const template = 'nijo_migrated';

/** The first test of a run migrates; every other database is a copy of that one (some 30 ms). */
async function prepareTemplate(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_lock(2)');
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [template]);
    if (rowCount === 1) return;
    await client.query('drop database if exists nijo_migrating with (force)');
    await client.query('create database nijo_migrating');
    const db = openPool(serverUrl('nijo_migrating'));
    try {
      await migrate(db);
    } finally {
      await db.destroy();
    }
    await client.query(`alter database nijo_migrating rename to ${template}`);
  } finally {
    await client.query('select pg_advisory_unlock(2)');
  }
}

async function createPostgres(
  from: string,
  prepare: (client: pg.Client) => Promise<void>,
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(async (client) => {
    await prepare(client);
    await client.query(`create database ${name} template ${from}`);
  });
  const url = serverUrl(name);
  const db = openPool(url);
  const handles = [db];
  return {
    db,
    kind: 'postgres',
    url,
    connect: async () => {
      const further = openPool(url);
      handles.push(further);
      return further;
    },
    close: async () => {
      await Promise.all(handles.map((handle) => handle.destroy()));
      await asSuperuser((client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** A fresh database on the real Postgres of this run. */
export function openTestPostgres(): Promise<TestDatabase> {
  return createPostgres(template, prepareTemplate);
}

/** A database without a single table, on the real Postgres of this run. */
export function openEmptyPostgres(): Promise<TestDatabase> {
  return createPostgres('template0', async () => undefined);
}

function embeddedDatabase(db: Db): TestDatabase {
  return { db, kind: 'pglite', url: undefined, connect: async () => db, close: () => db.destroy() };
}

/** An embedded database in memory without a single table. */
export async function openEmptyEmbedded(): Promise<TestDatabase> {
  return embeddedDatabase(openEmbedded());
}

/** A migrated embedded database as one file: making one takes 2 s of work, loading it 0.3 s. */
async function snapshot(): Promise<Blob> {
  const file = path.join(process.env.NIJO_TEST_RUN_FOLDER ?? tmpdir(), 'pglite.tar');
  if (!existsSync(file)) {
    const embedded = await PGlite.create();
    const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite: embedded }) });
    await migrate(db);
    const dump = await embedded.dumpDataDir('none');
    await db.destroy();
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, Buffer.from(await dump.arrayBuffer()));
    renameSync(draft, file);
  }
  return new Blob([readFileSync(file)]);
}

/** A fresh embedded database in memory. */
export async function openTestEmbedded(): Promise<TestDatabase> {
  const loadDataDir = await snapshot();
  const db = new Kysely<Schema>({
    dialect: new PGliteDialect({ pglite: () => PGlite.create({ loadDataDir }) }),
  });
  // Loaded now, and not in the time of the first test.
  await sql`select 1`.execute(db);
  return embeddedDatabase(db);
}

/**
 * Runs the same tests on the embedded database and on a real Postgres. In the body:
 * `beforeAll(async () => { database = await open(); })` and `afterAll(() => database.close())`.
 */
export function describeOnEveryDatabase(name: string, body: (open: OpenTestDatabase) => void): void {
  describe(`${name} (on PGlite)`, () => body(openTestEmbedded));
  describe(`${name} (on Postgres)`, () => body(openTestPostgres));
}

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';

const timeouts = { connect_timeout_ms: 600, query_timeout_ms: 700, statement_timeout_ms: 500 };

describe('E8: the pool', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let db: Db;
  let errors: Error[];

  beforeAll(async () => {
    database = await openTestPostgres();
    const url = new URL(database.url ?? '');
    proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
  });
  afterAll(async () => {
    await proxy.close();
    await database.close();
  });
  beforeEach(() => {
    errors = [];
    proxy.set({ mode: 'pass' });
    const settings = databaseSchema.parse({ ...timeouts, pool_size: 2 });
    db = openPostgres({ ...settings, url: proxy.through(database.url ?? '') }, (error) => errors.push(error));
  });
  afterEach(async () => {
    proxy.set({ mode: 'pass' });
    await db.destroy();
  });

  const one = async (handle: Db = db): Promise<number | undefined> => {
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(handle);
    return rows[0]?.one;
  };
  const timed = async (work: Promise<unknown>): Promise<{ ms: number; error: unknown }> => {
    const start = performance.now();
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { ms: performance.now() - start, error };
  };
  const backend = async (): Promise<number | undefined> => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    return rows[0]?.pid;
  };

  test('E8: gives up on a connection that swallows everything, and works once it is back', async () => {
    await one();
    proxy.set({ mode: 'blackhole' });
    const { ms, error } = await timed(one());
    expect(error).toBeInstanceOf(Error);
    expect(ms).toBeLessThan(timeouts.query_timeout_ms + 400);
    proxy.set({ mode: 'pass' });
    expect(await one()).toBe(1);
  });

  test('E8: a transaction on a dead connection ends after one timeout, not a second for its rollback', async () => {
    await one();
    const { ms, error } = await timed(
      db.transaction().execute(async (trx) => {
        proxy.set({ mode: 'blackhole' });
        await one(trx);
      }),
    );
    expect(error).toBeInstanceOf(Error);
    expect(ms).toBeLessThan(timeouts.query_timeout_ms + 400);
    proxy.set({ mode: 'pass' });
    expect(await one()).toBe(1);
  });

  test('E8: gives up on a server that accepts and never answers', async () => {
    proxy.set({ mode: 'stall' });
    const { ms, error } = await timed(one());
    expect(error).toBeInstanceOf(Error);
    expect(ms).toBeLessThan(timeouts.connect_timeout_ms + 400);
    proxy.set({ mode: 'pass' });
    expect(await one()).toBe(1);
  });

  test.each(['reset', 'refuse'] as const)('E8: survives %s of its connections', async (mode) => {
    await one();
    proxy.set({ mode });
    expect((await timed(one())).error).toBeInstanceOf(Error);
    proxy.set({ mode: 'pass' });
    expect(await one()).toBe(1);
  });

  test('E8: a statement that takes too long is ended in the server, and its connection kept', async () => {
    const before = await backend();
    const { error, ms } = await timed(sql`select pg_sleep(5)`.execute(db));
    expect(error).toMatchObject({ code: '57014' });
    expect(ms).toBeLessThan(timeouts.statement_timeout_ms + 200);
    expect(await backend()).toBe(before);
  });

  test('E8: a lock that a dead node holds does not queue others for ever', async () => {
    await database.db.transaction().execute(async (trx) => {
      await sql`lock table accounts in access exclusive mode`.execute(trx);
      const { error, ms } = await timed(db.selectFrom('accounts').selectAll().execute());
      expect(error).toMatchObject({ code: expect.stringMatching(/^(55P03|57014)$/) });
      expect(ms).toBeLessThan(timeouts.statement_timeout_ms + 300);
    });
  });

  test('E8: a connection to a server that became read-only is thrown away', async () => {
    const before = await backend();
    await sql`set session characteristics as transaction read only`.execute(db);
    const write = (): Promise<unknown> => sql`delete from limits`.execute(db);
    expect((await timed(write())).error).toMatchObject({ code: '25006' });
    expect((await timed(write())).error).toBeUndefined();
    expect(await backend()).not.toBe(before);
  });

  test('E8: a connection whose backend was ended is thrown away, idle or busy', async () => {
    const idle = await backend();
    await sql`select pg_terminate_backend(${idle})`.execute(database.db);
    expect(await backendAfterFault()).not.toBe(idle);
    const { error } = await timed(
      db.transaction().execute(async (trx) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
        await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
        await one(trx);
      }),
    );
    expect(error).toBeInstanceOf(Error);
    expect(await one()).toBe(1);
  });

  test('E8: who finds every connection busy waits for the connect timeout at most', async () => {
    const sleepers = [1, 2].map(() =>
      db.transaction().execute(async (trx) => {
        for (let i = 0; i < 4; i += 1) await sql`select pg_sleep(0.3)`.execute(trx);
      }),
    );
    const { ms, error } = await timed(one());
    expect(error).toBeInstanceOf(Error);
    expect(ms).toBeLessThan(timeouts.connect_timeout_ms + 400);
    await Promise.all(sleepers);
    expect(await one()).toBe(1);
  });

  test('E8: closing does not wait for a server that is gone', async () => {
    await one();
    proxy.set({ mode: 'blackhole' });
    const { ms } = await timed(db.destroy());
    expect(ms).toBeLessThan(1000);
  });

  // The news of an ended backend arrives a moment later: one statement may still meet it.
  async function backendAfterFault(): Promise<number | undefined> {
    return backend().catch(() => backend());
  }
});

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { countHit, forgetExpiredLimits, hit, type Limit, peek, release } from '../../src/limits/limits.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

describeOnEveryDatabase('limits', (open) => {
  let database: TestDatabase;
  let db: Db;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
  });
  afterAll(() => database.close());
  beforeEach(() => sql`delete from limits`.execute(db));

  const limit = (change: Partial<Limit> = {}): Limit => ({ key: 'a', max: 5, seconds: 60, ...change });
  /** As if this many seconds had gone by since every hit. */
  const letPass = (seconds: number): Promise<unknown> =>
    sql`update limits set expires_at = expires_at - make_interval(secs => ${seconds}),
      hits = array(select h - make_interval(secs => ${seconds}) from unnest(hits) h)`.execute(db);

  test('E3: of 300 parallel hits on two nodes exactly 5 are allowed', async () => {
    const nodes = [db, await database.connect()];
    const hits = await Promise.all(Array.from({ length: 300 }, (_, i) => hit(nodes[i % 2] ?? db, limit())));
    expect(hits.filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  test('E3: the window slides: a place is free when the oldest hit is as old as the window', async () => {
    expect(await hit(db, limit())).toEqual({ allowed: true });
    await letPass(40);
    for (let i = 0; i < 4; i += 1) expect(await hit(db, limit())).toEqual({ allowed: true });
    // No burst of twice the limit at the edge of a fixed window …
    await letPass(19);
    expect(await hit(db, limit())).toMatchObject({ allowed: false });
    // … but one place when the first hit is over, and the next four 40 s later.
    await letPass(1.5);
    expect(await hit(db, limit())).toEqual({ allowed: true });
    expect(await hit(db, limit())).toMatchObject({ allowed: false });
    await letPass(40);
    for (let i = 0; i < 4; i += 1) expect(await hit(db, limit())).toEqual({ allowed: true });
    expect(await hit(db, limit())).toMatchObject({ allowed: false });
  });

  test('a refusal says after how many seconds a place is free, and trying earlier does not prolong it', async () => {
    for (let i = 0; i < 5; i += 1) await hit(db, limit());
    await letPass(25);
    for (let i = 0; i < 20; i += 1) {
      const refused = await hit(db, limit());
      expect(refused).toEqual({ allowed: false, retryAfterSeconds: expect.any(Number) });
      if (!refused.allowed) {
        expect(refused.retryAfterSeconds).toBeGreaterThan(33);
        expect(refused.retryAfterSeconds).toBeLessThanOrEqual(35);
      }
    }
    await letPass(34);
    expect(await hit(db, limit())).toEqual({ allowed: false, retryAfterSeconds: 1 });
    await letPass(1.5);
    expect(await hit(db, limit())).toEqual({ allowed: true });
  });

  test('each key counts for itself, also with unusual letters', async () => {
    for (const key of ["it's", 'ＩＤ：京都', 'a'.repeat(500), 'a;drop table limits', '%', '']) {
      expect(await hit(db, limit({ key, max: 1 }))).toEqual({ allowed: true });
      expect(await hit(db, limit({ key, max: 1 }))).toMatchObject({ allowed: false });
    }
  });

  test('peek tells without counting', async () => {
    expect(await peek(db, limit())).toEqual({ allowed: true });
    for (let i = 0; i < 4; i += 1) await hit(db, limit());
    for (let i = 0; i < 10; i += 1) expect(await peek(db, limit())).toEqual({ allowed: true });
    await hit(db, limit());
    expect(await peek(db, limit())).toEqual({ allowed: false, retryAfterSeconds: 60 });
  });

  test('a released hit gives its place back, once', async () => {
    for (let i = 0; i < 5; i += 1) await hit(db, limit());
    await release(db, 'a', 'unknown');
    expect(await hit(db, limit())).toEqual({ allowed: true });
    expect(await hit(db, limit())).toMatchObject({ allowed: false });
    for (let i = 0; i < 9; i += 1) await release(db, 'a');
    const hits = await Promise.all(Array.from({ length: 20 }, () => hit(db, limit())));
    expect(hits.filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  test('hits and releases of several keys in parallel do not lock each other out', async () => {
    const nodes = [db, await database.connect()];
    const wide = (key: string): Limit => limit({ key, max: 1000 });
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const node = nodes[i % 2] ?? db;
        await hit(node, wide('a'));
        await hit(node, wide('b'));
        await release(node, ...(i % 3 === 0 ? ['b', 'a'] : ['a', 'b']));
      }),
    );
    const { rows } = await sql<{
      left: number;
    }>`select sum(cardinality(hits))::int as left from limits`.execute(db);
    expect(rows).toEqual([{ left: 0 }]);
  });

  test('a hit that depends on something else is counted only if that holds', async () => {
    expect((await countHit(limit(), sql`false`).execute(db)).rows).toEqual([]);
    expect(await peek(db, limit({ max: 1 }))).toEqual({ allowed: true });
    expect((await countHit(limit(), sql`1 = 1`).execute(db)).rows).toEqual([{ key: 'a' }]);
    expect(await peek(db, limit({ max: 1 }))).toMatchObject({ allowed: false });
  });

  test('a hit inside a transaction that is rolled back does not count', async () => {
    await expect(
      db.transaction().execute(async (trx) => {
        await hit(trx, limit({ max: 1 }));
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await hit(db, limit({ max: 1 }))).toEqual({ allowed: true });
  });

  test('windows that are over are forgotten, in batches', async () => {
    for (let i = 0; i < 7; i += 1) await hit(db, limit({ key: `old-${i}` }));
    await letPass(61);
    await hit(db, limit({ key: 'new' }));
    expect(await forgetExpiredLimits(db, 5)).toBe(5);
    expect(await forgetExpiredLimits(db, 5)).toBe(2);
    expect(await forgetExpiredLimits(db, 5)).toBe(0);
    expect(await peek(db, limit({ key: 'new', max: 1 }))).toMatchObject({ allowed: false });
  });
});

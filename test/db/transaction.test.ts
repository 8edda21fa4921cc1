import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';

const touch = (db: Db, key: string): Promise<unknown> =>
  sql`insert into limits (key, hits, expires_at) values (${key}, '{}', now())
    on conflict (key) do update set expires_at = now()`.execute(db);
const hits = async (db: Db, key: string): Promise<number> =>
  (await db.selectFrom('limits').select('hits').where('key', '=', key).executeTakeFirst())?.hits.length ?? -1;
const add = (db: Db, key: string): Promise<unknown> =>
  sql`update limits set hits = hits || now() where key = ${key}`.execute(db);

describeOnEveryDatabase('inTransaction', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('commits what was done, and gives the result', async () => {
    await touch(database.db, 'a');
    const given = await inTransaction(database.db, async (trx) => {
      await add(trx, 'a');
      return 'result';
    });
    expect([given, await hits(database.db, 'a')]).toEqual(['result', 1]);
  });

  test('undoes everything when the work throws, and does not try again', async () => {
    await touch(database.db, 'b');
    let runs = 0;
    const failing = inTransaction(database.db, async (trx) => {
      runs += 1;
      await add(trx, 'b');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([runs, await hits(database.db, 'b')]).toEqual([1, 0]);
  });

  test.each(['40001', '40P01'])('tries again after %s, three times in all', async (code) => {
    await touch(database.db, code);
    let runs = 0;
    const until = (lucky: number) =>
      inTransaction(database.db, async (trx) => {
        runs += 1;
        await add(trx, code);
        if (runs < lucky)
          await sql`do ${sql.raw(`$$ begin raise exception using errcode = '${code}'; end $$`)}`.execute(trx);
      });
    await until(3);
    // What the undone tries had written is not there.
    expect([runs, await hits(database.db, code)]).toEqual([3, 1]);
    runs = 0;
    await expect(until(4)).rejects.toMatchObject({ code });
    expect([runs, await hits(database.db, code)]).toEqual([3, 1]);
  });
});

describe('two transactions that wait for each other', () => {
  test('both get through', async () => {
    const database = await openTestPostgres();
    try {
      for (const key of ['one', 'two']) await touch(database.db, key);
      let runs = 0;
      let bothHold: () => void = () => undefined;
      const meeting = new Promise<void>((resolve) => {
        bothHold = resolve;
      });
      const cross = (first: string, second: string) =>
        inTransaction(database.db, async (trx) => {
          runs += 1;
          await add(trx, first);
          if (runs === 2) bothHold();
          await meeting;
          await add(trx, second);
        });
      await Promise.all([cross('one', 'two'), cross('two', 'one')]);
      // One of the two was undone at least once; on a slow machine they may meet again.
      expect(runs).toBeGreaterThanOrEqual(3);
      expect([await hits(database.db, 'one'), await hits(database.db, 'two')]).toEqual([2, 2]);
    } finally {
      await database.close();
    }
  });
});

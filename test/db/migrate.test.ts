import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { clockOffset, migrate, pendingMigrations } from '../../src/db/migrate.ts';
import { openEmptyEmbedded, openEmptyPostgres } from '../support/databases.ts';

describe.each([
  ['PGlite', openEmptyEmbedded],
  ['Postgres', openEmptyPostgres],
])('migrations on an empty %s', (_, open) => {
  test('apply once, in order, and are then no longer pending', async () => {
    const database = await open();
    try {
      const pending = await pendingMigrations(database.db);
      expect(pending.length).toBeGreaterThan(0);
      expect(pending).toEqual(pending.toSorted());
      expect(await migrate(database.db)).toEqual(pending);
      expect(await pendingMigrations(database.db)).toEqual([]);
      expect(await migrate(database.db)).toEqual([]);
    } finally {
      await database.close();
    }
  });

  test('the difference of the clocks is told in milliseconds', async () => {
    const database = await open();
    try {
      expect(Math.abs(await clockOffset(database.db))).toBeLessThan(1000);
    } finally {
      await database.close();
    }
  });
});

test('of four nodes that migrate at once, one does the work and none fails (F12)', async () => {
  const database = await openEmptyPostgres();
  try {
    const nodes = [database.db, ...(await Promise.all([1, 2, 3].map(() => database.connect())))];
    const applied = await Promise.all(nodes.map((node) => migrate(node)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
  } finally {
    await database.close();
  }
});

test('a migration that fails is an error, and the lock is free for the next try', async () => {
  const database = await openEmptyPostgres();
  try {
    await sql`create table passwords (stands_in_the_way text)`.execute(database.db);
    await expect(migrate(database.db)).rejects.toMatchObject({ code: '42P07' });
    await sql`drop table passwords`.execute(database.db);
    expect((await migrate(database.db)).length).toBeGreaterThan(0);
  } finally {
    await database.close();
  }
});

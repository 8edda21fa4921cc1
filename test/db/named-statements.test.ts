import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { createStatementNames } from '../../src/db/named-statements.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await openTestPostgres();
  db = openPostgres(
    { ...databaseSchema.parse({}), url: String(database.url), pool_size: 2 },
    () => undefined,
  );
});
afterAll(async () => {
  await db.destroy();
  await database.close();
});

test('a statement is planned once a connection, however often it is asked', async () => {
  const prepared = await db.connection().execute(async (connection) => {
    for (let round = 0; round < 3; round += 1) await sql`select ${round}::int as round`.execute(connection);
    return sql<{ count: number }>`
      select count(*)::int as count from pg_prepared_statements where statement like 'select $1::int as round%'`.execute(
      connection,
    );
  });
  expect(prepared.rows[0]?.count).toBe(1);
});

test('F12: after a migration changed what a statement answers one request fails, and no more', async () => {
  const ask = () => sql<object>`select * from limits where key = ${'x'}`.execute(db);
  await ask();
  await sql`alter table limits add column added int`.execute(database.db);
  const outcomes: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    outcomes.push(
      await ask().then(
        () => 'answered',
        (error: { code?: string }) => String(error.code),
      ),
    );
  }
  expect(outcomes.filter((outcome) => outcome !== 'answered').length).toBeLessThanOrEqual(1);
  expect(outcomes.at(-1)).toBe('answered');
});

test('names do not grow without end', () => {
  const nameOf = createStatementNames();
  const names = Array.from({ length: 1000 }, (_, index) => nameOf(`select ${index}`));
  expect(names.filter((name) => name !== undefined).length).toBeLessThanOrEqual(300);
  expect(nameOf('select 0')).toBe(names[0]);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { literalColumns } from '../../src/db/literal-constants.ts';
import { openEmbedded, openPostgres } from '../../src/db/open.ts';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

describeOnEveryDatabase('S15: constants of the schema', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('S15: every column that a partial index compares with a constant is known, with that constant', async () => {
    const { rows } = await sql<{ name: string; predicate: string }>`
      select c.relname as name, pg_get_expr(i.indpred, i.indrelid) as predicate
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indpred is not null and c.relnamespace = 'public'::regnamespace`.execute(database.db);
    expect(rows.length).toBeGreaterThan(8);
    const unknown = rows.flatMap(({ name, predicate }) => {
      // What the audit log is searched for is written out in its statements, and compared with no parameter.
      if (name.startsWith('audit_events_')) return [];
      const column = /^\(*(\w+) (?:=|<>)/.exec(predicate)?.[1];
      if (column === undefined || column === 'roles') return [];
      const constants = [...predicate.matchAll(/'(\w[\w-]*)'::text/g)].map(([, constant]) => constant ?? '');
      return constants
        .filter((constant) => literalColumns[column]?.includes(constant) !== true)
        .map((constant) => `${name}: ${column} ${constant}`);
    });
    expect(unknown).toEqual([]);
  });

  test('S15: every value that the schema allows in these columns is known', async () => {
    const { rows } = await sql<{ name: string; rule: string }>`
      select conrelid::regclass::text as name, pg_get_constraintdef(oid) as rule from pg_constraint
      where contype = 'c' and connamespace = 'public'::regnamespace`.execute(database.db);
    const missing = rows.flatMap(({ name, rule }) => {
      const column = /^CHECK \(\((\w+) = ANY/.exec(rule)?.[1] ?? '';
      const known = literalColumns[column];
      if (known === undefined) return [];
      const allowed = [...rule.matchAll(/'([\w-]+)'::text/g)].map(([, value]) => value ?? '');
      return allowed.filter((value) => !known.includes(value)).map((value) => `${name}.${column} ${value}`);
    });
    expect(missing).toEqual([]);
  });
});

test('S15: what is compared with a constant is a literal; anything else, and what is written, a parameter', async () => {
  const postgres = openPostgres(
    { ...databaseSchema.parse({}), url: 'postgres://nowhere/x' },
    () => undefined,
  );
  const embedded = openEmbedded();
  for (const db of [postgres, embedded]) {
    const found = db
      .selectFrom('mail_factors as m')
      .select('m.id')
      .innerJoin('accounts as a', (join) =>
        join.onRef('a.id', '=', 'm.account_id').on('a.status', '=', 'active'),
      )
      .where('m.account_id', '=', 'somebody')
      .where('m.state', '=', 'active')
      .where('m.address', '=', 'active')
      .compile();
    expect(found.sql).toContain(`"m"."state" = 'active'`);
    expect(found.sql).toContain(`"a"."status" = 'active'`);
    expect(found.parameters).toEqual(['somebody', 'active']);
    const several = db
      .updateTable('desk_cases')
      .set({ state: 'expired' })
      .where('state', 'in', ['open', 'approved'])
      .compile();
    expect(several.sql).toContain(`"state" in ('open', 'approved')`);
    expect(several.parameters).toEqual(['expired']);
    const foreign = db
      .selectFrom('mails')
      .select('id')
      .where('state', '=', `x' or '1' = '1` as 'waiting')
      .compile();
    expect(foreign.sql).toContain('"state" = $1');
    const mixed = db
      .selectFrom('mails')
      .select('id')
      .where('state', 'in', ['waiting', 'other' as 'waiting'])
      .compile();
    expect(mixed.parameters).toEqual(['waiting', 'other']);
  }
  await Promise.all([postgres.destroy(), embedded.destroy()]);
});

import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { loadMigrations, type LoadedMigration, type MigrationStep } from '../../src/db/migrations/load.ts';
import { migrationViolations } from '../support/migration-rules.ts';

const first: LoadedMigration = {
  name: '0001-first',
  work: {
    steps: [{ transaction: ['create table busy (id text primary key)', 'create table other (id text)'] }],
  },
};
const rulesBroken = async (...steps: MigrationStep[]) =>
  (await migrationViolations([first, { name: '0002-next', work: { steps } }])).map(({ rule }) => rule);
const inTransaction = (...transaction: string[]) => rulesBroken({ transaction });

test('S21: every migration of this release lets logins go on beside it', async () => {
  expect(await migrationViolations(await loadMigrations())).toEqual([]);
});

describe('S21: a migration that would stop logins is refused, and the message says what to do', () => {
  test.each([
    ['create index i on busy (id)', /concurrently/],
    ['CREATE UNIQUE INDEX i ON public.busy (id)', /concurrently/],
    ['create index concurrently i on busy (id)', /outside a transaction/],
    ["alter table busy add column x text check (x in ('a'))", /not valid/],
    ['alter table busy add column x text references other', /not valid/],
    ['alter table busy add column x text unique', /concurrently/],
    ['alter table busy add column x uuid default gen_random_uuid()', /rewrites/],
    ['alter table busy add x timestamptz not null default clock_timestamp()', /rewrites/],
    ['alter table busy add column x bigserial', /rewrites/],
    ['alter table busy add column x text generated always as (id) stored', /rewrites/],
    ['alter table busy add column x text not null', /constant default/],
    ["alter table busy add constraint c check (id <> '')", /not valid/],
    ['alter table busy add column y text, add constraint c foreign key (y) references other', /not valid/],
    ['alter table busy add primary key (id)', /using index/],
    ['alter table busy add constraint c unique (id)', /using index/],
    ['alter table busy alter column id set not null', /check \(column is not null\)/],
    ['alter table busy alter id type varchar', /rewrites/],
    ['alter table busy drop column id', /a release later/],
    ['alter table busy rename column id to key', /a release later|still uses/],
    ['alter table busy set unlogged', /teach/],
    ['alter table busy validate constraint c', /step of its own/],
    ['drop table busy', /a release later/],
    ['drop index busy_pkey', /concurrently/],
    ['update busy set id = id', /batches/],
    ['delete from busy', /batches/],
    ['insert into other select id from busy', /batches/],
    ['with rows as (select id from busy) insert into other select id from rows', /batches/],
    ['lock table busy', /locks/],
    ['truncate busy', /locks/],
    ['vacuum full busy', /locks/],
    ['commit', /transactions/],
    ["set local statement_timeout = '1h'", /timeouts/],
    ['do $$ begin update busy set id = id; end $$', /not seen/],
  ])('%s', async (statement, message) => {
    expect((await inTransaction(statement)).join('\n')).toMatch(message);
  });

  test('two tables in use in one transaction', async () => {
    const rules = await inTransaction(
      'alter table busy add column x text',
      'alter table other add column x text',
    );
    expect(rules.join()).toMatch(/holds busy and other/);
    // A foreign key locks the table it points to.
    const referring = await inTransaction(
      'alter table busy add column x text',
      'create table t (o text references other)',
    );
    expect(referring.join()).toMatch(/holds other and busy|holds busy and other/);
  });

  test('batches without limit, order or cursor', async () => {
    const rules = await rulesBroken({ batches: `update busy set id = id returning null` });
    expect(rules).toHaveLength(3);
  });

  test('a plain function of Kysely is read as what it sends', async () => {
    const violations = await migrationViolations([
      first,
      {
        name: '0002-next',
        work: {
          up: async (db) => {
            await db.schema
              .alterTable('busy')
              .addColumn('x', 'text', (column) => column.unique())
              .execute();
            await sql`create index i on busy (id)`.execute(db);
          },
        },
      },
    ]);
    expect(violations).toHaveLength(2);
  });
});

describe('S21: what lets logins go on is allowed', () => {
  test.each([
    ['alter table busy add column x text'],
    ['alter table busy add column x smallint not null default 0, add column y timestamptz default now()'],
    ["alter table busy drop constraint c, add constraint c check (id in ('a', 'b')) not valid"],
    ['create table t (id text references busy, unique (id))'],
    [
      'create function f() returns trigger language plpgsql as $$ begin update busy set id = 1; return new; end $$',
    ],
    ['create trigger t before insert on busy for each row execute function f()'],
    ["insert into other values ('a')"],
  ])('%s', async (statement) => {
    expect(await inTransaction(statement)).toEqual([]);
  });

  test('indexes concurrently, constraints validated, not null after its check', async () => {
    expect(
      await rulesBroken(
        { concurrently: 'create index concurrently i on busy (id)' },
        { transaction: ['alter table busy add constraint c check (id is not null) not valid'] },
        { validate: 'alter table busy validate constraint c' },
        { transaction: ['alter table busy alter column id set not null, drop constraint c'] },
        {
          batches: `with batch as (select id from busy where id > coalesce($1, '') order by id limit 500),
            changed as (update busy b set id = b.id from batch where batch.id = b.id)
            select max(id) from batch`,
        },
      ),
    ).toEqual([]);
  });
});

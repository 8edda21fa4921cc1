import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

/** What `src/db/schema.ts` says of a column, and what the database says, in the same words. */
interface Column {
  types: readonly string[];
  nullable: boolean;
  /** The database fills it in when an insert leaves it out. */
  filled: boolean;
  /** The texts allowed, where they are few. */
  allowed: readonly string[];
}

const source = ['schema.ts', 'schema-own-factors.ts', 'schema-desk.ts']
  .map((file) => readFileSync(path.join(import.meta.dirname, '../../src/db', file), 'utf8'))
  .join('\n');

const texts = { types: ['text'], nullable: false, filled: false, allowed: [] };

function declared(type: string): Column {
  const filled = /^Generated<(?<inner>.*)>$/.exec(type)?.groups?.inner;
  if (filled !== undefined) return { ...declared(filled), filled: true };
  if (type.endsWith(' | null')) return { ...declared(type.slice(0, -' | null'.length)), nullable: true };
  if (/^'.*'$/.test(type)) return { ...texts, allowed: type.split(' | ').map((one) => one.slice(1, -1)) };
  if (/^JSONColumnType<.*>$/.test(type)) return { ...texts, types: ['jsonb'] };
  if (type.startsWith('ColumnType<Record<string, unknown>, string | undefined'))
    return { ...texts, types: ['jsonb'], filled: true };
  const known: Record<string, Column> = {
    string: texts,
    'string[]': { ...texts, types: ['text[]'] },
    number: { ...texts, types: ['integer', 'smallint'] },
    BigInteger: { ...texts, types: ['bigint'] },
    boolean: { ...texts, types: ['boolean'] },
    Buffer: { ...texts, types: ['bytea'] },
    'Date[]': { ...texts, types: ['timestamp with time zone[]'] },
    Timestamp: { ...texts, types: ['timestamp with time zone'], filled: true },
    GivenTimestamp: { ...texts, types: ['timestamp with time zone'] },
    NullableTimestamp: { ...texts, types: ['timestamp with time zone'], nullable: true },
  };
  const column = known[type];
  if (column === undefined)
    throw new Error(`the test does not know the type \`${type}\` of src/db/schema.ts`);
  return column;
}

function declaredTables(): Map<string, Map<string, Column>> {
  const body = /export interface Schema \{(.*?)\n\}/s.exec(source)?.[1] ?? '';
  return new Map(
    [...body.matchAll(/(\w+): (\w+);/g)].map(([, table = '', name = '']) => {
      const columns = new RegExp(`interface ${name} \\{(.*?)\\n\\}`, 's').exec(source)?.[1] ?? '';
      const fields = [...columns.matchAll(/^ {2}(\w+):\s([^;]+);$/gm)];
      const oneLine = (type: string): string =>
        type
          .replace(/\s+/g, ' ')
          .replace(/^ ?\| /, '')
          .trim();
      return [table, new Map(fields.map(([, column = '', type = '']) => [column, declared(oneLine(type))]))];
    }),
  );
}

describeOnEveryDatabase('the schema', (open) => {
  let database: TestDatabase;
  const found = new Map<string, Map<string, Column>>();
  beforeAll(async () => {
    database = await open();
    const { rows } = await sql<{
      table: string;
      column: string;
      type: string;
      not_null: boolean;
      filled: boolean;
      checks: string | null;
    }>`
      select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
        a.attnotnull as not_null, a.atthasdef or a.attidentity <> '' as filled,
        (select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
            -- a pattern is no list
            and not pg_get_constraintdef(k.oid) like '%~%') as checks
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not c.relname like 'kysely_%' and a.attnum > 0 and not a.attisdropped`.execute(database.db);
    for (const row of rows) {
      const columns = found.get(row.table) ?? new Map<string, Column>();
      found.set(row.table, columns);
      columns.set(row.column, {
        types: [row.type],
        nullable: !row.not_null,
        filled: row.filled,
        allowed: [...(row.checks ?? '').matchAll(/'([^']*)'/g)].map(([, text = '']) => text),
      });
    }
  });
  afterAll(() => database.close());

  test('has the tables that src/db/schema.ts declares', () => {
    expect([...found.keys()].toSorted()).toEqual([...declaredTables().keys()].toSorted());
  });

  test.each([...declaredTables()])(
    '%s: names, types, nullability, defaults and allowed texts agree',
    (table, columns) => {
      const actual = found.get(table) ?? new Map<string, Column>();
      expect([...actual.keys()].toSorted()).toEqual([...columns.keys()].toSorted());
      for (const [name, column] of columns) {
        const { types, ...is } = actual.get(name) ?? texts;
        const { types: possible, ...says } = column;
        expect(possible).toEqual(expect.arrayContaining([...types]));
        expect({ name, ...is, allowed: is.allowed.toSorted() }).toEqual({
          name,
          ...says,
          allowed: says.allowed.toSorted(),
          // An insert may leave a nullable column out, whether or not it has a default.
          filled: says.nullable ? is.filled : says.filled,
        });
      }
    },
  );

  test('every foreign key and every expiry has an index that finds its rows', async () => {
    const { rows } = await sql<{ column: string }>`
      with wanted as (
        select conrelid as relation, conkey[1] as attribute from pg_constraint where contype = 'f'
        union select attrelid, attnum from pg_attribute
          where attname = 'expires_at' and attrelid in ('sign_ins'::regclass, 'challenges'::regclass, 'limits'::regclass, 'oidc_payloads'::regclass)
      )
      select w.relation::regclass || '.' || a.attname as column from wanted w
      join pg_attribute a on a.attrelid = w.relation and a.attnum = w.attribute
      where not exists (select 1 from pg_index i where i.indrelid = w.relation and i.indkey[0] = w.attribute)
      order by 1`.execute(database.db);
    expect(rows).toEqual([]);
  });
});

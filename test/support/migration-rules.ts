import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { LoadedMigration, MigrationStep } from '../../src/db/migrations/load.ts';

/** What a migration must not do while the previous release serves, in words that say what to do instead. */
export interface Violation {
  migration: string;
  statement: string;
  rule: string;
}

/** Reads as words: no comments, no function bodies, no literals, one space, lower case. */
function plain(statement: string): string {
  return statement
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(\$[a-z_0-9]*\$)[\s\S]*?\1/gi, "''")
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll('"', '')
    .replaceAll(/\bpublic\./gi, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** The parts between commas that stand in no brackets. */
function topLevelParts(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

/** What `up` sends, without a database; it cannot depend on what the database answers. */
async function statementsOf(up: (db: Kysely<unknown>) => Promise<void>): Promise<string[]> {
  const sent: string[] = [];
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (handle) => new PostgresIntrospector(handle),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => {
      sent.push(query.sql);
    },
  });
  await up(db);
  return sent;
}

const volatile =
  /\b(random|gen_random_uuid|uuidv[47]|clock_timestamp|timeofday|nextval|statement_timestamp)\s*\(/;

/** The rules for one action of `alter table` on a table that is in use. */
function actionRule(action: string, validated: ReadonlySet<string>): string | undefined {
  const adds =
    /^add (?:column )?(?:if not exists )?(?!constraint|check|unique|primary|foreign|exclude|not null)/;
  if (adds.test(action)) {
    if (/\bcheck\s*\(/.test(action))
      return 'add the column without its check, then the check `not valid`, then validate it';
    if (/\breferences\b/.test(action))
      return 'add the column alone, then the foreign key `not valid`, then validate it';
    if (/\b(unique|primary key)\b/.test(action))
      return 'add the column alone, then a unique index concurrently';
    if (/\bgenerated\b|\b(small|big)?serial\b/.test(action))
      return 'a generated column or serial rewrites the table: fill it in batches';
    if (volatile.test(action))
      return 'a default that differs from row to row rewrites the table: fill it in batches';
    if (/\bnot null\b/.test(action) && !/\bdefault\b/.test(action))
      return '`not null` needs a constant default, since the previous release writes rows without it';
    return undefined;
  }
  if (/^add\b/.test(action)) {
    if (/\busing index\b/.test(action)) return undefined;
    if (/\b(unique|primary key)\b/.test(action))
      return 'make the unique index concurrently, then `add constraint … using index`';
    if (/\bexclude\b/.test(action)) return 'an exclusion constraint reads the whole table under its lock';
    return /\bnot valid$/.test(action)
      ? undefined
      : 'add the constraint `not valid` and validate it in a step of its own';
  }
  const notNull = /^alter (?:column )?(\w+) set not null/.exec(action);
  if (notNull !== null)
    return validated.has(`${notNull[1]} is not null`)
      ? undefined
      : '`set not null` reads the whole table: first `add constraint … check (column is not null) not valid`, then validate it';
  if (/^alter (?:column )?\w+ (?:set data )?type\b/.test(action))
    return 'another type rewrites the table: add a column, fill it in batches';
  if (/^drop constraint\b/.test(action) || /^alter (?:column )?\w+ (set|drop) default/.test(action))
    return undefined;
  if (/^alter (?:column )?\w+ (drop not null|set statistics|set \(|set storage)/.test(action))
    return undefined;
  if (/^(set|reset) \(/.test(action) || /^(owner|enable|replica|disable) /.test(action)) return undefined;
  if (/^validate constraint\b/.test(action)) return 'validate in a step of its own: { validate: … }';
  if (/^(drop|rename)\b/.test(action))
    return 'the previous release still uses it: what contracts comes a release later';
  return 'not known to be harmless while logins go on: teach test/support/migration-rules.ts what it locks';
}

const forbiddenAnywhere: readonly (readonly [RegExp, string])[] = [
  [/^(vacuum full|cluster|truncate|lock )/, 'locks a whole table'],
  [/^(begin|commit|rollback|start transaction|savepoint)\b/, 'the runner opens and closes transactions'],
  [/^(set|reset)\b|\bset_config\s*\(/, 'the runner sets the timeouts'],
  [/^reindex\b(?!.*\bconcurrently\b)/, 'reindex concurrently'],
  [
    /^drop (table|view|schema|type|sequence|column)\b/,
    'the previous release still uses it: what contracts comes a release later',
  ],
  [
    /^alter (table|index|sequence|type) (if exists )?\w+ rename\b/,
    'the previous release still uses the name',
  ],
  [/^do\b/, 'statements inside `do` are not seen by these rules: write them as steps'],
];

/** Reads one migration after the other: which tables there are, and what is done to them. */
export async function migrationViolations(migrations: readonly LoadedMigration[]): Promise<Violation[]> {
  const violations: Violation[] = [];
  const inUse = new Set<string>();
  for (const { name, work } of migrations) {
    const steps: readonly MigrationStep[] =
      'steps' in work ? work.steps : [{ transaction: await statementsOf(work.up) }];
    const added = new Set<string>();
    const checks = new Map<string, string>();
    const validated = new Set<string>();
    const uses = (table: string | undefined): table is string => table !== undefined && inUse.has(table);
    const against = (statement: string, rule: string) =>
      violations.push({ migration: name, statement: plain(statement).slice(0, 120), rule });

    const inTransaction = (statement: string): Set<string> => {
      const locked = new Set<string>();
      const text = plain(statement);
      for (const [pattern, rule] of forbiddenAnywhere) if (pattern.test(text)) against(statement, rule);
      if (/\bconcurrently\b/.test(text)) against(statement, 'outside a transaction: { concurrently: … }');
      const made = /^create (?:unlogged )?table (?:if not exists )?(\w+)/.exec(text)?.[1];
      if (made !== undefined) added.add(made);
      for (const [, table] of text.matchAll(/\breferences (\w+)/g)) if (uses(table)) locked.add(table);
      const indexed = /^create (?:unique )?index\b.*? on (?:only )?(\w+)/.exec(text)?.[1];
      if (uses(indexed)) against(statement, `create index concurrently, since ${indexed} is in use`);
      if (/^drop index\b/.test(text)) against(statement, 'drop index concurrently if exists …');
      const triggered = /^(?:create (?:or replace )?(?:constraint )?trigger|drop trigger)\b.*? on (\w+)/.exec(
        text,
      )?.[1];
      if (uses(triggered)) locked.add(triggered);
      const altered = /^alter table (?:if exists )?(?:only )?(\w+) (.*)$/.exec(text);
      if (altered !== null && uses(altered[1])) {
        locked.add(altered[1]);
        for (const action of topLevelParts(String(altered[2]))) {
          const rule = actionRule(action, validated);
          if (rule !== undefined) against(statement, rule);
          const check = /^add constraint (\w+) check \((.*)\) not valid$/.exec(action);
          if (check !== null) checks.set(String(check[1]), String(check[2]).trim());
        }
      }
      const filled = /^(?:with .*?\b)?(?:update|delete from|merge into) (?:only )?(\w+)/.exec(text)?.[1];
      if (uses(filled)) against(statement, `rows of ${filled} change in batches: { batches: … }`);
      if (/^(with|insert)\b/.test(text) && /\bselect\b/.test(text))
        for (const [, table] of text.matchAll(/\b(?:from|join) (\w+)/g))
          if (uses(table)) against(statement, `reads ${table} whole: { batches: … }`);
      if (/^(refresh materialized view|copy)\b/.test(text)) against(statement, 'in batches');
      return locked;
    };

    for (const step of steps) {
      if ('transaction' in step) {
        const locked = new Set<string>();
        for (const statement of step.transaction)
          for (const table of inTransaction(statement)) locked.add(table);
        if (locked.size > 1)
          against(
            step.transaction.join('; '),
            `one table in use for each transaction, this one holds ${[...locked].join(' and ')} while it waits`,
          );
      } else if ('validate' in step) {
        const constraint = /^alter table \w+ validate constraint (\w+)$/.exec(plain(step.validate))?.[1];
        if (constraint === undefined)
          against(step.validate, 'one `alter table … validate constraint …` and nothing else');
        else validated.add(checks.get(constraint) ?? '');
      } else if ('batches' in step) {
        const text = plain(step.batches);
        if (!/\blimit \d+/.test(text)) against(step.batches, 'a batch has a limit');
        else if (Number(/\blimit (\d+)/.exec(text)?.[1]) > 10_000)
          against(step.batches, 'at most 10000 rows in a batch');
        if (!/\$1\b/.test(text)) against(step.batches, 'a batch goes on after the cursor $1');
        if (!/\border by\b/.test(text)) against(step.batches, 'a batch is taken in the order of its cursor');
      }
    }
    for (const table of added) inUse.add(table);
  }
  return violations;
}

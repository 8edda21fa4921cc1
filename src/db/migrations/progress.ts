import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../open.ts';
import type { MigrationStep } from './load.ts';

/** A table that exists only during a migration: how far it came, for the process that continues it. */
export const progressTable = 'nijo_migration_progress';

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Statements as one: they take effect together, without network round trips between them. */
export function together(statements: readonly string[], declare = ''): string {
  const bodies = statements.join(';\n');
  return `do ${quoted(`${declare} begin\n${bodies};\nend`)}`;
}

/** A statement to be executed inside `together`. */
export const executed = (statement: string): string => `execute ${quoted(statement)}`;

/** Quotes text with a dollar tag that does not occur in it. */
function quoted(text: string): string {
  let tag = '$nijo$';
  for (let number = 1; text.includes(tag); number += 1) tag = `$nijo${number}$`;
  return `${tag}${text}${tag}`;
}

export async function exists(db: Db, table: string): Promise<boolean> {
  const { rows } = await sql<{
    found: boolean;
  }>`select to_regclass(${table}::text) is not null as found`.execute(db);
  return rows[0]?.found === true;
}

/** Kysely's own tables, under Kysely's names: an earlier release reads them while it still serves. */
export async function prepareTables(db: Db): Promise<void> {
  await sql
    .raw(
      together([
        'create table if not exists kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null)',
        'create table if not exists kysely_migration_lock (id varchar(255) not null primary key, is_locked integer default 0 not null)',
        `insert into kysely_migration_lock (id, is_locked) values ('migration_lock', 0) on conflict do nothing`,
        `create table if not exists ${progressTable} (migration text primary key, done integer not null, digest text not null, cursor text)`,
      ]),
    )
    .execute(db);
}

/** The names of the applied migrations. */
export async function executedMigrations(db: Db): Promise<string[]> {
  if (!(await exists(db, 'kysely_migration'))) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

const digestOf = (steps: readonly MigrationStep[]): string =>
  createHash('sha256').update(JSON.stringify(steps)).digest('hex');

/** How far a migration came; records its start. @throws Error when its first steps are not this release's. */
export async function progressOf(db: Db, name: string, steps: readonly MigrationStep[]): Promise<number> {
  await sql`insert into ${sql.table(progressTable)} (migration, done, digest)
    values (${name}, 0, ${digestOf([])}) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ done: number; digest: string }>`
    select done, digest from ${sql.table(progressTable)} where migration = ${name}`.execute(db);
  const [found] = rows;
  if (found === undefined) throw new Error(`the progress of ${name} is gone while it runs`);
  if (found.digest !== digestOf(steps.slice(0, found.done)))
    throw new Error(
      `Another release began ${name} and its first ${found.done} steps differ from this one's: finish it with that release.`,
    );
  return found.done;
}

/** The statement that records that the first `done` steps are done. */
export function noting(name: string, steps: readonly MigrationStep[], done: number): string {
  const values = [literal(name), done, literal(digestOf(steps.slice(0, done)))].join(', ');
  return `insert into ${progressTable} (migration, done, digest) values (${values})
    on conflict (migration) do update set done = excluded.done, digest = excluded.digest, cursor = null`;
}

/** The statement that records a migration as applied. Times only grow: Kysely sorts by them. */
export const noteFinished = (name: string): string =>
  `insert into kysely_migration (name, timestamp) select ${literal(name)}, to_char(greatest(
      clock_timestamp(), (select max(timestamp)::timestamptz + interval '1 millisecond' from kysely_migration))
    at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export const forget = (name: string): string =>
  `delete from ${progressTable} where migration = ${literal(name)}`;

import { promises as fs } from 'node:fs';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import type { Db } from './open.ts';

export const migrationFolder = path.join(import.meta.dirname, '../../migrations');

function migratorFor(db: Db): Migrator {
  return new Migrator({
    db: db as Kysely<unknown>,
    provider: new FileMigrationProvider({ fs, path, migrationFolder }),
  });
}

/**
 * Brings the database to this release's schema; several nodes may call it at once (one does the work).
 * @returns the names of the migrations that were applied now.
 * @throws the database's own error; migrations before the failed one stay applied.
 */
export async function migrate(db: Db): Promise<string[]> {
  const { error, results } = await migratorFor(db).migrateToLatest();
  if (error !== undefined) throw error;
  return (results ?? [])
    .filter((result) => result.status === 'Success')
    .map((result) => result.migrationName);
}

/** The names of migrations that this release has and the database has not. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrations = await migratorFor(db).getMigrations();
  return migrations
    .filter((migration) => migration.executedAt === undefined)
    .map((migration) => migration.name);
}

/** Milliseconds by which this node's clock is ahead of the database's (negative: behind). */
export async function clockOffset(db: Db): Promise<number> {
  // Opening a connection would count as a difference.
  await sql`select 1`.execute(db);
  const before = Date.now();
  const { rows } = await sql<{
    ms: number;
  }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
  return (before + Date.now()) / 2 - (rows[0]?.ms ?? before);
}

import { PGlite } from '@electric-sql/pglite';
import { Kysely, type LogEvent, PGliteDialect, PostgresDialect } from 'kysely';
import type { Configuration } from '../config/schema.ts';
import { patiently } from './patient-pool.ts';
import { createPool } from './pool.ts';
import type { Schema } from './schema.ts';

/** The handle that data functions take: the database, or a transaction in it. */
export type Db = Kysely<Schema>;

/** Called after each statement; `bench/` and a test count them. */
export type QueryListener = (event: LogEvent) => void;

/**
 * Opens Postgres. Every wait has an end (E8): connecting, waiting for a pooled connection, a
 * statement on the server, and the answer on the wire.
 */
export function openPostgres(
  settings: Configuration['database'],
  onConnectionError: (error: Error) => void,
  onQuery?: QueryListener,
): Db {
  const pool = patiently(createPool(settings, onConnectionError), settings.connect_timeout_ms);
  return new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    ...(onQuery === undefined ? {} : { log: onQuery }),
  });
}

/**
 * Opens Postgres for migrations: an index on a large table takes as long as it takes. No login waits on this
 * handle, and the locks that logins would wait for have a timeout of their own (`migrate`).
 */
export function openForMigrations(
  settings: Configuration['database'],
  onConnectionError: (error: Error) => void,
): Db {
  return openPostgres(
    { ...settings, pool_size: 2, query_timeout_ms: 0, statement_timeout_ms: 0 },
    onConnectionError,
  );
}

/**
 * Opens the embedded database of the trial: one process only. Without a folder it lives in memory.
 * Two processes on one folder lose rows, so the caller locks the folder first (`db/folder-lock.ts`).
 */
export function openEmbedded(folder?: string, onQuery?: QueryListener): Db {
  return new Kysely<Schema>({
    dialect: new PGliteDialect({
      pglite: () => PGlite.create(folder === undefined ? {} : { dataDir: folder }),
    }),
    ...(onQuery === undefined ? {} : { log: onQuery }),
  });
}

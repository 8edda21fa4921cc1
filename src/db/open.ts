import { PGlite } from '@electric-sql/pglite';
import { Kysely, type LogEvent, PGliteDialect, PostgresDialect } from 'kysely';
import type { Configuration } from '../config/schema.ts';
import { readPostgresAddress } from '../config/sections/postgres-address.ts';
import { LiteralConstantsCompiler } from './literal-constants.ts';
import { DatabaseUnreachable, withConnectRetry } from './patient-pool.ts';
import { createPool } from './pool.ts';
import type { Schema } from './schema.ts';
import { createTurns } from './turns.ts';

/** The handle that data functions take: the database, or a transaction in it. */
export type Db = Kysely<Schema>;

class LiteralPostgres extends PostgresDialect {
  override createQueryCompiler(): LiteralConstantsCompiler {
    return new LiteralConstantsCompiler();
  }
}

class LiteralPGlite extends PGliteDialect {
  override createQueryCompiler(): LiteralConstantsCompiler {
    return new LiteralConstantsCompiler();
  }
}

/** Called after each statement; `bench/` and a test count them. */
export type QueryListener = (event: LogEvent) => void;

/**
 * Opens Postgres. Every wait is bounded (E8): waiting for a connection, connecting, a statement on the
 * server, and the answer on the wire.
 * @param onMoved called when connections move to another one of several servers.
 */
export function openPostgres(
  settings: Configuration['database'],
  onConnectionError: (error: Error) => void,
  onQuery?: QueryListener,
  onMoved?: (server: string) => void,
): Db {
  const address = readPostgresAddress(settings.url);
  const patienceMs = address.connectTimeoutMs ?? settings.connect_timeout_ms;
  const turns = createTurns({
    places: settings.pool_size,
    mostWaiting: settings.max_queue,
    patienceMs: settings.queue_timeout_ms,
    stallMs: patienceMs,
    stalled: () =>
      new DatabaseUnreachable(Object.assign(new Error('no connection came free'), { code: 'ETIMEDOUT' })),
  });
  let metReadOnly = (): void => undefined;
  const listeners = {
    onError: onConnectionError,
    onAnswer: () => turns.progressed(),
    onReadOnly: () => metReadOnly(),
  };
  const [first, ...others] = address.servers.map((server) => ({
    name: server.name,
    pool: createPool({ ...settings, connect_timeout_ms: patienceMs }, server, listeners),
  }));
  if (first === undefined) throw new Error('an address names at least one server');
  const { target } = address;
  const pool = withConnectRetry({
    servers: [first, ...others],
    target,
    turns,
    patienceMs,
    onReadOnly: (met) => {
      metReadOnly = met;
    },
    ...(onMoved && { onMoved }),
  });
  return new Kysely<Schema>({
    dialect: new LiteralPostgres({ pool }),
    ...(onQuery === undefined ? {} : { log: onQuery }),
  });
}

/**
 * Opens Postgres for migrations: an index on a large table may take any time. No login waits on this handle,
 * and locks that logins would wait for have a timeout of their own (`migrate`).
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
 * Opens the embedded database of the trial, for one process only. Without a folder it lives in memory.
 * Two processes on one folder lose rows, so the caller locks the folder first (`db/folder-lock.ts`).
 */
export function openEmbedded(folder?: string, onQuery?: QueryListener): Db {
  return new Kysely<Schema>({
    dialect: new LiteralPGlite({
      pglite: () => PGlite.create(folder === undefined ? {} : { dataDir: folder }),
    }),
    ...(onQuery === undefined ? {} : { log: onQuery }),
  });
}

import { Pool, type PoolClient } from 'pg';
import type { Configuration } from '../config/schema.ts';
import { createStatementNames, naming } from './named-statements.ts';
import { sessionOptions } from './session-options.ts';

// The server is going away, is read-only after a failover, or the connection is broken: such a
// client must not go back into the pool, or writes would be refused until the next restart (E8).
// 0A000: a migration changed what a named statement answers; a new connection names it anew.
const fatal = /^(08...|0A000|25006|57P0[1-3]|53300)$/;

function isFatal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return true;
  return fatal.test(code) || /^E[A-Z]+$/.test(code);
}

/** A `pg` pool in which every wait ends and a client that met a fatal error is thrown away. */
export function createPool(settings: Configuration['database'], onError: (error: Error) => void): Pool {
  const { url, options } = sessionOptions(settings.url);
  const pool = new Pool({
    connectionString: url,
    max: settings.pool_size,
    connectionTimeoutMillis: settings.connect_timeout_ms,
    query_timeout: settings.query_timeout_ms,
    statement_timeout: settings.statement_timeout_ms,
    // Without a limit a lock held by a dead node would queue every login behind it.
    lock_timeout: settings.statement_timeout_ms,
    idle_in_transaction_session_timeout: settings.statement_timeout_ms * 4,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'nijo',
    options,
  });
  pool.on('error', onError);
  const nameOf = createStatementNames();
  pool.on('connect', (client) => discardAfterFatalError(client, naming(client, nameOf), onError));
  return pool;
}

/** Throws the client away at its release once it met a fatal error; until then its queries fail at once. */
function discardAfterFatalError(
  client: PoolClient,
  query: (...values: unknown[]) => unknown,
  onError: (error: Error) => void,
): void {
  // An error between two queries of a checked-out client would otherwise end the process.
  client.on('error', onError);
  let fault: { error: unknown } | undefined;
  client.query = ((...values: unknown[]) => {
    // The rollback of a transaction on a dead connection would wait for a second timeout.
    if (fault !== undefined) return Promise.reject(fault.error);
    const result = query(...values);
    if (result instanceof Promise) {
      result.catch((error: unknown) => {
        if (isFatal(error)) fault = { error };
      });
    }
    return result;
  }) as typeof client.query;
  // `release` is set anew at every checkout; a setter lets the pool do so and still see ours.
  let release: PoolClient['release'] | undefined;
  Object.defineProperty(client, 'release', {
    configurable: true,
    get: () => (error?: Error | boolean) => release?.(fault === undefined ? error : true),
    set: (value: PoolClient['release']) => {
      release = value;
    },
  });
}

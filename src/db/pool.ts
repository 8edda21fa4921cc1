import { Client, Pool, type PoolClient } from 'pg';
import type { Configuration } from '../config/schema.ts';
import type { PostgresServer } from '../config/sections/postgres-address.ts';
import { createStatementNames, naming } from './named-statements.ts';
import { sessionOptions } from './session-options.ts';

// The server is shutting down, is read-only after a failover, or the connection is broken: such a client must
// not go back into the pool, or writes would be refused until the next restart (E8). 0A000: a migration
// changed the result of a named statement; a new connection prepares it again.
const fatal = /^(08...|0A000|25006|57P0[1-3]|53300)$/;

function isFatal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return true;
  return fatal.test(code) || /^E[A-Z]+$/.test(code);
}

/** What a pool reports. */
export interface PoolListeners {
  /** A connection broke. */
  onError: (error: Error) => void;
  /** A statement was answered. */
  onAnswer: () => void;
  /** A statement met a read-only server. */
  onReadOnly: () => void;
}

/** Records what Postgres reports of a session unasked, at its start and at every change. */
class ReportingClient extends Client {
  readonly reported = new Map<string, string>();

  constructor(settings?: ConstructorParameters<typeof Client>[0]) {
    super(settings);
    const { connection } = this as unknown as { connection: NodeJS.EventEmitter };
    connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
      this.reported.set(parameterName ?? '', parameterValue ?? ''),
    );
  }
}

/** What is known of a session without a query; undefined where a pooler hides it. */
export function reportedOf(client: PoolClient): { standby: boolean; readOnly: boolean } | undefined {
  const { reported } = client as unknown as Partial<ReportingClient>;
  const standby = reported?.get('in_hot_standby');
  const readOnly = reported?.get('default_transaction_read_only');
  return standby === undefined || readOnly === undefined
    ? undefined
    : { standby: standby === 'on', readOnly: readOnly === 'on' };
}

/** A `pg` pool of one server; every wait is bounded, and a client with a fatal error is discarded. */
export function createPool(
  settings: Configuration['database'],
  server: PostgresServer,
  listeners: PoolListeners,
): Pool {
  const { url, options } = sessionOptions(server.url);
  const pool = new Pool({
    Client: ReportingClient,
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
  pool.on('error', listeners.onError);
  const nameOf = createStatementNames();
  pool.on('connect', (client) => discardAfterFatalError(client, naming(client, nameOf), listeners));
  return pool;
}

/** Discards the client at its release once it met a fatal error; until then its queries fail at once. */
function discardAfterFatalError(
  client: PoolClient,
  query: (...values: unknown[]) => unknown,
  { onError, onAnswer, onReadOnly }: PoolListeners,
): void {
  // An error between two queries of a checked-out client would otherwise end the process.
  client.on('error', onError);
  let fault: { error: unknown } | undefined;
  client.query = ((...values: unknown[]) => {
    // The rollback of a transaction on a dead connection would wait for a second timeout.
    if (fault !== undefined) return Promise.reject(fault.error);
    const result = query(...values);
    if (result instanceof Promise) {
      result.then(onAnswer, (error: unknown) => {
        if (isFatal(error)) fault = { error };
        if ((error as { code?: unknown } | undefined)?.code === '25006') onReadOnly();
      });
    }
    return result;
  }) as typeof client.query;
  // The pool sets `release` at every checkout; this setter allows that, and the getter returns our wrapper.
  let release: PoolClient['release'] | undefined;
  Object.defineProperty(client, 'release', {
    configurable: true,
    get: () => (error?: Error | boolean) => release?.(fault === undefined ? error : true),
    set: (value: PoolClient['release']) => {
      release = value;
    },
  });
}

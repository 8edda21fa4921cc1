import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { SessionTarget } from '../config/sections/postgres-address.ts';
import { reportedOf } from './pool.ts';
import type { Turns } from './turns.ts';

// Nothing listens, the server is starting or stopping, has no free connection, or closed the new connection.
const passing = /^(ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|53300|25006)$/;
const hungUp = /Connection terminated unexpectedly/;
const pauseMs = 100;

/** No connection could be opened; `code` and the message are those of the system or of Postgres. */
export class DatabaseUnreachable extends Error {
  readonly code: string | undefined;

  constructor(cause: unknown) {
    // When a name has several addresses, each failed separately and the aggregate error has no message.
    const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
    const { code, message } = (first ?? {}) as { code?: unknown; message?: unknown };
    super(`The database does not answer: ${typeof message === 'string' ? message : String(cause)}`, {
      cause,
    });
    this.name = 'DatabaseUnreachable';
    this.code = typeof code === 'string' ? code : undefined;
  }
}

/** The server answers, but is not one that `target_session_attrs` asks for. */
class NotTheServer extends Error {
  readonly code = '25006';
}

/** What Kysely needs of a pool. */
export interface PatientPool {
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
  readonly options: Pool['options'];
}

/** The connections to one server. */
export interface ServerPool {
  name: string;
  pool: Pool;
}

export interface PatientPoolOptions {
  /** In the order in which they are tried; at least one. */
  servers: readonly [ServerPool, ...ServerPool[]];
  target: SessionTarget;
  /** The queue for connections. */
  turns: Turns;
  /** How long a server that refuses connections is retried. */
  patienceMs: number;
  /** Calls back whenever a statement meets a read-only server. */
  onReadOnly: (met: () => void) => void;
  /** Called when connections move to another server. */
  onMoved?: (name: string) => void;
}

/**
 * A pool over the servers of a cluster that retries, for up to `patienceMs`, while connections are refused: a
 * Postgres restart or a failover then causes a delay and no error (F01). Nothing was sent on a connection
 * that was never opened, so opening it again is always safe. `connect` throws `DatabaseUnreachable`, and what
 * `Turns.take` throws.
 */
export function withConnectRetry(options: PatientPoolOptions): PatientPool {
  const { servers, target, turns, patienceMs, onMoved } = options;
  // The server of the last good connection; the others are tried only when it fails.
  let current = 0;
  const held = new WeakMap<PoolClient, () => void>();
  // When each connection was opened, and when one last met a read-only server.
  const openedAt = new WeakMap<PoolClient, number>();
  let leftAt = 0;
  options.onReadOnly(() => {
    leftAt = performance.now();
  });
  for (const { pool } of servers)
    pool.on('release', (_, client) => {
      held.get(client)?.();
      held.delete(client);
    });

  /** A connection to this server. @throws NotTheServer when the session does not meet the target. */
  async function open({ pool, name }: ServerPool, wanted: SessionTarget): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect();
      const opened = openedAt.get(client);
      if (opened !== undefined && opened <= leftAt) {
        // Other connections from before a read-only error are discarded too.
        client.release(true);
        continue;
      }
      openedAt.set(client, opened ?? performance.now());
      const fault = await faultOf(client, wanted, opened === undefined).catch((error: unknown) => {
        client.release(true);
        throw error;
      });
      if (fault === undefined) return client;
      client.release(true);
      // A new connection shows the server's present state; a kept one shows the state of an earlier time.
      if (opened === undefined) throw new NotTheServer(`${name} ${fault}`);
    }
  }

  /** The first server, from the present one on, whose session meets the target. */
  async function openAny(wanted: SessionTarget): Promise<PoolClient> {
    const faults: unknown[] = [];
    for (let step = 0; step < servers.length; step += 1) {
      const at = (current + step) % servers.length;
      const server = servers[at];
      if (server === undefined) continue;
      try {
        const client = await open(server, wanted);
        if (at !== current) {
          current = at;
          onMoved?.(server.name);
        }
        return client;
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length === 1) throw faults[0];
    throw bestOf(faults);
  }

  async function connect(): Promise<PoolClient> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      try {
        // With the target `any`: of several servers, a writable one is preferred.
        if (target === 'any' && servers.length > 1)
          return await openAny('read-write').catch(() => openAny('any'));
        return await openAny(target);
      } catch (error) {
        const unreachable = new DatabaseUnreachable(error);
        const passes = passing.test(unreachable.code ?? '') || hungUp.test(unreachable.message);
        if (!passes || servers[0].pool.ending || performance.now() + pauseMs >= giveUpAt) throw unreachable;
        await pause(pauseMs);
      }
    }
  }

  return {
    options: servers[0].pool.options,
    async end() {
      await Promise.all(servers.map(({ pool }) => pool.end()));
    },
    async connect() {
      const giveBack = await turns.take();
      try {
        const client = await connect();
        held.set(client, giveBack);
        return client;
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  };
}

/** Joins several errors under the most telling code: a server that does not match, then a transient error. */
function bestOf(faults: readonly unknown[]): Error {
  const words = faults.map((fault) => new DatabaseUnreachable(fault));
  const worth = (fault: DatabaseUnreachable): number =>
    fault.code === '25006' ? 0 : passing.test(fault.code ?? '') ? 1 : 2;
  const [first] = words.toSorted((one, other) => worth(one) - worth(other));
  const said = words.map(({ message }) => message.replace(/^The database does not answer: /, ''));
  return Object.assign(new Error(said.join('; ')), { code: first?.code });
}

/** Why a session is not writable, or does not meet the target. */
async function faultOf(
  client: PoolClient,
  wanted: SessionTarget,
  fresh: boolean,
): Promise<string | undefined> {
  if (wanted === 'any') return undefined;
  // If a pooler hides what Postgres reports, a session is queried once.
  const state = reportedOf(client) ?? (fresh ? await askState(client) : undefined);
  if (state?.standby === true) return 'is a standby';
  return wanted !== 'primary' && state?.readOnly === true ? 'is read-only' : undefined;
}

async function askState(client: PoolClient): Promise<{ standby: boolean; readOnly: boolean }> {
  const { rows } = await client.query<{ standby: boolean; readonly: string }>(
    `select pg_is_in_recovery() as standby, current_setting('default_transaction_read_only') as readonly`,
  );
  return { standby: rows[0]?.standby === true, readOnly: rows[0]?.readonly === 'on' };
}

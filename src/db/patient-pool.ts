import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { SessionTarget } from '../config/sections/postgres-address.ts';
import { reportedOf } from './pool.ts';
import type { Turns } from './turns.ts';

// Nobody listens, the server is starting or stopping, its places are taken, or it hung up on the greeting.
const passing = /^(ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|53300|25006)$/;
const hungUp = /Connection terminated unexpectedly/;
const pauseMs = 100;

/** No connection could be opened; `code` and the words are those of the system or of Postgres. */
export class DatabaseUnreachable extends Error {
  readonly code: string | undefined;

  constructor(cause: unknown) {
    // Where a name has several addresses, each failed by itself and the whole has no words.
    const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
    const { code, message } = (first ?? {}) as { code?: unknown; message?: unknown };
    super(`The database does not answer: ${typeof message === 'string' ? message : String(cause)}`, {
      cause,
    });
    this.name = 'DatabaseUnreachable';
    this.code = typeof code === 'string' ? code : undefined;
  }
}

/** It answers, and is not one of those that `target_session_attrs` asks for. */
class NotTheServer extends Error {
  readonly code = '25006';
}

/** What Kysely needs of a pool. */
export interface PatientPool {
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
  readonly options: Pool['options'];
}

/** The connections to one of the servers. */
export interface ServerPool {
  name: string;
  pool: Pool;
}

export interface PatientPoolOptions {
  /** In the order in which they are tried; at least one. */
  servers: readonly [ServerPool, ...ServerPool[]];
  target: SessionTarget;
  /** Who is next. */
  turns: Turns;
  /** How long a server that turns connections away is asked again. */
  patienceMs: number;
  /** Calls back whenever a statement meets a server that writes nothing. */
  onReadOnly: (met: () => void) => void;
  /** Told when connections go to another server from now on. */
  onMoved?: (name: string) => void;
}

/**
 * A pool over the servers of a cluster that waits, up to `patienceMs`, for one that turns connections away: a Postgres
 * that restarts, or a standby that takes over, is then a slow moment and no error (F01). Nothing has been asked on a
 * connection that was not opened, so opening it again is always safe.
 * `connect` throws `DatabaseUnreachable`, and what `Turns.take` throws.
 */
export function withConnectRetry(options: PatientPoolOptions): PatientPool {
  const { servers, target, turns, patienceMs, onMoved } = options;
  // Where the last connection was good: the others are asked only when it is no more.
  let current = 0;
  const held = new WeakMap<PoolClient, () => void>();
  // When each connection was opened, and when one of them last met a server that writes nothing.
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

  /** A connection to this server. @throws NotTheServer where the session is not what is asked for. */
  async function open({ pool, name }: ServerPool, wanted: SessionTarget): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect();
      const opened = openedAt.get(client);
      if (opened !== undefined && opened <= leftAt) {
        // Those beside one that met a read-only server need not meet it too.
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
      // What was opened just now shows what the server is; a kept connection what it was asked to be before.
      if (opened === undefined) throw new NotTheServer(`${name} ${fault}`);
    }
  }

  /** The first server, from the present one on, whose session is what is asked for. */
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
        // Whatever is asked for: of several servers, one that can be written to is the better one.
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

/** Of several faults the one that says most: a server that answers and is not the right one, then any with words. */
function bestOf(faults: readonly unknown[]): Error {
  const words = faults.map((fault) => new DatabaseUnreachable(fault));
  const worth = (fault: DatabaseUnreachable): number =>
    fault.code === '25006' ? 0 : passing.test(fault.code ?? '') ? 1 : 2;
  const [first] = words.toSorted((one, other) => worth(one) - worth(other));
  const said = words.map(({ message }) => message.replace(/^The database does not answer: /, ''));
  return Object.assign(new Error(said.join('; ')), { code: first?.code });
}

/** Why a session is not one to write in, or not what is asked for. */
async function faultOf(
  client: PoolClient,
  wanted: SessionTarget,
  fresh: boolean,
): Promise<string | undefined> {
  if (wanted === 'any') return undefined;
  // Where a pooler between hides what Postgres tells, a session is asked once.
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

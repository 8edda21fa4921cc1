import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

// Nobody listens, the server is starting or stopping, its places are taken, or it hung up on the greeting.
const passing = /^(ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|53300)$/;
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

/** What Kysely needs of a pool. */
export interface PatientPool {
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
  readonly options: Pool['options'];
}

/**
 * A pool that waits, up to `patienceMs`, for a server that turns connections away: a Postgres that
 * restarts is then a slow moment and no error (F01). Nothing has been asked on a connection that was
 * not opened, so opening it again is always safe. `connect` throws `DatabaseUnreachable`.
 */
export function patiently(pool: Pool, patienceMs: number): PatientPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const giveUpAt = performance.now() + patienceMs;
      for (;;) {
        try {
          return await pool.connect();
        } catch (error) {
          const unreachable = new DatabaseUnreachable(error);
          const passes = passing.test(unreachable.code ?? '') || hungUp.test(unreachable.message);
          if (!passes || pool.ending || performance.now() + pauseMs >= giveUpAt) throw unreachable;
          await pause(pauseMs);
        }
      }
    },
  };
}

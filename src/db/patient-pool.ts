import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

// Nobody listens, the server is starting or stopping, its places are taken, or it hung up on the greeting.
const passing = /^(ECONNREFUSED|ECONNRESET|EPIPE|57P0[123]|53300)$/;
const hungUp = /Connection terminated unexpectedly/;
const pauseMs = 100;

/** What Kysely needs of a pool. */
export interface PatientPool {
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
  readonly options: Pool['options'];
}

/**
 * A pool that waits, up to `patienceMs`, for a server that turns connections away: a Postgres that
 * restarts is then a slow moment and no error (F01). Nothing has been asked on a connection that was
 * not opened, so opening it again is always safe.
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
          const { code, message } = error as { code?: unknown; message?: unknown };
          const passes =
            (typeof code === 'string' && passing.test(code)) ||
            (typeof message === 'string' && hungUp.test(message));
          if (!passes || pool.ending || performance.now() + pauseMs >= giveUpAt) throw error;
          await pause(pauseMs);
        }
      }
    },
  };
}

import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import type { Logger } from './logger.ts';

/** What `/health/live` and `/health/ready` say. */
export interface Health {
  /** True while this node should be sent logins: not draining, and the database answers. */
  readonly ready: () => boolean;
  /** From now on `ready` is false: the balancer sends new requests elsewhere. */
  readonly drain: () => void;
  /** Resolves when the database has been asked once. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

const intervalMs = 1000;
// With the interval before it: a database that stops answering is noticed within 3 s (F16).
const lateMs = 1500;
// A node whose clock is this far from the database's shows wrong times in mails and logs (F10).
const clockAlarmMs = 5000;

/**
 * Asks the database in the background, so that a probe is answered at once and uses no connection,
 * however busy the node is (F15, F16).
 */
export function createHealth(dependencies: {
  db: Db;
  logger: Logger;
  onClockOffset?: (ms: number) => void;
}): Health {
  const { db, logger } = dependencies;
  let reachable = false;
  let draining = false;
  let asking = false;
  let clockWrong = false;
  let timer: NodeJS.Timeout | undefined;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    // The answer may be long in coming: until then the node is not ready.
    const late = setTimeout(() => say(false), lateMs);
    try {
      const before = Date.now();
      const { rows } = await sql<{
        ms: number;
      }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
      const offset = (before + Date.now()) / 2 - (rows[0]?.ms ?? before);
      dependencies.onClockOffset?.(offset);
      const wrong = Math.abs(offset) > clockAlarmMs;
      if (wrong && !clockWrong)
        logger.error(
          { event: 'clock.wrong', offsetMs: Math.round(offset) },
          'this node’s clock differs from the database’s',
        );
      clockWrong = wrong;
      say(true);
    } catch (error) {
      say(false, error);
    } finally {
      clearTimeout(late);
      asking = false;
    }
  }

  function say(now: boolean, error?: unknown): void {
    if (now === reachable) return;
    reachable = now;
    if (now) logger.info({ event: 'database.reachable' }, 'the database answers');
    else logger.error({ event: 'database.unreachable', err: error }, 'the database does not answer');
  }

  return {
    ready: () => reachable && !draining,
    drain: () => {
      draining = true;
    },
    async start() {
      await ask();
      timer = setInterval(() => void ask(), intervalMs);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}

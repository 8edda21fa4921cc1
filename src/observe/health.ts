import { sql } from 'kysely';
import { inLane } from '../base/lanes.ts';
import { createNodeClock, type NodeClock } from '../base/node-clock.ts';
import type { Db } from '../db/open.ts';
import { probeOneRow, probeWriting } from '../db/write-probe.ts';
import type { Logger } from './logger.ts';

/** What `/health/live` and `/health/ready` say. */
export interface Health {
  /** True while this node should get logins: not draining, clock within the limit, database writable. */
  readonly ready: () => boolean;
  /** From now on `ready` is false: the balancer sends new requests elsewhere. */
  readonly drain: () => void;
  /** Resolves when the database has been queried once. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

export interface HealthOptions {
  /** Preferably a connection of its own: then no load delays it. */
  db: Db;
  logger: Logger;
  /** The clock that the database's clock synchronises. */
  clock?: NodeClock;
  /** How far the system's clock may be off before this node leaves the balancer. */
  clockLimitMs?: number;
  /** Whether to test disk space too; not in the embedded database, which has no autovacuum. */
  growing?: boolean;
  metrics?: { clockOffset(seconds: number): void; ready(yes: boolean): void };
}

const intervalMs = 1000;
// Together with the interval: a database that stops answering is noticed within 3 s (F16).
const lateMs = 1500;
// A node whose clock is this far from the database's is reported (F10).
const clockAlarmMs = 5000;
const usualClockLimitMs = 300_000;
// One of this many probes tests disk space; after a failure every probe does.
const largeEvery = 5;

// A right that was not granted, or a table of a later release: not a fault of the server.
const cannotProbe = /^42(501|P01)$/;

type Fault = { event: string; words: string };

function describeFault(error: unknown): Fault {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === '25006') return { event: 'database.read-only', words: 'the database is read-only' };
  if (code === '53100') return { event: 'database.disk-full', words: 'the disk of the database is full' };
  return { event: 'database.unreachable', words: 'the database does not answer' };
}

/**
 * Queries the database in the background, so that a probe is answered at once and uses no connection, however
 * busy the node is (F15, F16). It writes, as a login does: a server that is read-only or full is not ready.
 */
export function createHealth(options: HealthOptions): Health {
  const { db, logger, metrics, growing = false } = options;
  const clock = options.clock ?? createNodeClock(Date.now);
  const clockLimitMs = options.clockLimitMs ?? usualClockLimitMs;
  let answers = false;
  let lastEvent: string | undefined;
  let draining = false;
  let asking = false;
  let clockWrong = false;
  let clockLost = false;
  let probes = 0;
  let toldOfRights = false;
  let timer: NodeJS.Timeout | undefined;

  const ready = (): boolean => answers && !draining && !clockLost;

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    // The answer may take long: the node is not ready once it is late.
    const late = setTimeout(() => say(false), lateMs);
    try {
      const large = growing && (!answers || probes % largeEvery === 0);
      probes += 1;
      const askedAt = performance.now();
      const databaseMs = await inLane({ lane: 'probe' }, () => probe(large));
      const answeredAt = performance.now();
      clock.learn(databaseMs, askedAt, answeredAt);
      // Otherwise answers that are always late would make the node ready between any two of them.
      say(answeredAt - askedAt < lateMs);
    } catch (error) {
      say(false, error);
    } finally {
      clearTimeout(late);
      asking = false;
      lookAtClock();
      metrics?.ready(ready());
    }
  }

  /** @returns the database's clock, in milliseconds. */
  async function probe(large: boolean): Promise<number> {
    try {
      return (await (growing ? probeWriting(db, large) : probeOneRow(db))).databaseMs;
    } catch (error) {
      const { code } = (error ?? {}) as { code?: unknown };
      if (typeof code !== 'string' || !cannotProbe.test(code)) throw error;
      if (!toldOfRights)
        logger.error(
          { event: 'database.probe-refused', err: error },
          'run `nijo migrate --runtime-role ROLE`',
        );
      toldOfRights = true;
      return readProbe();
    }
  }

  /** What can be learned without the right to write. */
  async function readProbe(): Promise<number> {
    const { rows } = await sql<{ ms: number; readonly: string }>`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms,
        current_setting('transaction_read_only') as readonly`.execute(db);
    if (rows[0]?.readonly === 'on')
      throw Object.assign(new Error('the server is read-only'), { code: '25006' });
    return rows[0]?.ms ?? Number.NaN;
  }

  function lookAtClock(): void {
    const offsetMs = Math.round(clock.offset());
    metrics?.clockOffset(offsetMs / 1000);
    const wrong = Math.abs(offsetMs) > clockAlarmMs;
    const lost = Math.abs(offsetMs) > clockLimitMs;
    if (lost && !clockLost)
      logger.error(
        { event: 'clock.lost', offsetMs, limitMs: clockLimitMs },
        'this node’s clock is so wrong that it takes no logins until it is set: synchronise it with NTP',
      );
    if (wrong && !clockWrong)
      logger.error(
        { event: 'clock.wrong', offsetMs },
        'this node’s clock differs from the database’s, whose time is used',
      );
    if (!wrong && clockWrong)
      logger.info({ event: 'clock.right', offsetMs }, 'this node’s clock is right again');
    clockWrong = wrong;
    clockLost = lost;
  }

  function say(now: boolean, error?: unknown): void {
    const { event, words } = now
      ? { event: 'database.reachable', words: 'the database answers and can be written to' }
      : describeFault(error);
    // The error of a late answer is logged, since it says more; a repeated event is not.
    if (now === answers && (now || error === undefined || event === lastEvent)) return;
    answers = now;
    lastEvent = event;
    if (now) logger.info({ event }, words);
    else logger.error({ event, err: error }, words);
  }

  return {
    ready,
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

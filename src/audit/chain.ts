import { sql } from 'kysely';
import { newSecret } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import { ensureInstanceSecret } from '../db/instance-secrets.ts';
import type { Db } from '../db/open.ts';
import { linkSome } from './linking.ts';
import { chainKeyName } from './links.ts';

/** What the chain reports to the log. */
export interface ChainLog {
  warn(fields: object, text?: string): void;
  info(fields: object, text?: string): void;
}

export interface AuditChain {
  /** Links waiting events repeatedly; any number of nodes may run it, and one at a time links. */
  start(): void;
  /** Links the rest and ends; the next node links what is left. */
  stop(): Promise<void>;
  /** Links everything that waits now. @returns how many events. */
  linkWaiting(): Promise<number>;
}

// An arbitrary lock number that nothing else in this program uses.
const lockNumber = 7_203_118_003;
const batchSize = 500;
const stopMs = 5000;

/**
 * The chain over the audit log (C42, D15). Events are written without a link, in the transaction of the
 * change that they record, so that no login waits. A trigger queues each event. Within a second one node at a
 * time gives it the next place in the chain, with a keyed digest over the previous link and the whole event.
 */
export function createAuditChain(deps: {
  db: Db;
  sealer: Sealer;
  logger: ChainLog;
  everyMs?: number;
  batch?: number;
}): AuditChain {
  const { db, sealer, logger, everyMs = 1000, batch = batchSize } = deps;
  let key: Buffer | undefined;
  let stopped = false;
  let failing = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  async function linkBatch(whenBusy: 'leave' | 'wait'): Promise<number> {
    key ??= await ensureInstanceSecret(db, sealer, chainKeyName, () => newSecret());
    const chainKey = key;
    return db.transaction().execute(async (trx) => {
      if (!(await tryAcquireChainLock(trx, whenBusy))) return 0;
      const { linked, gone, strays } = await linkSome(trx, chainKey, batch);
      for (const eventId of gone) logger.warn({ event: 'audit.event-missing', id: eventId });
      for (const eventId of strays) logger.warn({ event: 'audit.linked-twice', id: eventId });
      return linked + strays.length;
    });
  }

  async function linkWaiting(until = Number.POSITIVE_INFINITY): Promise<number> {
    let linked = 0;
    let last = batch;
    while (last >= batch && Date.now() < until) {
      last = await linkBatch('wait');
      linked += last;
    }
    return linked;
  }

  async function round(): Promise<void> {
    try {
      // Most seconds have nothing to do; this is found without a transaction.
      let last = (await isWaiting(db)) ? batch : 0;
      while (!stopped && last >= batch) last = await linkBatch('leave');
      if (failing > 0) logger.info({ event: 'audit.chain-goes-on' });
      failing = 0;
    } catch (error) {
      // Once a minute is enough while the database is unreachable: other parts of the program report it too.
      if (failing % 60 === 0) logger.warn({ event: 'audit.chain-waits', err: error });
      failing += 1;
    }
    again();
  }

  function again(): void {
    if (stopped) return;
    // Jittered, so that nodes started together do not poll together.
    timer = setTimeout(
      () => {
        running = round();
      },
      everyMs * (0.75 + Math.random() / 2),
    );
    timer.unref();
  }

  return {
    start() {
      if (timer === undefined) again();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      try {
        await linkWaiting(Date.now() + stopMs);
      } catch (error) {
        logger.warn({ event: 'audit.chain-waits', err: error });
      }
    },
    linkWaiting: () => linkWaiting(),
  };
}

async function isWaiting(db: Db): Promise<boolean> {
  const { rows } = await sql`select from audit_unlinked limit 1`.execute(db);
  return rows.length > 0;
}

/** One writer of the chain at a time, for the duration of the transaction. */
async function tryAcquireChainLock(trx: Db, whenBusy: 'leave' | 'wait'): Promise<boolean> {
  if (whenBusy === 'wait') {
    await sql`select pg_advisory_xact_lock(${lockNumber}::bigint)`.execute(trx);
    return true;
  }
  const { rows } = await sql<{ mine: boolean }>`
    select pg_try_advisory_xact_lock(${lockNumber}::bigint) as mine`.execute(trx);
  return rows[0]?.mine === true;
}

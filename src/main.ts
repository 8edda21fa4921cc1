import { hostname } from 'node:os';
import { type Nijo, startNijo } from './app/app.ts';
import { createNodeClock, leadDateBy } from './base/node-clock.ts';
import type { Configuration } from './config/schema.ts';
import { pendingMigrations } from './db/migrate.ts';
import { installationOf } from './db/installation.ts';
import { type Db, openPostgres } from './db/open.ts';
import { longestStopMs } from './app/listeners.ts';
import { createLogger, type Logger } from './observe/logger.ts';

/** A worker's link to its supervisor. */
export interface Supervised {
  stop: Promise<void>;
  serving(node: Nijo): void;
}

/**
 * Runs a node until the process is told to stop (SIGTERM, SIGINT), then shuts down in order with exit code 0.
 * A second signal ends it at once.
 * @param supervised this node is one of several workers: further signals are then ignored, since all
 *   processes of a terminal or a service often receive the same one.
 * @throws Error with a line for the operator when the node cannot start.
 */
export async function serve(config: Configuration, supervised?: Supervised): Promise<void> {
  const logger = createLogger(config.logging, config.server.node_name ?? hostname());
  const onMoved = (server: string): void => {
    logger.warn({ event: 'database.moved', server }, 'connections go to another server');
  };
  const db = openPostgres(
    config.database,
    (error) => {
      logger.warn({ event: 'database.connection', err: error }, 'a database connection was lost');
    },
    undefined,
    onMoved,
  );
  // Its own connection: under any load it shows within a moment whether logins can be written.
  const healthDb = openPostgres({ ...config.database, pool_size: 1 }, () => undefined);
  const clock = createNodeClock(Date.now);
  const leaveDate = leadDateBy(clock);
  const signalled = untilSignal(supervised === undefined ? () => process.exit(1) : () => undefined);
  const stopped = supervised === undefined ? signalled : Promise.race([signalled, supervised.stop]);
  // An unhandled rejection is a bug of ours; it must be logged, and must not end the other logins.
  process.on('unhandledRejection', (error) =>
    logger.fatal({ event: 'unhandled-rejection', err: error }, 'unhandled rejection'),
  );
  try {
    const pending = await pendingMigrations(db);
    if (pending.length > 0) {
      throw new Error(
        `The database lacks ${pending.length} migration(s) (${pending.join(', ')}). Run \`nijo migrate\` first.`,
      );
    }
    await warnOfRestore(db, logger);
    const nijo = await startNijo({
      config,
      db,
      health: { db: healthDb, clock, growing: true },
      logger,
      worker: supervised !== undefined,
    });
    supervised?.serving(nijo);
    await stopped;
    // A connection that cannot even be closed must not keep the process alive.
    setTimeout(() => {
      logger.error({ event: 'stop.late' }, 'the node did not end in its time');
      process.exit(1);
    }, longestStopMs(config)).unref();
    await nijo.stop();
  } finally {
    await Promise.all([db.destroy(), healthDb.destroy()]);
    leaveDate();
  }
}

/** An unhandled restore is reported at every start: used tokens and ended sessions are valid again. */
async function warnOfRestore(db: Db, logger: Logger): Promise<void> {
  const { state, awaitsDirectory } = await installationOf(db);
  if (state === 'elsewhere')
    logger.error(
      { event: 'database.restored-and-not-dealt-with' },
      'these data come from another database: run `nijo post-restore` (docs/operations.md)',
    );
  else if (awaitsDirectory)
    logger.warn(
      { event: 'database.directory-awaited' },
      'after a restore: run `nijo accounts import` with the newest file of the directory',
    );
}

function untilSignal(second: () => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) second();
        asked = true;
        resolve();
      });
    }
  });
}

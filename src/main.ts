import { hostname } from 'node:os';
import { startNijo } from './app.ts';
import type { Configuration } from './config/schema.ts';
import { pendingMigrations } from './db/migrate.ts';
import { openPostgres } from './db/open.ts';
import { createLogger } from './observe/logger.ts';

/**
 * Runs a node until the process is told to stop (SIGTERM, SIGINT), then ends in order with exit code 0.
 * A second signal ends at once.
 * @throws Error with a line for the operator when the node cannot start.
 */
export async function serve(config: Configuration): Promise<void> {
  const logger = createLogger(config.logging, config.server.node_name ?? hostname());
  const db = openPostgres(config.database, (error) => {
    logger.warn({ event: 'database.connection', err: error }, 'a database connection was lost');
  });
  const stopped = untilSignal(() => process.exit(1));
  // A rejection nobody awaited is a mistake of ours; it must be seen, and must not end the other logins.
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
    const nijo = await startNijo({ config, db, logger });
    await stopped;
    await nijo.stop();
  } finally {
    await db.destroy();
  }
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

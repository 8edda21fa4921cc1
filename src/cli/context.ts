import { hostname, userInfo } from 'node:os';
import { createSealer, type Sealer } from '../base/sealing.ts';
import { ConfigurationError, loadConfiguration } from '../config/load.ts';
import type { Configuration } from '../config/schema.ts';
import { secretGenerations } from '../config/secret-generations.ts';
import { type Db, openForMigrations, openPostgres } from '../db/open.ts';
import { createLogger, type Logger } from '../observe/logger.ts';

/** What a command works with. */
export interface CommandDependencies {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  logger: Logger;
}

/** What every command is given: configuration and database on demand, output, and the actor. */
export interface CliContext {
  loadConfiguration(): Configuration;
  /** Opens the configured database while `work` runs; for migrations, without timeouts. */
  withDatabase<T>(
    work: (dependencies: CommandDependencies) => Promise<T>,
    options?: { forMigrations?: boolean },
  ): Promise<T>;
  out(text: string): void;
  /** Reports the progress of a long command on standard error, where a person may be watching. */
  progress?(text: string): void;
  /** Ends the command with a line for the operator and exit code 1. */
  fail(message: string): never;
  /** Goes into the audit log: who ran the command. */
  actor: string;
}

/** What a command on the trial works with. */
export interface OpenedTrial {
  db: Db;
  config: Configuration;
  close(): Promise<void>;
}

/** An error that is reported to the operator in one line, without a stack. */
export class CommandFailed extends Error {}

/** A container may run under a user ID that no passwd entry names (OpenShift, `runAsUser`). */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

export function createCliContext(options: {
  configFile: () => string | undefined;
  /** The trial's settings and database in place of the configured ones; undefined without `--trial`. */
  trial?: (context: Pick<CliContext, 'fail'>) => Promise<OpenedTrial> | undefined;
  environment: NodeJS.ProcessEnv;
}): CliContext {
  const load = (): Configuration => {
    try {
      return loadConfiguration(options.configFile() ?? options.environment.NIJO_CONFIG, options.environment);
    } catch (error) {
      if (error instanceof ConfigurationError) throw new CommandFailed(error.message);
      throw error;
    }
  };
  const fail = (message: string): never => {
    throw new CommandFailed(message);
  };
  return {
    loadConfiguration: load,
    async withDatabase(work, { forMigrations = false } = {}) {
      // A command's own output goes to standard output; its log must not mix with it.
      const logger = createLogger({ level: 'warn' }, hostname(), process.stderr);
      const trial = await options.trial?.({ fail });
      if (trial !== undefined) {
        const { db, config } = trial;
        const sealer = createSealer(secretGenerations(config.secrets));
        try {
          return await work({ db, config, sealer, logger });
        } finally {
          await trial.close();
        }
      }
      const config = load();
      const open = forMigrations ? openForMigrations : openPostgres;
      const db = open(config.database, (error) =>
        logger.warn({ event: 'database.connection', err: error }, 'connection lost'),
      );
      try {
        return await work({ db, config, sealer: createSealer(secretGenerations(config.secrets)), logger });
      } finally {
        await db.destroy();
      }
    },
    out: (text) => process.stdout.write(`${text}\n`),
    progress: (text) => process.stderr.write(`${text}\n`),
    fail,
    actor: `cli:${userName()}`,
  };
}

import { Command } from 'commander';
import { migrate, pendingMigrations } from '../db/migrate.ts';
import type { CliContext } from './context.ts';

/** `nijo migrate`: brings the database to this release. Safe to run on several machines at once. */
export function migrateCommand(context: CliContext): Command {
  return new Command('migrate')
    .description('bring the database to this release')
    .option('--check', 'change nothing; exit with 1 when something is pending')
    .option('--json', 'machine-readable output')
    .action((options: { check?: boolean; json?: boolean }) =>
      context.withDatabase(async ({ db }) => {
        const names = options.check === true ? await pendingMigrations(db) : await migrate(db);
        if (options.json === true)
          context.out(JSON.stringify({ [options.check === true ? 'pending' : 'applied']: names }));
        else if (names.length === 0) context.out('The database is up to date.');
        else context.out(`${options.check === true ? 'Pending' : 'Applied'}: ${names.join(', ')}`);
        if (options.check === true && names.length > 0) process.exitCode = 1;
      }),
    );
}

import { Command, Option } from 'commander';
import { migrate, pendingMigrations } from '../db/migrate.ts';
import { noteInstallation } from '../db/installation.ts';
import { MigrationBlocked } from '../db/migrations/patience.ts';
import { grantRuntimeRights, type RoleFault } from '../db/runtime-role.ts';
import type { CliContext } from './context.ts';

const roleFaults: Readonly<Record<RoleFault, string>> = {
  unknown: 'does not exist: create it first (create role … login)',
  superuser: 'is a superuser, whom no rights bind',
  owner: 'owns the tables, or belongs to the role that does, and could give itself every right',
};

/** `nijo migrate`: brings the database to this release. Safe to run on several machines at once. */
export function migrateCommand(context: CliContext): Command {
  return new Command('migrate')
    .description('bring the database to this release')
    .option('--check', 'change nothing; exit with 1 when something is pending')
    .addOption(
      new Option(
        '--runtime-role <role>',
        'then give this database role exactly what serving needs (docs/operations.md); repeat it after each upgrade',
      ).conflicts('check'),
    )
    .option('--json', 'machine-readable output')
    .action((options: { check?: boolean; json?: boolean; runtimeRole?: string }) =>
      context.withDatabase(
        async ({ db }) => {
          const report = (line: string) => context.progress?.(line);
          const names =
            options.check === true
              ? await pendingMigrations(db)
              : await carryOut(() => migrate(db, { report }));
          // A dump records the database that it was made from, which identifies a restored one.
          if (options.check !== true) await noteInstallation(db);
          const { runtimeRole } = options;
          const fault = runtimeRole === undefined ? undefined : await grantRuntimeRights(db, runtimeRole);
          if (options.json === true)
            context.out(
              JSON.stringify({
                [options.check === true ? 'pending' : 'applied']: names,
                ...(runtimeRole === undefined || fault !== undefined ? {} : { runtimeRole }),
              }),
            );
          else if (names.length === 0) context.out('The database is up to date.');
          else context.out(`${options.check === true ? 'Pending' : 'Applied'}: ${names.join(', ')}`);
          if (options.check === true && names.length > 0) process.exitCode = 1;
          if (runtimeRole === undefined) return;
          if (fault !== undefined) context.fail(`The role ${runtimeRole} ${roleFaults[fault]}.`);
          if (options.json !== true) context.out(`The role ${runtimeRole} has what serving needs.`);
        },
        { forMigrations: true },
      ),
    );

  async function carryOut(work: () => Promise<string[]>): Promise<string[]> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MigrationBlocked) return context.fail(error.message);
      const { code, message } = error as { code?: unknown; message?: unknown };
      if (code === '42501')
        return context.fail(
          `${String(message)}: migrating needs the role that owns the tables; set DATABASE_URL to it (docs/operations.md, "Two database roles")`,
        );
      throw error;
    }
  }
}

import { Command } from 'commander';
import { sql } from 'kysely';
import { countAfterRestore, endAfterRestore, type EndedAfterRestore } from '../accounts/restore.ts';
import { renewInstallation } from '../db/installation.ts';
import type { Db } from '../db/open.ts';
import type { CliContext } from './context.ts';

interface Options {
  at?: string;
  dryRun?: boolean;
  nothingLost?: boolean;
  json?: boolean;
}

const words: Readonly<Record<keyof EndedAfterRestore, string>> = {
  sessions: 'sessions, of which services are told',
  tokens: 'tokens, grants, codes and unfinished requests',
  logins: 'logins and changes in progress',
  mailCodes: 'mailed codes',
  links: 'links in notices',
  setUpPasses: 'setup passes',
  trustedBrowsers: 'trusted browsers',
  mails: 'mails that waited to be sent',
  apps: 'apps whose codes of the last minute are refused',
};

/** `nijo post-restore`: after a restore, ends what would be valid a second time (docs/operations.md). */
export function postRestoreCommand(context: CliContext): Command {
  return new Command('post-restore')
    .description('after the database was restored: end sessions, tokens, codes and passes of before')
    .option(
      '--at <time>',
      'the moment the data are of, such as 2026-11-30T03:00:00Z (default: the newest event)',
    )
    .option('--dry-run', 'change nothing; say what would be ended')
    .option(
      '--nothing-lost',
      'the data are the newest (pg_upgrade, a move): only note that this is the database now',
    )
    .option('--json', 'machine-readable output')
    .action((options: Options) =>
      context.withDatabase(
        async ({ db }) => {
          if (options.nothingLost === true) {
            await renewInstallation(db, false);
            context.out(options.json === true ? JSON.stringify({ noted: true }) : 'Noted.');
            return;
          }
          const at = await momentOf(db, options.at);
          const ended =
            options.dryRun === true
              ? await countAfterRestore(db)
              : await endAfterRestore(db, context.actor, at);
          if (options.json === true) {
            context.out(JSON.stringify({ at, dryRun: options.dryRun === true, ended }));
            return;
          }
          context.out(
            `${options.dryRun === true ? 'Would end' : 'Ended'}, of the state of ${at}:\n${Object.entries(
              words,
            )
              .map(([kind, what]) => `  ${ended[kind as keyof EndedAfterRestore]} ${what}`)
              .join('\n')}`,
          );
          context.out(
            'Next: `nijo accounts import` with the newest file of the directory (whoever was disabled since is active until then), `nijo clients apply`, `nijo keys rotate`, and a new file of anchors for `nijo audit verify`.',
          );
        },
        { forMigrations: true },
      ),
    );

  async function momentOf(db: Db, given: string | undefined): Promise<string> {
    if (given !== undefined) {
      const parsed = new Date(given);
      if (Number.isNaN(parsed.getTime()) || !/^\d{4}-\d{2}-\d{2}/.test(given))
        return context.fail(`${given} is not a time such as 2026-11-30T03:00:00Z.`);
      if (parsed.getTime() > Date.now() + 60_000) return context.fail(`${given} has not come yet.`);
      return parsed.toISOString();
    }
    const { rows } = await sql<{ at: Date | null }>`
      select at from audit_events order by id desc limit 1`.execute(db);
    return (rows[0]?.at ?? new Date()).toISOString();
  }
}

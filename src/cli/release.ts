import type { Command } from 'commander';
import { findAccountByLoginId } from '../accounts/directory.ts';
import { createFactorPause } from '../factors/verification/pause.ts';
import { releaseFactors } from '../factors/enrolled/release.ts';
import type { CliContext } from './context.ts';

/** `nijo accounts release`: lets an account try its codes again after too many wrong ones (R8, C05). */
export function releaseCommand(accounts: Command, context: CliContext): void {
  accounts
    .command('release')
    .description('let an account try its codes again, after too many wrong ones')
    .argument('<login-id>')
    .option('--json', 'print JSON')
    .action(async (loginId: string, output: { json?: boolean }) => {
      const { account, released } = await context.withDatabase(async ({ db, config }) => {
        const known =
          (await findAccountByLoginId(db, loginId)) ?? context.fail(`There is no account ${loginId}.`);
        const pause = createFactorPause(config.assurance.wrong_codes_per_hour);
        return { account: known, released: await releaseFactors(db, pause, known.id, context.actor) };
      });
      const { paused, disabled } = released;
      const changed = paused || disabled.length > 0;
      const ways = disabled.length === 0 ? '' : ` Usable again: ${disabled.join(', ')}.`;
      const text = changed
        ? `The wrong codes of ${account.loginId} are forgotten.${ways}`
        : `Nothing stood in the way of ${account.loginId}.`;
      context.out(
        output.json === true
          ? JSON.stringify({ login_id: account.loginId, changed, paused, disabled })
          : text,
      );
    });
}

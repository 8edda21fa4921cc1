import type { Command } from 'commander';
import { findAccountByLoginId } from '../accounts/directory.ts';
import { unfreezeAccount } from '../factors/verification/freeze.ts';
import type { CliContext } from './context.ts';

/** `nijo accounts unfreeze`: ends the 24 hours after "this was not me" (D11) or a reset (R37). */
export function unfreezeCommand(accounts: Command, context: CliContext): void {
  accounts
    .command('unfreeze')
    .description('let an account change its second factor again, after “this was not me” or a reset')
    .argument('<login-id>')
    .option('--json', 'print JSON')
    .action(async (loginId: string, output: { json?: boolean }) => {
      const { account, changed } = await context.withDatabase(async ({ db }) => {
        const known =
          (await findAccountByLoginId(db, loginId)) ?? context.fail(`There is no account ${loginId}.`);
        return { account: known, changed: await unfreezeAccount(db, known.id, context.actor) };
      });
      const text = changed
        ? `${account.loginId} can change its second factor again.`
        : `Nothing was frozen for ${account.loginId}.`;
      context.out(output.json === true ? JSON.stringify({ login_id: account.loginId, changed }) : text);
    });
}

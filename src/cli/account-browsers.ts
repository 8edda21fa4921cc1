import type { Command } from 'commander';
import { type Account, findAccountByLoginId } from '../accounts/directory.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { lockAccount } from '../accounts/account-lock.ts';
import { endAllOf, endOne, trustedBrowsersOf } from '../factors/browsers/trust-rows.ts';
import type { CliContext } from './context.ts';

interface Options {
  end?: string;
  endAll?: boolean;
  json?: boolean;
}

/** `nijo accounts browsers`: shows the browsers that an account trusts, and ends trust in them (R31). */
export function accountBrowsersCommand(accounts: Command, context: CliContext): void {
  accounts
    .command('browsers')
    .description('show the browsers that an account trusts, or end trust in them')
    .argument('<login-id>')
    .option('--end <id>', 'end trust in one browser')
    .option('--end-all', 'end trust in every browser')
    .option('--json', 'print JSON')
    .action(async (loginId: string, options: Options) => {
      if (options.end !== undefined && options.endAll === true)
        context.fail('Give either --end or --end-all.');
      const { account, ended, left } = await context.withDatabase(async ({ db }) => {
        const found: Account =
          (await findAccountByLoginId(db, loginId)) ?? context.fail(`There is no account ${loginId}.`);
        return {
          account: found,
          ended: await endTrust(db, found.id, options, context.actor),
          left: await trustedBrowsersOf(db, found.id),
        };
      });
      if (options.end !== undefined && ended === 0)
        context.fail(`${account.loginId} trusts no browser ${options.end}.`);
      if (options.json === true) {
        context.out(JSON.stringify({ login_id: account.loginId, ended, browsers: left.map(asJson) }));
        return;
      }
      if (options.end !== undefined || options.endAll === true)
        context.out(`Trust ended in ${ended === 1 ? 'one browser' : `${ended} browsers`}.`);
      context.out(left.length === 0 ? `${account.loginId} trusts no browser.` : left.map(asLine).join('\n'));
    });
}

async function endTrust(db: Db, accountId: string, options: Options, actor: string): Promise<number> {
  const { end } = options;
  if (end === undefined && options.endAll !== true) return 0;
  return inTransaction(db, async (trx) => {
    await lockAccount(trx, accountId);
    if (end === undefined) return endAllOf(trx, accountId, 'operator', undefined, actor);
    return (await endOne(trx, accountId, end, 'operator', undefined, actor)) ? 1 : 0;
  });
}

type Trusted = Awaited<ReturnType<typeof trustedBrowsersOf>>[number];

function asJson(browser: Trusted) {
  return {
    id: browser.id,
    user_agent: browser.userAgent,
    address: browser.address,
    created_at: browser.createdAt,
    last_used_at: browser.lastUsedAt ?? null,
    expires_at: browser.expiresAt,
  };
}

/** The user agent is untrusted input: its control characters must not reach a terminal. */
function asLine({ id, userAgent, address, createdAt, lastUsedAt, expiresAt }: Trusted): string {
  const words = userAgent.replace(/\p{C}/gu, '?');
  const used = lastUsedAt === undefined ? 'not used' : `used ${lastUsedAt.toISOString()}`;
  return `${id}  since ${createdAt.toISOString()}, ${used}, until ${expiresAt.toISOString()}, from ${address}  ${words}`;
}

import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { type Account, findAccountByLoginId } from '../accounts/directory.ts';
import { type CanonicalAddress, ImportRefusedError, importAccounts } from '../accounts/import.ts';
import { createPasswordHasher } from '../accounts/password-hasher.ts';
import { setPassword } from '../accounts/set-password.ts';
import { disableAccount, enableAccount } from '../accounts/status.ts';
import type { Configuration } from '../config/schema.ts';
import { noteDirectoryState } from '../db/installation.ts';
import type { Db } from '../db/open.ts';
import { canonicalAddress } from '../factors/mail/address.ts';
import { noteAddressFailure } from '../factors/mail/address-health.ts';
import { factorNotices } from '../factors/notices/import-notices.ts';
import { describeAccount, describeFields, describeReport } from './account-view.ts';
import { accountBrowsersCommand } from './account-browsers.ts';
import { accountRolesCommand } from './account-roles.ts';
import type { CliContext } from './context.ts';
import { readPassword } from './read-password.ts';
import { releaseCommand } from './release.ts';
import { unfreezeCommand } from './unfreeze.ts';

interface Output {
  json?: boolean;
}

/** Exit code when part of the request was not done; `context.fail` is for when nothing was. */
const partly = 1;

function addressRules(config: Configuration): CanonicalAddress {
  return (input) => {
    const canonical = canonicalAddress(input, config.addresses.forbidden);
    if ('address' in canonical) return { address: canonical.address };
    if (canonical.fault === 'forbidden')
      return { reason: `is of the domain ${canonical.rule.domain}, which cannot be registered` };
    return { reason: 'is not one plain address' };
  };
}

/** `nijo accounts …`. Exit codes: 0 done, 1 not found, refused or some lines bad, 2 wrong usage. */
export function accountsCommands(
  program: Command,
  context: CliContext,
  terminal: { input: Readable & { isTTY?: boolean }; prompt: NodeJS.WritableStream } = {
    input: process.stdin,
    prompt: process.stderr,
  },
): void {
  const accounts = program.command('accounts').description('the built-in directory of accounts');
  const json = ['--json', 'print JSON'] as const;
  accountBrowsersCommand(accounts, context);
  accountRolesCommand(accounts, context);

  async function found(db: Db, loginId: string): Promise<Account> {
    return (await findAccountByLoginId(db, loginId)) ?? context.fail(`There is no account ${loginId}.`);
  }
  function report(output: Output, data: unknown, text: string): void {
    context.out(output.json === true ? JSON.stringify(data) : text);
  }

  accounts
    .command('import')
    .description('bring accounts over from a CSV file; running it again is safe')
    .argument('<file>', 'CSV file in UTF-8; its first line names the columns')
    .option(...json)
    .action(async (file: string, output: Output) => {
      await access(file, constants.R_OK).catch(() => context.fail(`The file ${file} cannot be read.`));
      const result = await context.withDatabase(async ({ db, config, sealer }) => {
        try {
          const imported = await importAccounts({
            db,
            hasher: createPasswordHasher(config.passwords),
            sealer,
            source: createReadStream(file),
            actor: context.actor,
            canonicalAddress: addressRules(config),
            tellOfFactors: factorNotices(config),
            timeZone: config.locale.time_zone,
          });
          // After a restore an import without a bad line is required (`nijo post-restore`): this was one.
          const { bad, imported: added, updated, unchanged } = imported;
          if (bad.length === 0 && added + updated + unchanged > 0) await noteDirectoryState(db);
          return imported;
        } catch (error) {
          if (error instanceof ImportRefusedError) context.fail(`Nothing was imported: ${error.message}.`);
          throw error;
        }
      });
      report(output, result, describeReport(result));
      if (result.bad.length > 0) process.exitCode = partly;
    });

  accounts
    .command('show')
    .description('show an account and its factors, without secrets')
    .argument('<login-id>')
    .option(...json)
    .action(async (loginId: string, output: Output) => {
      const shown = await context.withDatabase(async ({ db }) =>
        describeAccount(db, await found(db, loginId)),
      );
      report(output, shown, describeFields(shown));
    });

  for (const [verb, change, done, description] of [
    ['disable', disableAccount, 'disabled', 'end an account’s sessions and let it sign in no more'],
    ['enable', enableAccount, 'active', 'let a disabled account sign in again'],
  ] as const) {
    accounts
      .command(verb)
      .description(description)
      .argument('<login-id>')
      .option(...json)
      .action(async (loginId: string, output: Output) => {
        const { account, outcome } = await context.withDatabase(async ({ db }) => {
          const known = await found(db, loginId);
          return { account: known, outcome: await change(db, known.id, context.actor) };
        });
        if (outcome === 'unknown-account') context.fail(`There is no account ${loginId}.`);
        if (outcome === 'ended')
          context.fail(
            `${account.loginId} was ended by its date: give it a later ends_at, or none, by an import.`,
          );
        const changed = outcome === 'changed';
        const text = changed
          ? `${account.loginId} is now ${done}.`
          : `${account.loginId} was ${done} already.`;
        report(output, { login_id: account.loginId, status: done, changed }, text);
      });
  }

  unfreezeCommand(accounts, context);
  releaseCommand(accounts, context);
  accounts
    .command('bounced')
    .description('record addresses from which mails came back: the next sign-in asks about them')
    .argument('<address...>')
    .option(...json)
    .action(async (addresses: string[], output: Output) => {
      const results = await context.withDatabase(async ({ db }) => {
        const counted: { address: string; accounts: number }[] = [];
        for (const input of addresses) {
          // Today's rules do not apply: the address may have been registered before they were made.
          const canonical = canonicalAddress(input, []);
          const known = 'address' in canonical;
          counted.push({
            address: known ? canonical.address : input,
            accounts: known ? await noteAddressFailure(db, canonical.address, 'bounced', context.actor) : 0,
          });
        }
        return counted;
      });
      const lines = results.map((result) =>
        result.accounts === 0
          ? `${result.address} is nobody’s address now.`
          : `${result.address}: ${result.accounts} account(s) will be asked.`,
      );
      report(output, results, lines.join('\n'));
      if (results.some((result) => result.accounts === 0)) process.exitCode = partly;
    });

  accounts
    .command('set-password')
    .description('set a password, read from standard input or asked for; ends the account’s sessions')
    .argument('<login-id>')
    .option(...json)
    .action(async (loginId: string, output: Output) => {
      const { account, result } = await context.withDatabase(async ({ db, config }) => {
        const known = await found(db, loginId);
        const plain = await readPassword(terminal.input, terminal.prompt);
        const hasher = createPasswordHasher(config.passwords);
        const { id: accountId, loginId: normalised } = known;
        return {
          account: known,
          result: await setPassword(db, hasher, {
            accountId,
            loginId: normalised,
            plain,
            actor: context.actor,
          }),
        };
      });
      if (result.outcome === 'refused') context.fail(`Nothing was changed: ${result.reason}.`);
      if (result.outcome === 'unknown-account') context.fail(`There is no account ${loginId}.`);
      report(
        output,
        { login_id: account.loginId, changed: true },
        `The password of ${account.loginId} is set; its sessions have ended.`,
      );
    });
}

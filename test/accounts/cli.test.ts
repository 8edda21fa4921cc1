import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { accountsCommands } from '../../src/cli/accounts.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { freezeChanges } from '../../src/factors/verification/freeze.ts';
import { countFailure } from '../../src/factors/verification/failures.ts';
import { createFactorPause } from '../../src/factors/verification/pause.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { password } from './helpers.ts';

const config = checkConfiguration({
  issuer: 'https://idp.example',
  database: { url: 'postgres://unused' },
  secrets: { current: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo' },
  mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
  addresses: { forbidden: [{ domain: 'kyoto-u.ac.jp' }] },
  passwords: { memory_kib: 7168, passes: 1 },
});

describeOnEveryDatabase('nijo accounts', (open) => {
  let database: TestDatabase;
  let folder: string;

  async function nijo(args: readonly string[], typed = ''): Promise<{ out: string; failed?: string }> {
    const said: string[] = [];
    const context: CliContext = {
      loadConfiguration: () => config,
      withDatabase: (work) => work({ db: database.db, config, sealer: testSealer(), logger: silentLogger() }),
      out: (text) => void said.push(text),
      fail: (message) => {
        throw new Error(message);
      },
      actor: 'cli:test',
    };
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    accountsCommands(program, context, { input: Readable.from([typed]), prompt: new PassThrough() });
    for (const noun of program.commands) for (const verb of noun.commands) verb.exitOverride();
    try {
      await program.parseAsync(['accounts', ...args], { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError || !(error instanceof Error)) throw error;
      return { out: said.join('\n'), failed: error.message };
    }
    return { out: said.join('\n') };
  }

  async function file(text: string): Promise<string> {
    const name = path.join(folder, 'accounts.csv');
    await writeFile(name, text);
    return name;
  }

  beforeAll(async () => {
    database = await open();
    folder = await mkdtemp(path.join(tmpdir(), 'nijo-accounts-'));
  });
  afterEach(() => {
    process.exitCode = undefined;
  });
  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  test('import tells what was done and every bad line; exit code 1 when there is one', async () => {
    const csv = `login_id,kind,name_ja,password,factor_email,totp_secret
a0000001,student,山田太郎,${password},a1@mail.example,JBSWY3DPEHPK3PXP
a0000002,student,,,a2@kyoto-u.ac.jp,
`;
    const { out } = await nijo(['import', await file(csv)]);
    expect(out).toContain('line 3: not imported: factor_email is of the domain kyoto-u.ac.jp');
    expect(out).toContain('1 imported, 0 updated, 0 unchanged, 1 bad');
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    const again = await nijo(['import', '--json', await file(csv.split('\n').slice(0, 2).join('\n'))]);
    expect(JSON.parse(again.out)).toEqual({ imported: 0, updated: 0, unchanged: 1, bad: [], kept: [] });
    expect(process.exitCode).toBeUndefined();
  });

  test('import refuses a wrong file in one line', async () => {
    expect((await nijo(['import', await file('login_id,kind,shoe_size\n')])).failed).toContain('shoe_size');
    expect((await nijo(['import', path.join(folder, 'none.csv')])).failed).toContain('cannot be read');
    await expect(nijo(['import'])).rejects.toBeInstanceOf(CommanderError);
  });

  test('show prints the account and no secret', async () => {
    const { out } = await nijo(['show', 'Ａ0000001']);
    expect(out).toContain('山田太郎');
    expect(out).toContain('a1@mail.example');
    const shown = await nijo(['show', '--json', 'a0000001']);
    expect(JSON.parse(shown.out)).toMatchObject({
      login_id: 'a0000001',
      kind: 'sps',
      status: 'active',
      mail_factors: [{ address: 'a1@mail.example' }],
      app_factors: [{ name: 'app' }],
    });
    expect(out + shown.out).not.toMatch(/argon2|JBSWY|sealed/);
    expect((await nijo(['show', 'nobody'])).failed).toBe('There is no account nobody.');
  });

  test('disable and enable', async () => {
    expect((await nijo(['disable', 'a0000001'])).out).toBe('a0000001 is now disabled.');
    expect((await nijo(['disable', 'a0000001'])).out).toBe('a0000001 was disabled already.');
    expect(JSON.parse((await nijo(['enable', '--json', 'a0000001'])).out)).toEqual({
      login_id: 'a0000001',
      status: 'active',
      changed: true,
    });
    expect((await nijo(['disable', 'nobody'])).failed).toContain('no account');
  });

  test('D5: bounced takes addresses in any dress and says whose they are not; the next sign-in will ask', async () => {
    const { out } = await nijo(['bounced', 'ａ1@Mail.example', 'nobody@mail.example', 'no address']);
    expect(out.split('\n')).toEqual([
      'a1@mail.example: 1 account(s) will be asked.',
      'nobody@mail.example is nobody’s address now.',
      'no address is nobody’s address now.',
    ]);
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    const again = await nijo(['bounced', '--json', 'a1@mail.example']);
    expect(JSON.parse(again.out)).toEqual([{ address: 'a1@mail.example', accounts: 1 }]);
    expect(process.exitCode).toBeUndefined();
    const shown = JSON.parse((await nijo(['show', '--json', 'a0000001'])).out) as Record<string, unknown>;
    expect(shown.mail_factors).toMatchObject([{ address: 'a1@mail.example', failures: 4 }]);
  });

  test('set-password reads from standard input, never from the arguments', async () => {
    expect((await nijo(['set-password', 'a0000001'], 'a quite new one\r\n')).out).toContain('is set');
    const { phc } = await database.db.selectFrom('passwords').select('phc').executeTakeFirstOrThrow();
    expect(await createPasswordHasher(config.passwords).verify(phc, 'a quite new one')).toBe(true);
    expect((await nijo(['set-password', 'a0000001'], '\n')).failed).toContain('shorter');
    await expect(nijo(['set-password', 'a0000001', 'on-the-command-line'])).rejects.toBeInstanceOf(
      CommanderError,
    );
  });

  test('D11, R37: unfreeze lets an account change its second factor again, once, and records who did it', async () => {
    await database.db
      .insertInto('accounts')
      .values({ id: 'frozen', login_id: 'frozen1', kind: 'sps' })
      .execute();
    expect((await nijo(['unfreeze', 'frozen1'])).out).toBe('Nothing was frozen for frozen1.');
    await freezeChanges(database.db, 'frozen');
    expect((await nijo(['unfreeze', 'frozen1'])).out).toBe('frozen1 can change its second factor again.');
    const { out } = await nijo(['unfreeze', '--json', 'frozen1']);
    expect(JSON.parse(out)).toEqual({ login_id: 'frozen1', changed: false });
    expect((await nijo(['unfreeze', 'nobody'])).failed).toBe('There is no account nobody.');
    const audit = await database.db
      .selectFrom('audit_events')
      .select(['actor', 'event'])
      .where('account_id', '=', 'frozen')
      .execute();
    expect(audit).toEqual([{ actor: 'cli:test', event: 'account.unfrozen' }]);
  });

  test('R8, C05: release forgets wrong codes and switches ways on again, and records who did it', async () => {
    const { db } = database;
    await db.insertInto('accounts').values({ id: 'guessed', login_id: 'guessed1', kind: 'sps' }).execute();
    expect((await nijo(['release', 'guessed1'])).out).toBe('Nothing stood in the way of guessed1.');
    await createFactorPause(10).begin(db, 'guessed');
    for (let count = 0; count < 20; count += 1) {
      expect(await countFailure(db, 'guessed', 'app')).toBe(count === 19);
    }
    await countFailure(db, 'guessed', 'mail');
    expect((await nijo(['release', 'guessed1'])).out).toBe(
      'The wrong codes of guessed1 are forgotten. Usable again: app.',
    );
    expect(JSON.parse((await nijo(['release', '--json', 'guessed1'])).out)).toEqual({
      login_id: 'guessed1',
      changed: false,
      paused: false,
      disabled: [],
    });
    expect((await nijo(['release', 'nobody'])).failed).toBe('There is no account nobody.');
    const audit = await db
      .selectFrom('audit_events')
      .select(['actor', 'event', 'details'])
      .where('account_id', '=', 'guessed')
      .execute();
    expect(audit).toEqual([
      { actor: 'cli:test', event: 'factor.released', details: { paused: true, disabled: 'app' } },
    ]);
  });
});

import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { importAccounts } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { accountsCommands } from '../../src/cli/accounts.ts';
import { noticeToken } from '../../src/factors/notices/links.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { codeOf, origin, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';

describeOnEveryDatabase('the end of trust', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
  });
  afterAll(() => database.close());

  const changerOf = ({ id }: Someone) => ({
    accountId: id,
    browser: 'browser-1',
    sessionUid: 'session-1',
    origin,
    locale: 'en' as const,
    device: 'Chrome on Windows',
  });

  /** Somebody with two browsers that are trusted, the second of another node. */
  async function trusting(): Promise<{ who: Someone; values: string[] }> {
    const who = await stage.someone({ mail: true, app: true });
    const values: string[] = [];
    const signIn = await stage.signIn(who);
    await stage.nodes[0].proving.verifyAppCode(signIn, codeOf(who.secret), origin);
    for (const node of stage.nodes)
      values.push((await node.trustedBrowsers.trust(await stage.now(signIn), 30, origin, 'en')) ?? '');
    return { who, values };
  }
  /** Which of the values are good, on the one node and on the other. */
  const held = async ({ id }: Someone, values: readonly string[]): Promise<boolean[]> =>
    Promise.all(
      values.map((value, index) => stage.nodes[1 - (index % 2)]!.trustedBrowsers.holds(id, value, 30)),
    );
  const whyOf = async ({ id }: Someone) => {
    const rows = await stage.db
      .selectFrom('trusted_browsers')
      .select('ended_why')
      .where('account_id', '=', id)
      .execute();
    return [...new Set(rows.map(({ ended_why: why }) => why))].join(' ');
  };
  async function nijo(...args: string[]): Promise<string> {
    const said: string[] = [];
    const program = new Command();
    const context = {
      loadConfiguration: () => stage.config,
      withDatabase: <T>(work: (parts: never) => Promise<T>) =>
        work({ db: stage.db, config: stage.config, sealer: stage.sealer, logger: silentLogger() } as never),
      out: (text: string) => void said.push(text),
      fail: (message: string): never => {
        throw new Error(message);
      },
      actor: 'cli:test',
    };
    accountsCommands(program, context, { input: Readable.from(['']), prompt: new PassThrough() });
    await program.parseAsync(['accounts', 'browsers', ...args], { from: 'user' });
    return said.join('\n');
  }
  const hasher = () => createPasswordHasher({ ...stage.config.passwords, memory_kib: 7168, passes: 1 });

  const deeds: Record<string, (who: Someone) => Promise<unknown>> = {
    async 'factor-changed: an app is added'(who) {
      const { changes } = stage.nodes[1];
      const { id } = await changes.beginApp(changerOf(who));
      const { secret = '' } = (await changes.app(changerOf(who), id)) ?? {};
      expect(await changes.confirmApp(changerOf(who), id, codeOf(secret), 'New')).toEqual({
        outcome: 'proven',
      });
    },
    async 'factor-changed: an app is removed'(who) {
      const overview = await stage.nodes[1].overview(who.id);
      await stage.nodes[1].changes.removeApp(changerOf(who), overview?.apps[0]?.id ?? '');
    },
    'factor-changed: the address is removed': (who) => stage.nodes[1].changes.removeMail(changerOf(who)),
    'factor-changed: recovery codes are made': (who) => stage.nodes[1].recoveryCodes.make(changerOf(who)),
    async 'reset: by mail'(who) {
      const asked = await stage.withCode(
        await stage.signIn(who, { browser: 'browser-2' }),
        'reset',
        who.address,
      );
      const done = await stage.nodes[1].reset.byMail(asked.signIn, asked.digits, 'other', {}, origin, 'en');
      expect(done).toEqual({ outcome: 'proven' });
    },
    async 'not-me: the link of a mail'(who) {
      const { id } = await stage.db
        .selectFrom('notice_links')
        .select('id')
        .where('account_id', '=', who.id)
        .where('event', '=', 'browser-trusted')
        .limit(1)
        .executeTakeFirstOrThrow();
      await stage.nodes[1].notMe.act(noticeToken(stage.sealer, id), origin, 'en');
    },
    'password-changed: by an operator': (who) =>
      setPassword(stage.db, hasher(), {
        accountId: who.id,
        loginId: who.loginId,
        plain: 'another-Horse-Battery-8',
        actor: 'cli:test',
      }),
    'imported: a new password': (who) =>
      importAccounts({
        db: stage.db,
        hasher: hasher(),
        sealer: stage.sealer,
        canonicalAddress: (input) => ({ address: input }),
        source: Readable.from([`login_id,kind,password\n${who.loginId},sps,another-Horse-Battery-8\n`]),
        actor: 'test',
      }),
    async 'disabled: also where it is enabled again'(who) {
      await disableAccount(stage.db, who.id, 'cli:test');
      await enableAccount(stage.db, who.id, 'cli:test');
    },
    'operator: at the command line': (who) => nijo(who.loginId, '--end-all'),
  };

  test.each(Object.keys(deeds))('R31: every trust ends with %s', async (name) => {
    const { who, values } = await trusting();
    const { who: bystander, values: others } = await trusting();
    expect(await held(who, values)).toEqual([true, true]);
    await deeds[name]?.(who);
    expect(await held(who, values)).toEqual([false, false]);
    for (const value of values) {
      const used = await stage.nodes[0].trustedBrowsers.use(who.id, value, 30, origin, 'en');
      expect(used).toEqual({ outcome: 'unknown' });
    }
    expect(await whyOf(who)).toBe(name.split(':')[0]);
    expect(await held(bystander, others)).toEqual([true, true]);
  });

  test('R31: what changes no factor and no password ends no trust', async () => {
    const { who, values } = await trusting();
    const { changes } = stage.nodes[0];
    const overview = await stage.nodes[0].overview(who.id);
    await changes.rename(changerOf(who), 'app', overview?.apps[0]?.id ?? '', 'Renamed');
    await changes.beginApp(changerOf(who));
    expect(await changes.checkApp(changerOf(who), '000000')).toMatchObject({ outcome: 'wrong' });
    expect(await held(who, values)).toEqual([true, true]);
  });

  test('R31: operators see and end trust by `nijo accounts browsers`', async () => {
    const { who, values } = await trusting();
    const ids = values.map((value) => value.slice(0, 22));
    const shown = await nijo(who.loginId);
    for (const id of ids) expect(shown).toContain(id);
    for (const value of values) expect(shown).not.toContain(value.slice(22));
    await expect(nijo(who.loginId, '--end', ids[0]!, '--end-all')).rejects.toThrow('either --end or');
    await expect(nijo(who.loginId, '--end', 'unknown')).rejects.toThrow('trusts no browser unknown');
    await expect(nijo('nobody-of-this-name')).rejects.toThrow('There is no account');
    await nijo(who.loginId, '--end', ids[0]!);
    expect(await held(who, values)).toEqual([false, true]);
    expect(JSON.parse(await nijo(who.loginId, '--json'))).toMatchObject({
      login_id: who.loginId,
      ended: 0,
      browsers: [{ id: ids[1], address: origin.address, last_used_at: null }],
    });
    expect(await nijo(who.loginId, '--end-all')).toContain('trusts no browser');
    const events = await stage.db
      .selectFrom('audit_events')
      .select(['actor', 'details'])
      .where('account_id', '=', who.id)
      .where('event', '=', 'browser.trust-ended')
      .execute();
    expect(events.map(({ actor, details }) => [actor, details.reason])).toEqual([
      ['cli:test', 'operator'],
      ['cli:test', 'operator'],
    ]);
  });
});

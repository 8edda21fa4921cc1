import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { accountRolesCommand } from '../../src/cli/account-roles.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { atDesk, type Staff, staffMember } from './support.ts';

describeOnEveryDatabase('R43: nijo accounts roles', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** One run of the command; the printed line, or what it failed with. */
  async function roles(...args: readonly string[]): Promise<string> {
    const said: string[] = [];
    const { config, sealer } = cluster;
    const context: CliContext = {
      loadConfiguration: () => config,
      withDatabase: (work) => work({ db: database.db, config, sealer, logger: silentLogger() }),
      out: (text) => void said.push(text),
      fail: (message) => {
        throw new Error(message);
      },
      actor: 'cli:test',
    };
    const program = new Command().exitOverride();
    accountRolesCommand(program, context);
    try {
      await program.parseAsync(['roles', ...args], { from: 'user' });
    } catch (error) {
      return `failed: ${error instanceof Error ? error.message : ''}`;
    }
    return said.join('\n');
  }
  const events = (who: Staff): Promise<unknown> =>
    database.db
      .selectFrom('audit_events')
      .select(['actor', 'result', 'details'])
      .where('account_id', '=', who.id)
      .where('event', '=', 'account.roles-set')
      .orderBy('id')
      .execute();

  test('shows, sets, adds and removes; every change is in the audit log, and none is twice', async () => {
    const who = await staffMember(cluster, [], { app: true });
    const { loginId } = who;
    expect(await roles(loginId)).toBe(`${loginId}: none`);
    expect(await roles(loginId.toUpperCase(), '--set', 'auditor, desk')).toBe(`${loginId}: desk, auditor`);
    expect(await roles(loginId, '--set', 'desk,auditor')).toBe(`${loginId}: desk, auditor (as before)`);
    expect(JSON.parse(await roles(loginId, '--add', 'operator', '--remove', 'desk', '--json'))).toEqual({
      login_id: loginId,
      roles: ['auditor', 'operator'],
      changed: true,
    });
    expect(JSON.parse(await roles(loginId, '--json'))).toEqual({
      login_id: loginId,
      roles: ['auditor', 'operator'],
      changed: false,
    });
    expect(await roles(loginId, '--set', 'none')).toBe(`${loginId}: none`);
    expect(await events(who)).toEqual(
      [
        { roles: 'desk auditor', before: '' },
        { roles: 'auditor operator', before: 'desk auditor' },
        { roles: '', before: 'auditor operator' },
      ].map((details) => ({ actor: 'cli:test', result: 'success', details })),
    );
  });

  test('refuses what is no role, and an account that is not there, and changes nothing', async () => {
    const who = await staffMember(cluster, ['desk'], { app: true });
    const { loginId } = who;
    expect(await roles(loginId, '--set', 'desk,admin')).toContain(
      'failed: No such role: admin. Roles are desk,',
    );
    expect(await roles(loginId, '--add', 'Operator')).toContain('failed: No such role: Operator');
    expect(await roles(loginId, '--set', '')).toContain('failed: No role is named');
    expect(await roles(loginId, '--set', 'desk', '--add', 'auditor')).toContain('failed: Give either');
    expect(await roles('nobody-here', '--set', 'desk')).toBe('failed: There is no account nobody-here.');
    expect(await roles(loginId)).toBe(`${loginId}: desk`);
    expect(await events(who)).toEqual([]);
  });

  test('R37: whoever has the account is told, in their language, and an open browser sees it at once', async () => {
    const who = await staffMember(cluster, ['auditor'], { mail: true, app: true, locale: 'ja' });
    const { browser, page } = await atDesk(cluster, who);
    expect(page.page).toBe('desk-queue');
    expect((await browser.open('/operator')).fault).toBe('staff_role_missing');
    await roles(who.loginId, '--set', 'operator');
    expect((await browser.open('/operator')).page).toBe('operator-home');
    expect((await browser.open('/desk')).fault).toBe('staff_role_missing');
    await roles(who.loginId, '--set', 'none');
    expect((await browser.open('/operator')).fault).toBe('staff_role_missing');
    expect((await browser.open('/account')).html.querySelector('[data-thing=staff]')).toBeNull();
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.filter(({ to }) => to.includes(who.address));
    const told = await Promise.all(mails.map(async ({ parsed }) => (await parsed).text ?? ''));
    const about = told.filter((text) => text.includes('役割'));
    expect(about).toHaveLength(2);
    expect(about.some((text) => text.includes('運用'))).toBe(true);
    expect(about.some((text) => text.includes('なし'))).toBe(true);
    // It names no place: no browser did it.
    expect(about.join()).not.toMatch(/undefined|ネットワーク/);
  });
});

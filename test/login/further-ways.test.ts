import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, person } from './visits.ts';

const origin = { requestId: 'test', address: '127.0.0.1', node: 'test', userAgent: 'Firefox' };

describeOnEveryDatabase('ways beside mail and app, switched off by the operator', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      host: 'localhost',
      config: { passkeys: { enabled: false }, recovery_codes: { enabled: false } },
    });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('R11: mail and app are the two ways; a sheet of earlier days is neither offered nor accepted, and none is made', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const earlier = createSecondFactor({
      db: database.db,
      sealer: cluster.sealer,
      config: { ...cluster.config, recovery_codes: { enabled: true } },
      handOver: () => undefined,
    });
    const { codes } = await earlier.recoveryCodes.make({ accountId: id, origin, locale: 'en' });

    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const actions = page.html.querySelectorAll('button[name=action]').map((one) => one.getAttribute('value'));
    expect([page.page, ...actions]).toEqual([
      'app-code',
      'continue',
      'use-mail',
      'lost-app',
      'help',
      'cancel',
    ]);
    const asked = await browser.submit(page, { action: 'use-recovery-code' });
    expect([asked.page, asked.fault]).toEqual(['app-code', 'action_unknown']);
    const typed = await browser.submit(page, { page: 'recovery-code', code: codes[0] ?? '' });
    expect([typed.status, typed.page, typed.callback]).toEqual([409, 'app-code', undefined]);

    const arrived = await browser.submit(asked, { code: appCode() });
    expect(await claimsAt(browser, arrived)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    const account = await browser.open('/account');
    expect(account.page).toBe('account');
    // What there is can be seen and removed; nothing can be added.
    expect(
      account.html.querySelectorAll('a[href="/account/recovery-codes"], a[href="/account/passkey"]'),
    ).toEqual([]);
    expect((await browser.open('/account/recovery-codes')).status).toBe(404);
    const passkey = await browser.open('/account/passkey');
    expect([passkey.status, passkey.page, passkey.fault]).toEqual([422, 'account', 'passkey_unsupported']);
  });
});

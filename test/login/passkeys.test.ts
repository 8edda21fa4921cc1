import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import { createSoftwarePasskey, type SoftwarePasskey } from '../support/authenticator.ts';
import { accountLine, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';

const mfa = 'https://refeds.org/profile/mfa';

describeOnEveryDatabase('logins with a passkey', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let factors: SecondFactor;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      host: 'localhost',
      clients: testClients.map((client) => ({ ...client, passkey_sign_in: client.client_id === 'optional' })),
    });
    const { config, sealer } = cluster;
    factors = createSecondFactor({ db: database.db, sealer, config, handOver: () => undefined });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Somebody with a mail address and a passkey. */
  async function holder(loginId: string): Promise<{ loginId: string; id: string; passkey: SoftwarePasskey }> {
    await cluster.addAccounts([accountLine({ loginId, mail: `${loginId}@mail.example` })]);
    const { id } = await database.db
      .selectFrom('accounts')
      .select('id')
      .where('login_id', '=', loginId)
      .executeTakeFirstOrThrow();
    const changer = {
      accountId: id,
      browser: 'b',
      sessionUid: 's',
      origin: { requestId: 'r', address: '192.0.2.7', node: 'n' },
      locale: 'en' as const,
      device: 'Chrome',
    };
    const passkey = createSoftwarePasskey({ origin: cluster.issuer, rpId: 'localhost' });
    const begun = await factors.passkeys.registerOptions(changer);
    const answer = passkey.create(begun.options);
    expect(await factors.passkeys.register(changer, begun.id, answer, 'Laptop')).toBe('registered');
    return { loginId, id, passkey };
  }
  const optionsOn = (page: Answer): string =>
    page.html.querySelector('input[data-passkey]')?.getAttribute('data-options') ?? '';

  test('C54: after the password, on another node, with a challenge that is good once', async () => {
    const { loginId, passkey } = await holder('passkey1');
    const browser = new UserAgent(cluster);
    const page = await browser.password(loginId);
    expect(page.page).toBe('passkey');
    const wrong = await browser.submit(page, {
      passkey: passkey.get(optionsOn(page), { rpId: 'evil.example' }),
    });
    expect([wrong.status, wrong.page, wrong.fault]).toEqual([422, 'passkey', 'passkey_refused']);
    // The page that says so has a challenge of its own; the earlier one is gone.
    const late = await browser.submit(wrong, { passkey: passkey.get(optionsOn(page)) });
    expect(late.fault).toBe('passkey_refused');
    const none = await browser.submit(late, { passkey: '' });
    expect([none.page, none.fault]).toEqual(['passkey', 'passkey_unsupported']);
    const { callback } = await browser.submit(none, { passkey: passkey.get(optionsOn(none)) }, { node: 1 });
    const { claims } = await browser.redeem(callback as URL);
    expect(claims).toMatchObject({ acr: mfa, amr: ['pwd', 'pop', 'user', 'mfa'] });
  });

  test('C54: alone, where the service allows it, as a login of now; elsewhere the form is refused', async () => {
    const { id, passkey } = await holder('passkey2');
    const browser = new UserAgent(cluster);
    const page = await browser.start('optional');
    const arrived = await browser.submit(page, {
      action: 'use-passkey',
      passkey: passkey.get(optionsOn(page)),
    });
    const { claims } = await browser.redeem(arrived.callback as URL, 'optional');
    expect(claims).toMatchObject({ sub: id, acr: mfa, amr: ['pop', 'user', 'mfa'] });
    expect(Math.abs(Number(claims.auth_time) - Date.now() / 1000)).toBeLessThan(60);
    // The session serves other services too, and each sees how it came about.
    const ordinary = await browser.start('ordinary');
    const seen = await browser.redeem(ordinary.callback as URL, 'ordinary');
    expect(seen.claims).toMatchObject({ acr: mfa, amr: ['pop', 'user', 'mfa'] });
    // Whoever asks for a new login gets one.
    const anew = await browser.start('optional', { prompt: 'login' });
    expect(anew.page).toBe('sign-in');

    const elsewhere = new UserAgent(cluster);
    const closed = await elsewhere.start('important');
    expect(optionsOn(closed)).toBe('');
    const interaction = closed.url.pathname.split('/')[2] ?? '';
    const options = await factors.passkeys.signInOptions(interaction, undefined);
    const forced = await elsewhere.submit(closed, { action: 'use-passkey', passkey: passkey.get(options) });
    expect([forced.page, forced.fault]).toEqual(['sign-in', 'action_unknown']);
    expect(await factors.findSignIn(interaction)).toBeUndefined();
  });

  test('C21, A27: another browser’s login, and another account’s passkey after a password, get nothing', async () => {
    const { loginId, passkey } = await holder('passkey3');
    const other = await holder('passkey4');
    const browser = new UserAgent(cluster);
    const page = await browser.start('optional');
    const stranger = new UserAgent(cluster);
    await stranger.start('optional');
    const answer = passkey.get(optionsOn(page));
    const sent = await stranger.post(page, { action: 'use-passkey', passkey: answer });
    expect(sent.status).toBeGreaterThanOrEqual(400);
    const waiting = await browser.submit(page, { login_id: loginId, password: testPassword });
    expect(waiting.page).toBe('passkey');
    // The form of the sign-in page is no longer the present one, whatever it brings.
    const late = await browser.submit(page, {
      action: 'use-passkey',
      passkey: other.passkey.get(optionsOn(page)),
    });
    expect([late.status, late.page]).toEqual([409, 'passkey']);
    const wrong = await browser.submit(late, { passkey: other.passkey.get(optionsOn(late)) });
    expect([wrong.page, wrong.fault]).toEqual(['passkey', 'passkey_refused']);
  });
});

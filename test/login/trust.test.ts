import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import {
  accountId,
  claimsAt,
  codeOfMail,
  eventsOf,
  mailsTo,
  type Person,
  person,
  wrongCode,
} from './visits.ts';

const tick = (page: Arrival) => page.html.querySelector('input[name=trust_browser]');
const clients = testClients.map((client) => ({
  ...client,
  trusted_browser_days: client.client_id === 'important' ? 14 : 0,
}));

describeOnEveryDatabase('a browser that its user trusts', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, clients });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** The same browser on another day: it keeps what lasts, and has no session. */
  async function later(browser: UserAgent, node = 0): Promise<UserAgent> {
    const next = new UserAgent(cluster, { node });
    for (const cookie of await browser.jar.getCookies(cluster.issuer))
      if (/nijo-(trust|known|browser)/.test(cookie.key)) await next.jar.setCookie(cookie, cluster.issuer);
    return next;
  }
  async function trusting(who: Person): Promise<UserAgent> {
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const arrival = await browser.submit(page, { code: appCode(-1), trust_browser: 'yes' });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    return browser;
  }

  test('R31: ticked, the password is enough here from then on, and the service is told the truth', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = await later(await trusting(who), 1);
    // One page: nothing is mailed, and what was proven is the password.
    const arrival = await browser.password(who.loginId);
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd'], acr: 'urn:nijo:acr:password' });
    const codes = (await mailsTo(database.db, who.address)).filter(({ challenge_id: code }) => code !== null);
    expect(codes).toEqual([]);
    // Neither another account nor another service of this browser gets anything from it.
    const other = await person(cluster, { app: true });
    const theirs = await later(browser);
    const login = await theirs.submit(await theirs.start(), {
      login_id: other.loginId,
      password: testPassword,
    });
    expect(login.page).toBe('app-code');
    expect((await (await later(browser)).password(who.loginId, 'optional')).page).toBe('app-code');
  });

  test('R31: it is offered where the service allows it, and stays ticked through a fault and the other language', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect(tick(page)?.hasAttribute('checked')).toBe(false);
    expect(page.html.textContent).toContain('14 days');
    const code = await codeOfMail(cluster, who.address, 0);
    const wrong = await browser.submit(page, { code: wrongCode(code), trust_browser: 'yes' });
    expect(tick(wrong)?.hasAttribute('checked')).toBe(true);
    const japanese = await browser.submit(wrong, { lang: 'ja', trust_browser: 'yes' });
    expect(tick(japanese)?.hasAttribute('checked')).toBe(true);
    expect((await browser.submit(japanese, { code, trust_browser: 'yes' })).callback).toBeDefined();
    expect((await (await later(browser)).password(who.loginId)).callback).toBeDefined();
    const optional = new UserAgent(cluster);
    expect(
      tick(await optional.password((await person(cluster, { app: true })).loginId, 'optional')),
    ).toBeNull();
  });

  test.each([{ prompt: 'login' }, { max_age: '3600' }, { acr_values: 'https://refeds.org/profile/mfa' }])(
    'R31, A03: a request for something fresh (%j) gets the factor, and no tick',
    async (parameters) => {
      const who = await person(cluster, { app: true });
      const browser = await later(await trusting(who));
      const page = await browser.password(who.loginId, 'important', { ...parameters });
      expect([page.page, tick(page)]).toEqual(['app-code', null]);
      // A tick that no page has shown trusts nothing.
      const sent = await browser.submit(page, { code: appCode(0), trust_browser: 'yes' });
      expect(sent.callback).toBeDefined();
      const id = await accountId(database.db, who);
      expect((await eventsOf(database.db, id)).filter((event) => event === 'browser.trusted')).toHaveLength(
        1,
      );
    },
  );

  test('R31: a wrong code trusts nothing, and a tick without the factor opens nothing', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect(
      (await browser.submit(page, { code: wrongCode(appCode()), trust_browser: 'yes' })).callback,
    ).toBeUndefined();
    const path = page.url.pathname.replace('/interaction/', '/authorize/');
    expect((await browser.open(path)).page).toBe('app-code');
    expect((await (await later(browser)).password(who.loginId)).page).toBe('app-code');
  });

  test('R33: two tabs and a double click of a trusted browser all get in, and none loses its trust', async () => {
    const who = await person(cluster, { app: true });
    const browser = await later(await trusting(who));
    const pages = [await browser.start(), await browser.start()];
    const credentials = { login_id: who.loginId, password: testPassword };
    const answers = await Promise.all(pages.map((page, node) => browser.post(page, credentials, { node })));
    expect(answers.map(({ headers }) => String(headers.location).includes('/authorize/'))).toEqual([
      true,
      true,
    ]);
    expect((await (await later(browser)).password(who.loginId)).callback).toBeDefined();
    const events = await eventsOf(database.db, await accountId(database.db, who));
    expect(events).not.toContain('browser.trust-theft');
  });

  test('R31, R35: a reset ends it at once, in whichever browser', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = await trusting(who);
    const other = new UserAgent(cluster);
    const page = await other.submit(await other.password(who.loginId), { action: 'lost-app' });
    const done = await other.submit(page, {
      code: await codeOfMail(cluster, who.address, 0),
      reason: 'other',
    });
    expect(done.page).toBe('reset-done');
    expect((await (await later(browser)).password(who.loginId)).page).toBe('mail-code');
  });
});

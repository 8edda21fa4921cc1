import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { endEverythingOf } from '../../src/accounts/status.ts';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import { alwaysOpen, issuePass, type IssuedPass, passState } from '../factors/pass-stage.ts';
import { accountId, claimsAt, eventsOf, type Person, person, signInWithApp } from '../login/visits.ts';
import { burst } from '../support/burst.ts';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { formRequests, testLog } from './support.ts';

const origin = { requestId: 'test', address: '127.0.0.1', node: 'test' };
const clients = testClients.map((client) => ({
  ...client,
  trusted_browser_days: client.client_id === 'optional' ? 14 : 0,
}));

describeOnEveryDatabase('a desk reset and its setup pass', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let factors: SecondFactor;
  const log = collectingLogger();
  const issued: string[] = [];
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      clients,
      logger: log.logger,
      config: { desk: alwaysOpen },
    });
    const { sealer, config } = cluster;
    factors = createSecondFactor({ db: database.db, sealer, config, handOver: () => undefined });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function passFor(who: Person): Promise<IssuedPass> {
    const pass = await issuePass(database.db, factors.passes, await accountId(database.db, who));
    issued.push(pass.digits);
    return pass;
  }
  /** The same browser on another day: it keeps what lasts, and has no session. */
  async function later(browser: UserAgent): Promise<UserAgent> {
    const next = new UserAgent(cluster, { node: 1 });
    for (const cookie of await browser.jar.getCookies(cluster.issuer))
      if (/nijo-(trust|known|browser)/.test(cookie.key)) await next.jar.setCookie(cookie, cluster.issuer);
    return next;
  }
  /** After the password, at the page on which the pass is typed in beside the ways that there are. */
  async function atPass(who: Person, node = 0): Promise<{ browser: UserAgent; page: Arrival }> {
    const browser = new UserAgent(cluster, { node });
    const arrival = await browser.password(who.loginId);
    // Where the buttons are is the help page's affair; the login is turned there as they do.
    const signIn = await factors.findSignIn(arrival.url.pathname.split('/').at(-1) ?? '');
    if (signIn === undefined) throw new Error('no login');
    await factors.detours.turnTo(signIn, 'set-up-pass');
    const page = await browser.open(arrival.url.pathname);
    expect(page.page).toBe('set-up-pass');
    return { browser, page };
  }
  /** Up to the page of the code that proves the new address. */
  async function atCode(who: Person, pass: IssuedPass) {
    const { browser, page } = await atPass(who);
    const address = `new-${who.address}`;
    const opened = await browser.submit(page, { setup_pass: pass.digits });
    const sent = cluster.smtp.mails.length;
    const waiting = await browser.submit(opened, { email: address });
    expect(waiting.page).toBe('set-up-mail-code');
    return { browser, page: waiting, code: await cluster.mailedCode(address, sent) };
  }

  test('A40: everything old works until the new factor is proven, and nothing of it at once after, on both nodes', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const { codes } = await factors.recoveryCodes.make({ accountId: id, origin, locale: 'en' });
    const { browser: owner, arrival } = await signInWithApp(cluster, who, 'optional');
    const { tokens } = await owner.redeem(arrival.callback as URL, 'optional');
    expect(tokens.refresh_token).toBeDefined();
    const trusting = new UserAgent(cluster, { node: 1 });
    await trusting.submit(await trusting.password(who.loginId, 'optional'), {
      code: appCode(1),
      trust_browser: 'yes',
    });
    expect((await (await later(trusting)).password(who.loginId, 'optional')).callback).toBeDefined();
    const pending = new UserAgent(cluster, { node: 1 });
    const appPage = await pending.password(who.loginId);
    const beside = new UserAgent(cluster);
    const sheetPage = await beside.submit(await beside.password(who.loginId), {
      action: 'use-recovery-code',
    });
    const unredeemed = (await owner.start('ordinary')).callback;
    const userinfo = (node: number) =>
      owner.request('/userinfo', {
        node,
        headers: { authorization: `Bearer ${tokens.access_token ?? ''}` },
      });

    const pass = await passFor(who);
    const { browser, page, code } = await atCode(who, pass);
    // Not proven yet: session and old ways are there still.
    expect((await userinfo(1)).status).toBe(200);
    expect((await owner.start('ordinary')).callback).toBeDefined();
    expect((await pending.open(appPage.url.pathname)).page).toBe('app-code');
    expect((await factors.holderOf(id)).ways).toContain('recovery-code');
    const arrived = await browser.submit(page, { code });
    expect(await claimsAt(browser, arrived)).toMatchObject({
      amr: ['pwd', 'mca'],
      acr: 'urn:nijo:acr:mail-otp',
    });

    for (const node of [0, 1]) {
      owner.node = node;
      expect((await owner.start('important')).page).toBe('sign-in');
      expect((await userinfo(node)).status).toBe(401);
      expect((await owner.redeem(unredeemed as URL, 'ordinary', node)).status).toBe(400);
      const refreshed = await owner.tokenRequest(
        { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
        'optional',
        node,
      );
      expect(refreshed.status).toBe(400);
      const late = await pending.submit(appPage, { code: appCode(1) }, { node });
      expect([late.callback, late.page]).toEqual([undefined, 'sign-in']);
      const sheet = await beside.submit(sheetPage, { code: codes[0] ?? '' }, { node });
      expect([sheet.callback, sheet.page]).toEqual([undefined, 'sign-in']);
      expect((await browser.post(page, { code }, { node })).status).toBeGreaterThanOrEqual(400);
      const again = await new UserAgent(cluster, { node }).password(who.loginId);
      expect([again.page, again.body.includes('use-')]).toEqual(['mail-code', false]);
    }
    expect((await (await later(trusting)).password(who.loginId, 'optional')).page).toBe('mail-code');
    expect(
      (await eventsOf(database.db, id)).filter((event) => event === 'factor.set-up-by-pass'),
    ).toHaveLength(1);
    expect(await passState(database.db, pass)).toMatchObject({ finished: true, state: 'done' });
  });

  test('A41, R40: twenty browsers with the password and the pass: one gets on, and of twenty clicks on its last page one sets up', async () => {
    const who = await person(cluster, { app: true });
    const pass = await passFor(who);
    const logins = [];
    for (let index = 0; index < 20; index += 1) logins.push(await atPass(who, index % 2));
    const requests = await Promise.all(
      logins.map(({ browser, page }) => formRequests(browser, page, [{ setup_pass: pass.digits }])),
    );
    const answers = await burst(requests.flat());
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      303,
      ...Array.from({ length: 19 }, () => 422),
    ]);
    const { browser, page } = logins[answers.findIndex(({ status }) => status === 303)] as (typeof logins)[0];
    const sent = cluster.smtp.mails.length;
    const waiting = await browser.submit(await browser.open(page.url.pathname), { email: who.address });
    const code = await cluster.mailedCode(who.address, sent);
    const clicks = await formRequests(
      browser,
      waiting,
      Array.from({ length: 20 }, () => ({ code })),
    );
    const ends = await burst(clicks);
    for (const { status } of ends) expect([303, 400, 409, 422]).toContain(status);
    const id = await accountId(database.db, who);
    const events = await eventsOf(database.db, id);
    for (const once of ['setup-pass.verified', 'factor.set-up-by-pass', 'factor.mail-enrolled'])
      expect([once, events.filter((event) => event === once).length]).toEqual([once, 1]);
    expect((await factors.holderOf(id)).ways).toEqual(['mail']);
  });

  test('C01, I1: a pass opens nothing without the password, for another account, in another browser, or for another page', async () => {
    const [who, thief] = [await person(cluster, { app: true }), await person(cluster, { app: true })];
    const pass = await passFor(who);
    // Before the password nothing takes it.
    const outside = new UserAgent(cluster);
    const first = await outside.start('important');
    for (const fields of [
      { page: 'set-up-pass', setup_pass: pass.digits },
      { setup_pass: pass.digits, login_id: who.loginId, password: 'wrong' },
      { setup_pass: pass.digits, login_id: who.loginId, password: pass.digits },
    ])
      expect((await outside.submit(first, fields)).page).toBe('sign-in');
    // Whoever knows another password has no use for it, and learns nothing of whose it is.
    const theirs = await atPass(thief);
    const refused = await theirs.browser.submit(theirs.page, { setup_pass: pass.digits });
    expect([refused.page, refused.fault]).toEqual(['set-up-pass', 'setup_pass_wrong']);
    // It is no code, and a code is no pass.
    const { browser, page } = await atPass(who);
    const app = await browser.submit(page, { action: 'back' });
    for (const code of [pass.digits, pass.digits.slice(0, 6), pass.digits.slice(0, 8)])
      expect((await browser.submit(app, { code, setup_pass: pass.digits })).page).toBe('app-code');
    expect(await passState(database.db, pass)).toMatchObject({ used: false });
    // Typed in, it belongs to this browser: the pages of the set-up are nobody else's, and no way around it.
    const { page: code, browser: owner } = await atCode(who, pass);
    const foreign = await theirs.browser.open(code.url.pathname);
    expect(['interaction_foreign', 'interaction_expired']).toContain(foreign.fault);
    const resumed = await owner.open(code.url.pathname.replace('/interaction/', '/authorize/'));
    expect(resumed.callback).toBeUndefined();
    for (const fields of [
      { page: 'app-code', code: appCode() },
      { page: 'set-up-pass', setup_pass: pass.digits },
    ])
      expect((await owner.submit(code, fields)).page).toBe('set-up-mail-code');
    expect((await owner.submit(code, { action: 'skip' })).fault).toBe('action_unknown');
    // A right password of somebody else in this very browser starts anew, without the pass.
    const other = await owner.password(thief.loginId);
    expect(other.page).toBe('app-code');
    expect((await factors.holderOf(await accountId(database.db, who))).ways).toEqual(['app']);
  });

  test('C19, A27: a new password while the set-up waits ends it; the pass goes on with the new one', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    const pass = await passFor(who);
    const { browser, page, code } = await atCode(who, pass);
    await database.db.transaction().execute((trx) => endEverythingOf(trx, id));
    const late = await browser.submit(page, { code });
    expect([late.callback, late.page]).toEqual([undefined, 'sign-in']);
    expect((await factors.holderOf(id)).ways).toEqual(['app']);
    const anew = await browser.submit(late, { login_id: who.loginId, password: testPassword });
    expect(anew.page).toBe('app-code');
    expect(await passState(database.db, pass)).toMatchObject({ used: true, finished: false, voided: null });
  });

  test('R40, I5: no pass is in the database, a log, or a page', async () => {
    const stored = JSON.stringify([
      await database.db.selectFrom('setup_passes').selectAll().execute(),
      await database.db.selectFrom('audit_events').selectAll().execute(),
      await database.db.selectFrom('mails').select(['model']).execute(),
    ]);
    for (const digits of issued) {
      expect(stored).not.toContain(digits);
      expect(log.text()).not.toContain(digits);
    }
  });

  testLog(() => log);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, mailsTo, person, signInWithApp } from './visits.ts';

const startAgain = 'a[href="http://127.0.0.1:9/start"]';

describeOnEveryDatabase('a login that lost its way', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** What every page of this kind owes to whoever lands on it. */
  const expectHelp = (page: Answer, code: string, options: { knowsService: boolean }): void => {
    expect([page.page, page.fault]).toEqual(['error', code]);
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.status).toBeLessThan(500);
    expect(page.html.querySelector(startAgain) !== null).toBe(options.knowsService);
    const reference = page.html.querySelector('[data-reference]')?.textContent ?? '';
    expect(reference).toMatch(/^[0-9A-Z-]{6,}$/);
    // R46: the reference is the beginning of what the log and the audit trail carry.
    expect(String(page.headers['x-request-id']).toUpperCase().startsWith(reference)).toBe(true);
    expect(page.html.querySelector('[data-inquiry]')).not.toBeNull();
    expect(page.body).not.toMatch(/\bat .+\.(ts|js):\d+|node_modules|Error:/);
    expect(page.setCookie.filter((line) => line.includes('session'))).toEqual([]);
  };

  test('R33: a page from a bookmark, or from another browser, says so and leads back to the service', async () => {
    const who = await person(cluster, { app: true });
    const page = await new UserAgent(cluster).password(who.loginId);
    const stranger = new UserAgent(cluster);
    expectHelp(await stranger.open(page.url.pathname), 'interaction_expired', { knowsService: true });
    expectHelp(await stranger.post(page, { code: appCode() }), 'form_token_invalid', { knowsService: true });
    expectHelp(await stranger.open('/interaction/nobody-knows-this-one'), 'interaction_expired', {
      knowsService: false,
    });
  });

  test('R33: a login left open too long says so, with the service to start again at', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    await sql`update oidc_payloads set expires_at = now() - interval '1 minute'
      where model = 'Interaction'`.execute(database.db);
    expectHelp(await browser.open(page.url.pathname), 'interaction_expired', { knowsService: true });
    expectHelp(await browser.post(page, { code: appCode() }), 'interaction_expired', { knowsService: true });
    // Starting again asks for everything: the password of the lost login counts for nothing.
    expect((await browser.start()).page).toBe('sign-in');
  });

  test('R33: back to the pages of a finished login: nothing is done twice, and the page helps', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const credentials = { login_id: who.loginId, password: testPassword };
    const page = await browser.submit(signIn, credentials);
    const arrival = await browser.submit(page, { code: appCode() });
    await claimsAt(browser, arrival);
    expectHelp(await browser.open(page.url.pathname), 'interaction_expired', { knowsService: true });
    expectHelp(await browser.post(page, { code: appCode(1) }), 'interaction_expired', { knowsService: true });
    expectHelp(await browser.post(signIn, credentials), 'interaction_expired', { knowsService: true });
    // The address at which the provider went on, once more.
    const resumed = await browser.open(page.url.pathname.replace('interaction', 'authorize'));
    expect([resumed.status, resumed.page, resumed.callback]).toEqual([400, 'error', undefined]);
  });

  test('R33: a second tab and the back button show where the login stands, and never skip the factor', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start();
    const credentials = { login_id: who.loginId, password: testPassword };
    const app = await browser.submit(signIn, credentials);
    // The other tab still shows the sign-in page and sends it.
    const stale = await browser.submit(signIn, credentials);
    expect([stale.status, stale.page]).toEqual([409, 'app-code']);
    expect(stale.html.querySelector('.notice')).not.toBeNull();
    const mail = await browser.submit(app, { action: 'use-mail' });
    const old = await browser.submit(app, { code: appCode() });
    expect([old.status, old.page, old.callback]).toEqual([409, 'mail-code', undefined]);
    for (const page of ['finish', 'consent', 'step-up', 'impossible', 'sign-in', 'set-up-app', 'nonsense']) {
      const jumped = await browser.submit(mail, { page });
      expect([jumped.status, jumped.page, jumped.callback]).toEqual([409, 'mail-code', undefined]);
    }
    const code = await cluster.mailedCode(who.address);
    expect((await browser.submit(old, { code })).callback).toBeDefined();
  });

  test('R33: two logins side by side in one browser both end at their service', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const credentials = { login_id: who.loginId, password: testPassword };
    const [one, two] = [await browser.start('important'), await browser.start('optional')];
    const first = await browser.submit(one, credentials);
    const second = await browser.submit(two, credentials);
    const done = await browser.submit(first, { code: appCode() });
    expect(await claimsAt(browser, done)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    const also = await browser.submit(second, { code: appCode(1) });
    expect(await claimsAt(browser, also, 'optional')).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
  });

  test('R33: the cookie of one login with the address of another is refused', async () => {
    const browser = new UserAgent(cluster);
    const [one, two] = [await browser.start('important'), await browser.start('optional')];
    const cookies = (await browser.jar.getCookies(`${cluster.issuer}${two.url.pathname}`))
      .map((cookie) => cookie.cookieString())
      .join('; ');
    const swapped = await new UserAgent(cluster).request(one.url.pathname, { headers: { cookie: cookies } });
    expectHelp(swapped, 'interaction_foreign', { knowsService: true });
  });

  test('R33: signing out in another tab ends a step-up: the session’s password counts no more', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    await browser.password(who.loginId, 'ordinary');
    const page = await browser.start('important');
    expect(page.page).toBe('app-code');
    const asked = await browser.open('/logout');
    const hidden = asked.html.querySelectorAll('form input[type=hidden]');
    const fields = hidden.map((input) => [
      input.getAttribute('name') ?? '',
      input.getAttribute('value') ?? '',
    ]);
    await browser.request('/logout/confirm', { form: { ...Object.fromEntries(fields), logout: 'yes' } });
    expectHelp(await browser.post(page, { code: appCode() }), 'interaction_expired', { knowsService: true });
    expect((await browser.start('ordinary')).page).toBe('sign-in');
  });

  test('R33: an account that is disabled in the middle gets no further, whatever it had proven', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    await database.db
      .updateTable('accounts')
      .set({ status: 'disabled' })
      .where('id', '=', await accountId(database.db, who))
      .execute();
    const refused = await browser.submit(page, { code: appCode() });
    expect([refused.page, refused.callback]).toEqual(['sign-in', undefined]);
    const again = await browser.submit(refused, { login_id: who.loginId, password: testPassword });
    expect(again.fault).toBe('wrong_credentials');
  });

  test('cancelling tells the service, at every page, and leaves no session', async () => {
    const who = await person(cluster, { mail: true });
    for (const upTo of ['sign-in', 'mail-code']) {
      const browser = new UserAgent(cluster);
      const page = upTo === 'sign-in' ? await browser.start() : await browser.password(who.loginId);
      expect(page.page).toBe(upTo);
      const { callback } = await browser.submit(page, { action: 'cancel' });
      expect(callback?.searchParams.get('error')).toBe('access_denied');
      expect(callback?.searchParams.get('state')).not.toBeNull();
      expect((await browser.start('ordinary')).page).toBe('sign-in');
    }
    expect(await mailsTo(database.db, who.address)).toHaveLength(1);
  });

  test('a lost redirect: the last form once more, or its page, ends at the service all the same', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const lost = await browser.post(page, { code: appCode() });
    expect(lost.status).toBe(303);
    expect((await browser.post(page, { code: appCode() }, { node: 1 })).status).toBe(303);
    const arrival = await browser.open(page.url.pathname);
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    // One login, however often its end was asked for.
    const ends = await database.db
      .selectFrom('audit_events')
      .select('event')
      .where('account_id', '=', await accountId(database.db, who))
      .where('event', 'in', ['sign-in.finished', 'app-code.verified'])
      .execute();
    expect(ends.map(({ event }) => event).sort()).toEqual(['app-code.verified', 'sign-in.finished']);
  });

  test('R32: a session that ended meanwhile is no session: the next service asks for everything', async () => {
    const who = await person(cluster, { app: true });
    const { browser, arrival } = await signInWithApp(cluster, who);
    await claimsAt(browser, arrival);
    await sql`update oidc_payloads set expires_at = now() - interval '1 second'
      where model = 'Session'`.execute(database.db);
    expect((await browser.start()).page).toBe('sign-in');
  });
});

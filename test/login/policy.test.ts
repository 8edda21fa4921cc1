import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { claimsAt, mailsTo, person, signInWithApp } from './visits.ts';

const mfa = 'https://refeds.org/profile/mfa';
const mailOtp = 'urn:nijo:acr:mail-otp';
const passwordOnly = { acr: 'urn:nijo:acr:password', amr: ['pwd'] };
const essential = (...values: string[]): Record<string, string> => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }),
});
const now = (): number => Math.floor(Date.now() / 1000);

describeOnEveryDatabase('what a service requires and what it is told', (open) => {
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
  const errorAt = (arrival: { callback: URL | undefined }) => arrival.callback?.searchParams.get('error');

  test.each([
    ['important', {}, 'set-up-mail'],
    ['important', { mail: true }, 'mail-code'],
    ['important', { app: true }, 'app-code'],
    ['important', { mail: true, app: true }, 'app-code'],
    ['optional', {}, 'the service'],
    ['optional', { mail: true }, 'mail-code'],
    ['optional', { app: true }, 'app-code'],
    ['ordinary', {}, 'the service'],
    ['ordinary', { mail: true, app: true }, 'the service'],
  ])(
    'R1: after the password, a service that is %s and an account with %j: %s',
    async (client, ways, next) => {
      const who = await person(cluster, ways);
      const browser = new UserAgent(cluster);
      const page = await browser.password(who.loginId, client);
      expect(page.callback === undefined ? page.page : 'the service').toBe(next);
      if (page.callback === undefined) return;
      expect(await claimsAt(browser, page, client)).toMatchObject(passwordOnly);
      // R29: no code is mailed where none is asked for.
      expect(await mailsTo(database.db, who.address)).toEqual([]);
    },
  );

  test('R32: inside a session a second service asks nothing and is told the same', async () => {
    const who = await person(cluster, { app: true });
    const { browser, arrival } = await signInWithApp(cluster, who);
    const first = await claimsAt(browser, arrival);
    for (const parameters of [{}, { prompt: 'none' }]) {
      const again = await browser.start('optional', parameters);
      const claims = await claimsAt(browser, again, 'optional');
      expect(claims).toMatchObject({ acr: mfa, amr: ['pwd', 'otp', 'mfa'], auth_time: first.auth_time });
    }
  });

  test('R32: from an ordinary to an important service the factor alone is asked, and auth_time stays the password’s', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const before = await claimsAt(browser, await browser.password(who.loginId, 'ordinary'), 'ordinary');
    const page = await browser.start('important');
    expect(page.page).toBe('app-code');
    expect(page.html.querySelector('[name=password]')).toBeNull();
    const after = await claimsAt(browser, await browser.submit(page, { code: appCode() }));
    expect(after).toMatchObject({ acr: mfa, amr: ['pwd', 'otp', 'mfa'], auth_time: before.auth_time });
    // The session is raised for all.
    const again = await claimsAt(browser, await browser.start('ordinary'), 'ordinary');
    expect(again).toMatchObject({ acr: mfa, auth_time: before.auth_time });
  });

  test('R9, R29: a step-up with mail as the only way sends one mail, however often its page is loaded', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    await browser.password(who.loginId, 'ordinary');
    const page = await browser.start('important');
    expect(page.page).toBe('mail-code');
    for (let reload = 0; reload < 3; reload += 1) await browser.open(page.url.pathname);
    expect(await mailsTo(database.db, who.address)).toHaveLength(1);
    const arrival = await browser.submit(page, { code: await cluster.mailedCode(who.address) });
    expect(await claimsAt(browser, arrival)).toMatchObject({ acr: mailOtp, amr: ['pwd', 'mca'] });
  });

  test('R12: a step-up of somebody who has nothing set up leads to initial setup, not through', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    await browser.password(who.loginId, 'ordinary');
    // S6: the session's password sets nothing up; it is asked for once more, and the login goes on.
    const again = await browser.start('important');
    expect(again.page).toBe('sign-in');
    expect((await browser.submit(again, { login_id: who.loginId, password: testPassword })).page).toBe(
      'set-up-mail',
    );
    expect(errorAt(await browser.start('important', { prompt: 'none' }))).toBe('interaction_required');
  });

  test('R32: prompt=none never shows a page: login_required without a session, interaction_required where a factor is missing', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    expect(errorAt(await browser.start('ordinary', { prompt: 'none' }))).toBe('login_required');
    await browser.password(who.loginId, 'ordinary');
    expect(errorAt(await browser.start('important', { prompt: 'none' }))).toBe('interaction_required');
    expect(errorAt(await browser.start('ordinary', { prompt: 'none', max_age: '0' }))).toBe('login_required');
  });

  test('R32: prompt=login and max_age ask for password and factor anew', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const first = await claimsAt(
      browser,
      await browser.submit(page, { code: await cluster.mailedCode(who.address) }),
    );
    expect((await browser.start('important', { max_age: '3600' })).callback).toBeDefined();
    for (const parameters of [{ prompt: 'login' }, { max_age: '0' }]) {
      // auth_time counts whole seconds.
      await new Promise((resolve) => {
        setTimeout(resolve, 1100);
      });
      const sent = cluster.smtp.mails.length;
      const anew = await browser.start('important', parameters);
      expect(anew.page).toBe('sign-in');
      const asked = await browser.submit(anew, { login_id: who.loginId, password: testPassword });
      expect(asked.page).toBe('mail-code');
      const code = await cluster.mailedCode(who.address, sent);
      const claims = await claimsAt(browser, await browser.submit(asked, { code }));
      expect(claims.auth_time).toBeGreaterThan(Number(first.auth_time));
    }
  });

  test('R32: auth_time is the time of the oldest proof, the password', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const interaction = page.url.pathname.split('/').at(-1) ?? '';
    await database.db
      .updateTable('sign_ins')
      .set({ password_at: sql<Date>`now() - interval '90 seconds'` })
      .where('interaction', '=', interaction)
      .execute();
    const claims = await claimsAt(browser, await browser.submit(page, { code: appCode() }));
    expect(Math.abs(now() - 90 - Number(claims.auth_time))).toBeLessThan(10);
  });

  test('R32: acr_values are a wish: who can meet them is asked, who cannot is let through with an honest acr', async () => {
    const both = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    await browser.password(both.loginId, 'ordinary');
    const asked = await browser.start('ordinary', { acr_values: `${mfa} ${mailOtp}` });
    expect(asked.page).toBe('app-code');
    const raised = await claimsAt(browser, await browser.submit(asked, { code: appCode() }), 'ordinary');
    expect(raised.acr).toBe(mfa);

    const mailOnly = await person(cluster, { mail: true });
    const other = new UserAgent(cluster);
    const through = await other.password(mailOnly.loginId, 'ordinary', { acr_values: mfa });
    expect(await claimsAt(other, through, 'ordinary')).toMatchObject(passwordOnly);
    // A wish for less than the service's own floor lowers nothing.
    const low = await other.start('important', { acr_values: passwordOnly.acr });
    expect(low.page).toBe('mail-code');
  });

  test('R32: an essential acr that cannot be met is unmet_authentication_requirements, never a lower one', async () => {
    const mailOnly = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const refused = await browser.password(mailOnly.loginId, 'important', essential(mfa));
    expect(errorAt(refused)).toBe('unmet_authentication_requirements');
    expect(refused.callback?.searchParams.get('code')).toBeNull();
    // And no session came of it.
    expect((await browser.start('ordinary')).page).toBe('sign-in');

    // Inside a session likewise, with and without pages.
    await browser.password(mailOnly.loginId, 'ordinary');
    expect(errorAt(await browser.start('ordinary', essential(mfa)))).toBe(
      'unmet_authentication_requirements',
    );
    expect(errorAt(await browser.start('ordinary', { ...essential(mfa), prompt: 'none' }))).toBe(
      'unmet_authentication_requirements',
    );
  });

  test('R32: an essential acr that can be met asks for exactly the way that meets it', async () => {
    const both = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const app = await browser.password(both.loginId, 'ordinary', essential(mfa));
    expect([app.page, app.html.querySelector('[value=use-mail]')]).toEqual(['app-code', null]);
    const mail = await new UserAgent(cluster).password(both.loginId, 'important', essential(mailOtp));
    expect([mail.page, mail.html.querySelector('[value=use-app]')]).toEqual(['mail-code', null]);
    // A newcomer can only set up what will be enough.
    const newcomer = await person(cluster);
    const setUp = await new UserAgent(cluster).password(newcomer.loginId, 'important', essential(mfa));
    expect([setUp.page, setUp.html.querySelector('[value=use-mail]')]).toEqual(['set-up-app-only', null]);
  });

  test('R32: userinfo and introspection never say more than the ID token, and a refreshed one says the same', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const arrival = await browser.password(who.loginId, 'ordinary');
    const { tokens, claims } = await browser.redeem(arrival.callback as URL, 'ordinary');
    // The session is raised after these tokens were given.
    const page = await browser.start('important');
    await browser.submit(page, { code: appCode() });

    const authorization = `Bearer ${tokens.access_token ?? ''}`;
    const userinfo = await browser.request('/userinfo', { headers: { authorization } });
    const { acr = claims.acr, amr = claims.amr } = JSON.parse(userinfo.body) as Record<string, unknown>;
    expect({ acr, amr }).toEqual(passwordOnly);

    const secret = 'ordinary-secret-with-enough-characters-0123456789';
    const introspected = await browser.request('/introspect', {
      form: { token: tokens.access_token ?? '' },
      headers: { authorization: `Basic ${Buffer.from(`ordinary:${secret}`).toString('base64')}` },
      fromPage: false,
    });
    const told = JSON.parse(introspected.body) as Record<string, unknown>;
    expect(told).toMatchObject({ active: true, client_id: 'ordinary', sub: claims.sub });
    expect([passwordOnly.acr, undefined]).toContain(told.acr);

    const refreshed = await browser.tokenRequest(
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
      'ordinary',
    );
    const idToken = (JSON.parse(refreshed.body) as { id_token: string }).id_token.split('.')[1] ?? '';
    const again = JSON.parse(Buffer.from(idToken, 'base64url').toString()) as Record<string, unknown>;
    expect(again).toMatchObject({ ...passwordOnly, auth_time: claims.auth_time });
  });
});

describeOnEveryDatabase('where the operator lets a mail code satisfy the MFA profile', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { config: { assurance: { mail_satisfies_mfa: true } } });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('R32: acr is the profile, amr still names the mail, and an essential mfa is met by it', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId, 'important', essential(mfa));
    expect(page.page).toBe('mail-code');
    const claims = await claimsAt(
      browser,
      await browser.submit(page, { code: await cluster.mailedCode(who.address) }),
    );
    expect(claims).toMatchObject({ acr: mfa, amr: ['pwd', 'mca', 'mfa'] });
  });
});

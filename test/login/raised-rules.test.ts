import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { applyClients } from '../../src/oidc/clients/clients.ts';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, codeOfMail, type Person, person } from './visits.ts';

const errorAt = (arrival: Arrival): string | null => arrival.callback?.searchParams.get('error') ?? null;
const log = collectingLogger();
// Of every node on this database, also of those that are configured otherwise.
const secrets = { current: 'Zq8-tests-only-4kPvR1mWc7yXbN2dLhTs' };

describeOnEveryDatabase('what was issued before a rule was raised', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let made = 0;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      logger: log.logger,
      config: { trusted_browsers: { enabled: true }, secrets },
    });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** A client of a test's own, with this rule; declared again, it has the new one. */
  async function declare(client_id: string, rule: Record<string, unknown>): Promise<void> {
    const [template] = testClients;
    const client_secret = `${client_id}-secret-with-enough-characters-0123456789`;
    await applyClients(
      database.db,
      cluster.sealer,
      { clients: [{ ...template, client_id, client_secret, ...rule }] },
      'test',
    );
  }
  async function newClient(rule: Record<string, unknown>): Promise<string> {
    made += 1;
    const id = `raised-${made}`;
    await declare(id, rule);
    for (const node of [0, 1])
      await until(async () => (await new UserAgent(cluster, { node }).start(id)).page === 'sign-in');
    return id;
  }
  /** Nodes keep a client's rule for a moment. */
  async function until(work: () => Promise<boolean>): Promise<void> {
    for (let wait = 0; wait < 200; wait += 1) {
      if (await work()) return;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    throw new Error('the new rule does not hold');
  }
  const refresh = (browser: UserAgent, token: string | undefined, client: string, node = 0) =>
    browser.tokenRequest({ grant_type: 'refresh_token', refresh_token: token ?? '' }, client, node);
  const userinfo = (browser: UserAgent, token: string | undefined, node: number): Promise<Answer> =>
    browser.request('/userinfo', {
      headers: { authorization: `Bearer ${token ?? ''}` },
      fromPage: false,
      node,
    });
  const introspect = async (browser: UserAgent, token: string | undefined, client: string, node: number) => {
    const secret = `${client}-secret-with-enough-characters-0123456789`;
    const answer = await browser.request('/introspect', {
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      form: { token: token ?? '' },
      fromPage: false,
      node,
    });
    return JSON.parse(answer.body) as { active: boolean; acr?: string; auth_time?: number };
  };
  const bodyOf = (answer: Answer) => JSON.parse(answer.body) as Record<string, string>;
  /** What works without the user (`offline_access`) is asked for. */
  const agreed = async (browser: UserAgent, arrival: Arrival): Promise<Arrival> =>
    arrival.page === 'consent' ? browser.submit(arrival) : arrival;
  const signedIn = async (who: Person, client: string, parameters: Record<string, string> = {}) => {
    const browser = new UserAgent(cluster);
    const arrival = await agreed(browser, await browser.password(who.loginId, client, parameters));
    expect(arrival.callback).toBeDefined();
    return { browser, arrival };
  };

  test('S4: a client that begins to require a factor gets nothing more for a password alone, and all of it for a factor', async () => {
    const offline = { scope: 'openid offline_access', prompt: 'consent' };
    for (const [rule, raised, parameters] of [
      [{ second_factor: 'off' }, { second_factor: 'required' }, {}],
      [{ second_factor: 'off' }, { second_factor: 'required' }, offline],
      [{ second_factor: 'off' }, { second_factor: 'optional' }, {}],
    ] as const) {
      const client = await newClient(rule);
      const who = await person(cluster, { app: true });
      const { browser, arrival } = await signedIn(who, client, parameters);
      const { tokens } = await browser.redeem(arrival.callback as URL, client);
      const kept = await browser.redeem(
        (await agreed(browser, await browser.start(client, parameters))).callback as URL,
        client,
      );
      const strong = new UserAgent(cluster);
      const page = await strong.password(who.loginId, 'important');
      expect((await strong.submit(page, { code: appCode() })).callback).toBeDefined();
      const factor = await strong.redeem(
        (await agreed(strong, await strong.start(client, parameters))).callback as URL,
        client,
      );
      expect(await introspect(browser, tokens.access_token, client, 0)).toMatchObject({
        active: true,
        acr: 'urn:nijo:acr:password',
      });

      await declare(client, raised);
      await until(async () => (await userinfo(browser, tokens.access_token, 0)).status === 401);
      await until(async () => (await userinfo(browser, tokens.access_token, 1)).status === 401);
      for (const node of [0, 1]) {
        const refused = await refresh(browser, tokens.refresh_token, client, node);
        expect([refused.status, bodyOf(refused).error]).toEqual([400, 'invalid_grant']);
        expect(bodyOf(refused).error_description).toContain('sign in again');
        expect(await introspect(browser, tokens.access_token, client, node)).toEqual({ active: false });
        expect(await introspect(browser, tokens.refresh_token, client, node)).toEqual({ active: false });
        expect((await userinfo(browser, factor.tokens.access_token, node)).status).toBe(200);
      }
      expect((await refresh(browser, kept.tokens.refresh_token, client)).status).toBe(400);
      expect(errorAt(await browser.start(client, { prompt: 'none' }))).toBe('interaction_required');
      const renewed = await refresh(strong, factor.tokens.refresh_token, client, 1);
      expect(renewed.status).toBe(200);
      // What was proven goes on with the family.
      expect(await introspect(strong, bodyOf(renewed).access_token, client, 0)).toMatchObject({
        active: true,
        acr: 'https://refeds.org/profile/mfa',
      });
      expect(
        log.lines().some((line) => line.event === 'oidc.assurance-too-low' && line.client_id === client),
      ).toBe(true);
      await database.db.updateTable('app_factors').set({ last_step: 0 }).execute();
    }
  }, 120_000);

  test('S4: a code that was given out before is not redeemed after the rule was raised', async () => {
    const client = await newClient({ second_factor: 'off' });
    const who = await person(cluster, { app: true });
    const { browser, arrival } = await signedIn(who, client);
    const other = await browser.redeem((await browser.start(client)).callback as URL, client);
    await declare(client, { second_factor: 'required' });
    await until(async () => (await userinfo(browser, other.tokens.access_token, 0)).status === 401);
    const { status, tokens } = await browser.redeem(arrival.callback as URL, client, 0);
    expect([status, tokens.error, tokens.access_token]).toEqual([400, 'invalid_grant', undefined]);
  });

  test('S4: where a factor is asked for of who has one, a token of before there was one is good no more', async () => {
    const client = await newClient({ second_factor: 'optional' });
    const who = await person(cluster);
    const { browser, arrival } = await signedIn(who, client);
    const { tokens } = await browser.redeem(arrival.callback as URL, client);
    const renewed = await refresh(browser, tokens.refresh_token, client);
    expect(renewed.status).toBe(200);
    await cluster.addAccounts([]);
    await database.db
      .insertInto('mail_factors')
      .values({ id: `m-${who.loginId}`, account_id: await accountId(database.db, who), address: who.address })
      .execute();
    expect((await refresh(browser, bodyOf(renewed).refresh_token, client, 1)).status).toBe(400);
    expect((await userinfo(browser, bodyOf(renewed).access_token, 0)).status).toBe(401);
  });

  test('S4, R31: what a trusted browser was given is renewed while the account trusts one that long, and no longer', async () => {
    const client = await newClient({ second_factor: 'required', trusted_browser_days: 30 });
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    const first = await browser.submit(await browser.password(who.loginId, client), {
      code: appCode(),
      trust_browser: 'yes',
    });
    expect(first.callback).toBeDefined();
    await sql`delete from oidc_payloads where account_id = ${id}`.execute(database.db);
    const trusted = await browser.password(who.loginId, client);
    expect(trusted.callback).toBeDefined();
    const { tokens, claims } = await browser.redeem(trusted.callback as URL, client);
    expect(claims.acr).toBe('urn:nijo:acr:password');
    const renewed = await refresh(browser, tokens.refresh_token, client);
    expect(renewed.status).toBe(200);
    await declare(client, { second_factor: 'required', trusted_browser_days: 0 });
    await until(async () => (await userinfo(browser, bodyOf(renewed).access_token, 0)).status === 401);
    expect((await refresh(browser, bodyOf(renewed).refresh_token, client)).status).toBe(400);
  });

  test('S8: what a snapshot says of its session does not go out with the time of another sign-in', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    const waiting = await browser.password(who.loginId, 'important');
    const mailed = await browser.submit(waiting, { action: 'use-mail' });
    const first = await browser.submit(mailed, { code: await codeOfMail(cluster, who.address, 0) });
    expect(await claimsAt(browser, first)).toMatchObject({ amr: ['pwd', 'mca'] });
    // A step-up: the app is wished for. The interaction notes a session that stands on a mail code.
    const begun = await browser.request(
      browser.authorizeUrl('important', { acr_values: 'https://refeds.org/profile/mfa' }),
    );
    const at = new URL(String(begun.headers.location), cluster.issuer).pathname;
    expect(at).toMatch(/^\/interaction\//);
    // Meanwhile the session is signed in to anew by password alone, and the app is gone.
    const anew = await browser.start('ordinary', { prompt: 'login' });
    const again = await browser.submit(anew, { login_id: who.loginId, password: testPassword });
    expect(again.callback).toBeDefined();
    await database.db.deleteFrom('app_factors').where('account_id', '=', id).execute();
    const page = await browser.open(at);
    expect([page.callback, page.page]).toEqual([undefined, 'mail-code']);
  });

  test('S8: a consent given after the session was signed in to anew does not bring the earlier sign-in back', async () => {
    const client = await newClient({ second_factor: 'off', consent: 'explicit' });
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const asked = await browser.password(who.loginId, client, { prompt: 'login' });
    expect(asked.page).toBe('consent');
    // Times of sign-ins are whole seconds.
    await new Promise((resolve) => {
      setTimeout(resolve, 1_100);
    });
    const anew = await browser.start('ordinary', { prompt: 'login' });
    const again = await browser.submit(anew, { login_id: who.loginId, password: testPassword });
    const now = await claimsAt(browser, again, 'ordinary');
    const arrival = await browser.submit(asked);
    expect([arrival.callback, ['sign-in', 'error'].includes(arrival.page)]).toEqual([undefined, true]);
    const silent = await browser.start('ordinary', { prompt: 'none' });
    expect((await claimsAt(browser, silent, 'ordinary')).auth_time).toBe(now.auth_time);
  });

  test('S4, S8: once a mail code is worth less, no session and no token says that it was more', async () => {
    const other = await database.connect();
    const before = await startCluster(database, {
      handles: [database.db],
      config: { secrets, assurance: { mail_satisfies_mfa: true } },
    });
    const after = await startCluster(database, {
      handles: [other],
      issuer: before.issuer,
      config: { secrets, assurance: { mail_satisfies_mfa: false } },
    });
    try {
      const who = await person(before, { mail: true });
      const browser = new UserAgent(before);
      const page = await browser.password(who.loginId);
      const arrival = await browser.submit(page, { code: await codeOfMail(before, who.address, 0) });
      const { tokens, claims } = await browser.redeem(arrival.callback as URL);
      expect(claims).toMatchObject({ acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'mca', 'mfa'] });
      const later = new UserAgent(after, { jar: browser.jar });
      expect(errorAt(await later.start('important', { prompt: 'none' }))).toBe('login_required');
      expect((await refresh(later, tokens.refresh_token, 'important')).status).toBe(400);
      // Where it is worth what it was, both go on.
      expect((await browser.start('important', { prompt: 'none' })).callback?.searchParams.has('code')).toBe(
        true,
      );
      expect((await refresh(browser, tokens.refresh_token, 'important')).status).toBe(200);
    } finally {
      await after.close();
      await before.close();
    }
  }, 60_000);
});

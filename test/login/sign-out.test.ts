import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { applyClients, disableClient, removeClient } from '../../src/oidc/clients/clients.ts';
import { type Cluster, redirectUri, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { person } from './visits.ts';

const back = 'http://127.0.0.1:9/';

describeOnEveryDatabase('a sign-out that a service asks for', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  let made = 0;
  /** Signed in at a service of its own, with the hint that it got. */
  async function signedIn(
    exchange: Record<string, string> = {},
  ): Promise<{ browser: UserAgent; clientId: string; hint: string }> {
    made += 1;
    const clientId = `leaving-${database.kind}-${made}`;
    const { client_secret } = testClients[2]!;
    const client = { ...testClients[2], client_id: clientId };
    await applyClients(database.db, cluster.sealer, { clients: [client] }, 'test');
    const browser = new UserAgent(cluster);
    const who = await person(cluster, { app: true });
    // A client is live on every node within a second.
    let page = await browser.start(clientId);
    for (let wait = 0; wait < 60 && page.page !== 'sign-in'; wait += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      page = await browser.start(clientId);
    }
    const arrival = await browser.submit(page, { login_id: who.loginId, password: testPassword });
    expect(arrival.callback).toBeDefined();
    const authorization = `Basic ${Buffer.from(`${clientId}:${client_secret}`).toString('base64')}`;
    const answer = await browser.request('/token', {
      fromPage: false,
      headers: { authorization },
      form: {
        grant_type: 'authorization_code',
        code: arrival.callback?.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: browser.verifierOf(arrival.callback?.searchParams.get('state') ?? ''),
        ...exchange,
      },
    });
    return { browser, clientId, hint: String((JSON.parse(answer.body) as { id_token?: string }).id_token) };
  }
  const signOutUrl = (parameters: Record<string, string>) =>
    `/logout?${new URLSearchParams({ post_logout_redirect_uri: back, state: 'x', ...parameters }).toString()}`;
  const troubleOf = (page: Arrival) =>
    page.html.querySelector('[data-trouble]')?.getAttribute('data-trouble')?.replace('signOut.trouble.', '');
  const isSignedIn = async (browser: UserAgent) =>
    (await browser.start('ordinary', { prompt: 'none' })).callback?.searchParams.get('code') !== null;
  /** Signs out on the page that is shown, and stays here. */
  async function signsOut(browser: UserAgent, page: Arrival): Promise<void> {
    expect(page.page).toBe('sign-out');
    expect(await isSignedIn(browser)).toBe(true);
    const form = { ...browser.fields(page), logout: 'yes' };
    const done = await browser.follow(await browser.request('/logout/confirm', { form }));
    expect([done.callback, done.page, done.status]).toEqual([undefined, 'signed-out', 200]);
    expect(await isSignedIn(browser)).toBe(false);
  }

  test.each([
    ['disabled', 'by its hint'],
    ['removed', 'by its hint'],
    ['disabled', 'by its id'],
  ])('S20, R58: of a service that was %s, known %s, is asked for and stays here', async (end, by) => {
    const { browser, clientId, hint } = await signedIn();
    await (end === 'disabled' ? disableClient : removeClient)(database.db, clientId, 'test');
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    const page = await browser.open(
      signOutUrl(by === 'by its hint' ? { id_token_hint: hint } : { client_id: clientId }),
    );
    expect([page.status, troubleOf(page)]).toEqual([200, 'service']);
    await signsOut(browser, page);
  });

  test('S20, R58: with a hint of a key that is not published any more, in either language', async () => {
    const { browser, hint } = await signedIn();
    const [, payload = '', signature = ''] = hint.split('.');
    const kid = 'aZ3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0nOp3';
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid })).toString('base64url');
    const url = signOutUrl({ id_token_hint: `${header}.${payload}.${signature}` });
    const page = await browser.open(url);
    expect([page.status, troubleOf(page)]).toEqual([200, 'hint']);
    const toggle = page.html.querySelector('[hreflang="ja"]')?.getAttribute('href') ?? '';
    const japanese = await browser.open(toggle);
    expect([troubleOf(japanese), japanese.body.includes('ログアウトはできます')]).toEqual(['hint', true]);
    await signsOut(browser, japanese);
  });

  test.each([
    ['no token', 'nonsense'],
    ['a forged one', undefined],
  ])('S20, R58: with a hint that is %s', async (_, token) => {
    const { browser, hint } = await signedIn();
    const page = await browser.open(signOutUrl({ id_token_hint: token ?? `${hint.slice(0, -6)}AAAAAA` }));
    expect([page.status, troubleOf(page)]).toEqual([400, 'hint']);
    await signsOut(browser, page);
  });

  test('S20, R58: to an address that is not registered; the log has it beside those that are', async () => {
    const { browser, clientId, hint } = await signedIn();
    const asked = 'https://evil.example/after?x=1';
    const page = await browser.open(signOutUrl({ id_token_hint: hint, post_logout_redirect_uri: asked }));
    expect([page.status, troubleOf(page), page.headers.location]).toEqual([400, 'return', undefined]);
    expect(page.html.querySelector('.context')?.text).toContain('ordinary');
    await signsOut(browser, page);
    expect(log.lines().find((line) => line.client_id === clientId && 'registered' in line)).toMatchObject({
      event: 'oidc.refused',
      post_logout_redirect_uri: asked,
      registered: [back],
    });
  });

  test('S20, R58: of one service only, where the way back is not registered', async () => {
    const { browser, hint } = await signedIn();
    const page = await browser.open(
      signOutUrl({ id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example/' }),
    );
    const done = await browser.follow(
      await browser.request('/logout/confirm', { form: browser.fields(page) }),
    );
    expect([done.callback, done.page]).toEqual([undefined, 'signed-out']);
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('S20, R58: with nobody signed in says so, whatever was wrong', async () => {
    const { browser, clientId, hint } = await signedIn();
    await disableClient(database.db, clientId, 'test');
    await browser.jar.removeAllCookies();
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    const page = await browser.open(signOutUrl({ id_token_hint: hint }));
    expect([page.status, page.page, troubleOf(page)]).toEqual([200, 'signed-out', 'service']);
  });

  test('S20, R58: a form of an earlier page leads back to the question, or says that it is done', async () => {
    const { browser, hint } = await signedIn();
    const first = await browser.open(signOutUrl({ id_token_hint: hint }));
    const second = await browser.open(signOutUrl({ id_token_hint: hint }));
    const send = (page: Arrival) =>
      browser.request('/logout/confirm', {
        form: { ...browser.fields(page), logout: 'yes' },
        headers: { accept: 'text/html' },
      });
    const stale = await send(first);
    expect([stale.status, stale.page]).toEqual([400, 'error']);
    expect(stale.html.querySelector('a.primary')?.getAttribute('href')).toBe('/logout');
    expect((await send(second)).headers.location).toBe(`${back}?state=x`);
    const late = await send(second);
    expect([late.status, late.page]).toEqual([200, 'signed-out']);
  });

  test('S20: a redirect URI that does not match is in the log beside those that are registered', async () => {
    const browser = new UserAgent(cluster);
    for (const came of [
      'http://127.0.0.1:9/callback/',
      'https://127.0.0.1:9/callback',
      `${redirectUri}?x=1`,
    ]) {
      const page = await browser.start('ordinary', { redirect_uri: came });
      expect([page.status, page.callback]).toEqual([400, undefined]);
      const line = log.lines().findLast(({ event }) => event === 'oidc.refused');
      expect(line).toMatchObject({
        client_id: 'ordinary',
        error: 'invalid_redirect_uri',
        redirect_uri: came,
        registered: [redirectUri],
      });
    }
    const exchanged = await signedIn({ redirect_uri: `${redirectUri}/` });
    expect(exchanged.hint).toBe('undefined');
    expect(log.lines().findLast(({ event }) => event === 'oidc.refused')).toMatchObject({
      route: 'token',
      client_id: exchanged.clientId,
      redirect_uri: `${redirectUri}/`,
      registered: [redirectUri],
    });
    const long = await browser.start('ordinary', { redirect_uri: `${redirectUri}?x=${'x'.repeat(3000)}` });
    expect(long.status).toBe(400);
    const line = log.lines().findLast(({ event }) => event === 'oidc.refused');
    expect(String(line?.redirect_uri).length).toBeLessThanOrEqual(500);
  });
});

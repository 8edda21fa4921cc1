import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  Browser,
  authorizationUrl,
  obtainCode,
  obtainTokens,
  redeem,
  refresh,
  send,
  type Service,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, testConfiguration, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

describeOnEveryDatabase('sessions, cookies and addresses', (open) => {
  let database: TestDatabase;
  let node: TestNode;
  let account: string;
  let ordinary: Service;
  let important: Service;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await open();
    account = await addAccount(database.db, 'a0000001', ['app']);
    ordinary = await addService(database.db, sealer, 'ordinary', {
      second_factor: 'off',
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid offline_access',
      post_logout_redirect_uris: ['https://ordinary.example/bye'],
      initiate_login_uri: 'https://ordinary.example/start',
    });
    important = await addService(database.db, sealer, 'important');
    node = await startNode({ db: database.db, sealer });
  });
  afterAll(async () => {
    await node.close();
    await database.close();
  });
  beforeEach(() => {
    node.seen.length = 0;
    node.decide = () => signedIn(account, 'app');
  });
  const sessionCookie = (browser: Browser) => browser.cookies.get('__Host-nijo-session')?.value;

  test('A26: the session id changes at the login and at the step-up, and the old one is nobody', async () => {
    const browser = new Browser(node);
    node.decide = () => signedIn(account);
    await obtainCode(browser, ordinary);
    const first = browser.cookieHeader('/authorize');
    const before = sessionCookie(browser);
    node.decide = (details) => signedIn(account, 'app', details.session?.authTime);
    await obtainCode(browser, important);
    expect(sessionCookie(browser)).not.toBe(before);
    const stale = await send(node, authorizationUrl(ordinary, verifierOf(), { prompt: 'none' }), {
      headers: { cookie: first },
    });
    expect(stale.location).toContain('error=login_required');
    // A planted cookie that is no session is not taken over.
    const planted = new Browser(node);
    planted.cookies.set('__Host-nijo-session', { value: 'planted', path: '/' });
    await obtainCode(planted, ordinary);
    expect(sessionCookie(planted)).not.toBe('planted');
  });

  test('A27, E6: a login page opened with the cookie of another login is refused', async () => {
    const [mine, theirs] = [new Browser(node), new Browser(node)];
    const own = String((await mine.request(authorizationUrl(ordinary, verifierOf()))).location);
    const foreign = String((await theirs.request(authorizationUrl(ordinary, verifierOf()))).location);
    const cookie = mine.cookieHeader(new URL(own, 'https://x.example').pathname);
    const answer = await send(node, foreign, { headers: { cookie } });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      fault: 'interaction_foreign',
      startAgain: {
        service: { en: 'Service ordinary', ja: 'Service ordinary' },
        url: 'https://ordinary.example/start',
      },
    });
    expect((await send(node, own)).json.fault).toBe('interaction_expired');
    expect(node.seen).toHaveLength(0);
  });

  test('R33: a login that is over is not found again, and its service is still known from what was begun', async () => {
    const browser = new Browser(node);
    const start = String((await browser.request(authorizationUrl(ordinary, verifierOf()))).location);
    const cookie = browser.cookieHeader(start);
    await browser.follow(start);
    const again = await send(node, start, { headers: { cookie } });
    expect(again.json.fault).toBe('interaction_expired');
  });

  test('C22, A28, E5: every cookie is signed, HttpOnly, Lax and Secure, also where TLS ends before us', async () => {
    const browser = new Browser(node);
    await obtainCode(browser, ordinary);
    await obtainCode(browser, important);
    expect(browser.setCookies.length).toBeGreaterThan(4);
    for (const line of browser.setCookies) {
      expect(line).toMatch(/; secure/i);
      expect(line).toMatch(/; httponly/i);
      expect(line).toMatch(/; samesite=lax/i);
      expect(line).not.toMatch(/; domain=/i);
      const name = line.slice(0, line.indexOf('='));
      if (name.startsWith('__Host-')) expect(line).toMatch(/; path=\/;/);
      else
        expect(line).toMatch(
          /^__Secure-nijo-(interaction|resume)(\.sig)?=.*; path=\/(interaction|authorize)\/[^;/]+;/,
        );
    }
    const names = new Set(browser.setCookies.map((line) => line.slice(0, line.indexOf('='))));
    for (const name of ['__Host-nijo-session', '__Secure-nijo-interaction', '__Secure-nijo-resume']) {
      expect(names).toContain(name);
      expect(names).toContain(`${name}.sig`);
    }
    // The session's cookie ends with the browser; without its signature it is nobody's.
    expect(browser.setCookies.filter((line) => line.startsWith('__Host-nijo-session=')).join()).not.toMatch(
      /expires=/i,
    );
    const unsigned = await send(node, authorizationUrl(ordinary, verifierOf(), { prompt: 'none' }), {
      headers: { cookie: `__Host-nijo-session=${String(sessionCookie(browser))}` },
    });
    expect(unsigned.location).toContain('error=login_required');
  });

  test('on http (the trial, on loopback) the cookies have no prefix and are not Secure', async () => {
    const config = testConfiguration({ issuer: 'http://127.0.0.1:3000' });
    const trial = await startNode({ db: database.db, sealer, config });
    const answer = await send(trial, authorizationUrl(ordinary, verifierOf()));
    expect(answer.setCookie.join()).toMatch(/nijo-interaction=/);
    expect(answer.setCookie.join()).not.toMatch(/secure|__/i);
    await trial.close();
  });

  test('S9: form_post is answered with a page of ours, and nothing of it is inline', async () => {
    const browser = new Browser(node);
    const answer = await browser.follow(
      authorizationUrl(ordinary, verifierOf(), { response_mode: 'form_post' }),
    );
    const model = JSON.parse(/>(\{.*\})</.exec(answer.text)?.[1] ?? '{}') as {
      action: string;
      fields: { name: string; value: string }[];
    };
    expect(model).toMatchObject({
      action: ordinary.redirectUri,
      service: { en: 'Service ordinary', ja: 'Service ordinary' },
    });
    expect(model.fields.map(({ name }) => name).toSorted()).toEqual(['code', 'iss', 'state']);
    expect(answer.text).not.toContain('<script');
  });

  test('A50, C36: signing out asks first, needs its own token, ends the session and what hangs on it', async () => {
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, ordinary);
    const query = new URLSearchParams({
      id_token_hint: String(tokens.id_token),
      post_logout_redirect_uri: 'https://ordinary.example/bye',
      state: 'out',
    });
    const asked = await browser.request(`/logout?${query.toString()}`);
    expect(asked.status).toBe(200);
    const model = JSON.parse(/>(\{.*\})</.exec(asked.text)?.[1] ?? '{}') as Record<string, unknown>;
    expect(model).toMatchObject({
      formAction: 'https://idp.example/logout/confirm',
      service: { en: 'Service ordinary', ja: 'Service ordinary' },
    });
    const submit = (xsrf: string) =>
      browser.request('/logout/confirm', {
        method: 'POST',
        body: new URLSearchParams({ xsrf, logout: 'yes' }),
      });
    expect((await submit('wrong')).status).toBe(400);
    await obtainTokens(browser, ordinary);
    const done = await browser.request(`/logout?${query.toString()}`);
    const xsrf = /"xsrf":"([^"]+)"/.exec(done.text)?.[1] ?? '';
    const out = await submit(xsrf);
    expect(out.location).toBe('https://ordinary.example/bye?state=out');
    expect(sessionCookie(browser)).toBeUndefined();
    expect((await refresh(node, ordinary, String(tokens.refresh_token))).json.error).toBe('invalid_grant');
    const userinfo = await send(node, '/userinfo', {
      headers: { authorization: `Bearer ${String(tokens.access_token)}` },
    });
    expect(userinfo.status).toBe(401);
    const ended = await database.db
      .selectFrom('audit_events')
      .selectAll()
      .where('event', '=', 'session.ended')
      .execute();
    expect(ended.at(-1)).toMatchObject({ account_id: account, address: '192.0.2.1' });
    const foreign = new URLSearchParams({
      client_id: 'ordinary',
      post_logout_redirect_uri: 'https://evil.test/',
    });
    const refused = await browser.request(`/logout?${foreign.toString()}`);
    expect(refused.status).toBe(400);
    expect(refused.location).toBeUndefined();
  });

  test('A55: a disabled account has no session, code, token or refresh any more, at once', async () => {
    const leaver = await addAccount(database.db, 'leaver', ['app']);
    node.decide = () => signedIn(leaver, 'app');
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, ordinary);
    const { code, verifier } = await obtainCode(browser, ordinary);
    const pending = new Browser(node);
    const start = String((await pending.request(authorizationUrl(ordinary, verifierOf()))).location);
    const finished = await pending.request(start);
    await database.db.updateTable('accounts').set({ status: 'disabled' }).where('id', '=', leaver).execute();
    expect((await redeem(node, ordinary, code, verifier)).json.error).toBe('invalid_grant');
    expect((await refresh(node, ordinary, String(tokens.refresh_token))).json.error).toBe('invalid_grant');
    const bearer = { headers: { authorization: `Bearer ${String(tokens.access_token)}` } };
    expect((await send(node, '/userinfo', bearer)).status).toBe(401);
    const silent = await browser.request(authorizationUrl(ordinary, verifierOf(), { prompt: 'none' }));
    expect(silent.location).toContain('error=login_required');
    // With the same browser somebody else signs in: a new login, no fault of ours.
    node.decide = () => signedIn(account, 'app');
    await obtainCode(browser, ordinary);
    const resumed = await pending.request(String(finished.location));
    expect(resumed.status).toBe(400);
    expect(resumed.location).toBeUndefined();
  });

  test('I6: nothing that can be used stands in the database', async () => {
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, ordinary);
    const { code } = await obtainCode(browser, ordinary);
    const rows = await database.db.selectFrom('oidc_payloads').selectAll().execute();
    const dump = rows
      .map(
        (row) =>
          `${Buffer.from(row.payload).toString('latin1')} ${row.id} ${row.grant_id} ${row.session_uid}`,
      )
      .join('\n');
    const secrets = [
      code,
      tokens.access_token,
      tokens.refresh_token,
      sessionCookie(browser),
      ordinary.secret,
    ].map(String);
    for (const value of secrets) {
      expect(value.length).toBeGreaterThan(20);
      expect(dump).not.toContain(value);
    }
    expect(dump).not.toContain('accountId');
  });
});

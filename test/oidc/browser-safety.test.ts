import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  Browser,
  obtainCode,
  obtainTokens,
  redeem,
  refresh,
  type Service,
  send,
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

  test('E4, A31: every address is built from the issuer, whatever Host and forwarded headers say', async () => {
    const raw = (path: string, headers: Record<string, string>): Promise<string> =>
      new Promise((resolve, reject) => {
        const url = new URL(node.url);
        const sent = httpRequest({ host: url.hostname, port: url.port, path, headers }, (response) => {
          let text = JSON.stringify(response.headers);
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve(text));
        });
        sent.on('error', reject);
        sent.end();
      });
    const evil = [
      { host: 'evil.test' },
      {
        host: 'idp.example',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.test',
      },
      { host: 'evil.test:x@idp.example' },
    ];
    for (const headers of evil) {
      for (const path of [
        '/.well-known/openid-configuration',
        'http://evil.test/.well-known/openid-configuration',
      ]) {
        const text = await raw(path, headers);
        expect(text).not.toContain('evil');
        expect(text).toContain('"authorization_endpoint":"https://idp.example/authorize"');
      }
      const started = await raw(authorizationUrl(ordinary, verifierOf()), headers);
      expect(started).not.toContain('evil');
    }
    const discovery = await send(node, '/.well-known/openid-configuration');
    expect(discovery.json).toMatchObject({
      issuer: 'https://idp.example',
      token_endpoint: 'https://idp.example/token',
      userinfo_endpoint: 'https://idp.example/userinfo',
      jwks_uri: 'https://idp.example/jwks',
      pushed_authorization_request_endpoint: 'https://idp.example/par',
      introspection_endpoint: 'https://idp.example/introspect',
      revocation_endpoint: 'https://idp.example/revoke',
      end_session_endpoint: 'https://idp.example/logout',
      acr_values_supported: [
        'urn:nijo:acr:password',
        'urn:nijo:acr:mail-otp',
        'https://refeds.org/profile/mfa',
      ],
      response_types_supported: ['code', 'none'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ],
    });
    expect(discovery.headers.get('x-outer')).toBe('kept');
  });

  test('A43, C27: only an exact redirect address passes; everything else ends on a page', async () => {
    const vectors = [
      'https://evil.test/cb',
      'https://ordinary.example@evil.test/cb',
      'https://ordinary.example.evil.test/cb',
      '//evil.test/cb',
      '/\\evil.test',
      'https://ordinary.example/cb/../evil',
      'https://ordinary.example/cb/',
      'https://ordinary.example/cb?x=1',
      'https://ordinary.example/cb#x',
      'https://ordinary.example:444/cb',
      'https://ORDINARY.example/cb',
      'https://ordinary.example/CB',
      'https://ordinary.example/%63b',
      'https://ordinary.example%2fcb',
      'http://ordinary.example/cb',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://ordinary.example/cb%0d%0aLocation:%20https://evil.test',
      'https://user:pw@ordinary.example/cb',
      'https://ordinary.example\\@evil.test/cb',
      'https://xn--rdinary-9za.example/cb',
      'http://127.0.0.1:1/cb',
      ' https://ordinary.example/cb',
      '',
    ];
    for (const redirect_uri of vectors) {
      for (const extra of [{}, { prompt: 'none' }, { response_type: 'token' }]) {
        const answer = await send(node, authorizationUrl(ordinary, verifierOf(), { redirect_uri, ...extra }));
        if (answer.location !== undefined)
          expect(new URL(answer.location, 'https://idp.example').origin).toMatch(
            /^https:\/\/(idp|ordinary)\.example$/,
          );
        if (redirect_uri !== '') expect(answer.location).toBeUndefined();
      }
    }
    const twice = await send(
      node,
      `${authorizationUrl(ordinary, verifierOf())}&redirect_uri=https%3A%2F%2Fevil.test%2Fcb`,
    );
    expect(twice.location ?? '').not.toContain('evil');
    for (const response_type of ['token', 'id_token', 'code id_token', 'code token']) {
      const refused = await send(node, authorizationUrl(ordinary, verifierOf(), { response_type }));
      expect(refused.location).toContain('error=unsupported_response_type');
    }
  });

  test('form_post answers with a page that our policy lets post to the service and nowhere else', async () => {
    const browser = new Browser(node);
    const answer = await browser.follow(
      authorizationUrl(ordinary, verifierOf(), { response_mode: 'form_post' }),
    );
    expect(answer.text).toContain('name="code"');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self' 'sha256-[^']+'/);
    expect(policy).toContain("form-action 'self' https://ordinary.example");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('A47: no tokens without S256, with a wrong secret or by two ways of authentication at once', async () => {
    const browser = new Browser(node);
    for (const extra of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
    ]) {
      const answer = await browser.request(authorizationUrl(ordinary, verifierOf(), extra));
      expect(answer.location).toContain('error=invalid_request');
    }
    const { code, verifier } = await obtainCode(browser, ordinary);
    for (const secret of ['', 'wrong', 'undefined', 'null', String(ordinary.secret).slice(1)]) {
      const refused = await redeem(node, { ...ordinary, secret }, code, verifier);
      expect([400, 401]).toContain(refused.status);
      expect(refused.json.access_token).toBeUndefined();
    }
    for (const wrong of ['', 'x', verifier.slice(1), `${verifier}${'x'.repeat(129)}`]) {
      expect((await redeem(node, ordinary, code, wrong)).json.error).toMatch(/invalid_(grant|request)/);
    }
    expect((await redeem(node, ordinary, code, verifier)).status).toBe(200);
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
    const model = JSON.parse(/>(\{.*\})</.exec(asked.text)?.[1] ?? '{}') as Record<string, string>;
    expect(model).toMatchObject({
      formAction: 'https://idp.example/logout/confirm',
      clientName: 'Service ordinary',
      returnOrigin: 'https://ordinary.example',
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

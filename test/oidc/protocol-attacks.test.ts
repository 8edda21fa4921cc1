import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  Browser,
  authorizationUrl,
  basic,
  obtainCode,
  obtainTokens,
  post,
  redeem,
  send,
  type Service,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

describeOnEveryDatabase('attacks on the protocol', (open) => {
  let database: TestDatabase;
  let node: TestNode;
  let account: string;
  let ordinary: Service;
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

  test('A46: keys and back-channel logout of a service are never fetched from our own network', async () => {
    let hits = 0;
    const canary = createServer((_req, res) => {
      hits += 1;
      res.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => {
      canary.listen(0, '127.0.0.1', resolve);
    });
    const { port } = canary.address() as AddressInfo;
    const inside = await addService(database.db, sealer, `inside-${database.kind}`, {
      second_factor: 'off',
      backchannel_logout_uri: `http://127.0.0.1:${port}/logout`,
    });
    const keys = await addService(database.db, sealer, `keys-${database.kind}`, {
      token_endpoint_auth_method: 'private_key_jwt',
      client_secret: undefined,
      jwks_uri: `http://localhost:${port}/jwks`,
    });
    await new Promise((resolve) => {
      setTimeout(resolve, 1050);
    });
    const browser = new Browser(node);
    await obtainTokens(browser, inside);
    const asked = await browser.request('/logout');
    const xsrf = /"xsrf":"([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const started = performance.now();
    const out = await browser.request('/logout/confirm', {
      method: 'POST',
      body: new URLSearchParams({ xsrf, logout: 'yes' }),
    });
    expect(out.status).toBe(303);
    expect(performance.now() - started).toBeLessThan(3000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: keys.id, sub: keys.id, aud: 'https://idp.example', jti: 'x', exp: now + 60 };
    const answer = await post(node, '/par', {
      client_id: keys.id,
      client_assertion: `${part({ alg: 'ES256', kid: 'k' })}.${part(claims)}.AAAA`,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    expect([400, 401]).toContain(answer.status);
    expect(hits).toBe(0);
    canary.close();
  });

  test('A48: forged tokens are nobody, as a hint and as an access token', async () => {
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, ordinary);
    const [header = '', body = '', signature = ''] = String(tokens.id_token).split('.');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { keys } = (await send(node, '/jwks')).json as { keys: { kid: string; n?: string }[] };
    const hmac = (head: string) =>
      createHmac('sha256', JSON.stringify(keys[0])).update(head).digest('base64url');
    const forged = [
      `${part({ alg: 'none' })}.${body}.`,
      `${part({ alg: 'None', typ: 'JWT' })}.${body}.${signature}`,
      `${part({ alg: 'HS256', kid: keys[0]?.kid })}.${body}.${hmac(`${part({ alg: 'HS256', kid: keys[0]?.kid })}.${body}`)}`,
      `${part({ alg: 'RS256', kid: '../../dev/null' })}.${body}.${signature}`,
      `${part({ alg: 'RS256', jku: 'http://127.0.0.1:1/' })}.${body}.${signature}`,
      `${header}.${part({ iss: 'https://idp.example', sub: 'x', aud: 'ordinary' })}.${signature}`,
      `${header}.${body}.${signature.slice(0, -4)}AAAA`,
      `${header}.${body}`,
    ];
    for (const token of forged) {
      const hinted = await browser.request(
        authorizationUrl(ordinary, verifierOf(), { id_token_hint: token }),
      );
      expect(hinted.location).toContain('error=invalid_request');
      expect((await browser.request(`/logout?id_token_hint=${encodeURIComponent(token)}`)).status).toBe(400);
      expect((await send(node, '/userinfo', { headers: { authorization: `Bearer ${token}` } })).status).toBe(
        401,
      );
    }
    const asAccess = await send(node, '/userinfo', {
      headers: { authorization: `Bearer ${String(tokens.id_token)}` },
    });
    expect(asAccess.status).toBe(401);
    const introspected = await post(node, '/introspect', { token: String(tokens.id_token) }, basic(ordinary));
    expect(introspected.json.active).not.toBe(true);
  });
});

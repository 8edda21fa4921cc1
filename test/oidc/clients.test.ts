import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { disableClient } from '../../src/oidc/clients/clients.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  basic,
  Browser,
  decodeJwt,
  obtainCode,
  obtainTokens,
  post,
  type Service,
  send,
  verifierOf,
} from './support/browser.ts';
import { issuer, signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

const sealer = testSealer();

describeOnEveryDatabase('clients at work', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let account: string;
  let service: Service;
  const services: Record<string, Service> = {};
  const serviceOf = (id: string): Service => services[id] as Service;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const declared = {
    one: { subject_type: 'pairwise', second_factor: 'off' },
    two: { subject_type: 'pairwise', second_factor: 'off' },
    narrow: { second_factor: 'off', claims: ['name'], id_token_signed_response_alg: 'ES256' },
    own: { token_endpoint_auth_method: 'none', response_types: ['none'] },
    app: {
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/cb', 'https://app.example/cb'],
      second_factor: 'off',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    jwt: {
      token_endpoint_auth_method: 'private_key_jwt',
      client_secret: undefined,
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k1' }] },
    },
  };

  beforeAll(async () => {
    database = await open();
    account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'rp', { second_factor: 'off' });
    for (const [id, metadata] of Object.entries(declared))
      services[id] = await addService(database.db, sealer, id, metadata);
    const decide = () => signedIn(account, 'app');
    nodes = [
      await startNode({ db: database.db, sealer, decide }),
      await startNode({ db: await database.connect(), sealer, decide }),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });
  const withinASecond = () =>
    new Promise((resolve) => {
      setTimeout(resolve, 1050);
    });

  test('R53: a change is live on every node within a second, without a restart', async () => {
    for (const node of nodes) await obtainTokens(new Browser(node), service);
    const moved = await addService(database.db, sealer, 'rp', { redirect_uris: ['https://rp.example/new'] });
    const added = await addService(database.db, sealer, 'added');
    await withinASecond();
    for (const node of nodes) {
      await obtainTokens(new Browser(node), { ...moved, redirectUri: 'https://rp.example/new' });
      await obtainTokens(new Browser(node), added);
      const old = await send(node, authorizationUrl(service, verifierOf()), {
        headers: { accept: 'text/html' },
      });
      expect([old.status, old.location]).toEqual([400, undefined]);
    }
    const { code, verifier } = await obtainCode(new Browser(nodes[0]), added);
    await disableClient(database.db, 'added', 'test');
    await withinASecond();
    for (const node of nodes) {
      const stopped = await send(node, authorizationUrl(added, verifierOf()), {
        headers: { accept: 'text/html' },
      });
      expect([stopped.status, stopped.location]).toEqual([400, undefined]);
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: added.redirectUri,
        code_verifier: verifier,
      };
      expect((await post(node, '/token', form, basic(added))).status).toBe(401);
    }
  });

  test('pairwise subjects differ from the account and between services, and stay', async () => {
    const [one, two] = [serviceOf('one'), serviceOf('two')];
    const sub = async (rp: Service, node: TestNode): Promise<unknown> => {
      const tokens = await obtainTokens(new Browser(node), rp);
      const userinfo = await send(node, '/userinfo', {
        headers: { authorization: `Bearer ${String(tokens.access_token)}` },
      });
      const { payload } = decodeJwt(tokens.id_token);
      expect(userinfo.json.sub).toBe(payload.sub);
      return payload.sub;
    };
    const first = await sub(one, nodes[0]);
    expect(first).not.toBe(account);
    expect(await sub(one, nodes[1])).toBe(first);
    expect(await sub(two, nodes[0])).not.toBe(first);
  });

  test('claims are released as the operator says, by scope and by the claims parameter', async () => {
    const rp = serviceOf('narrow');
    const claims = JSON.stringify({ userinfo: { email: null, name: null }, id_token: { affiliation: null } });
    const tokens = await obtainTokens(new Browser(nodes[0]), rp, {
      scope: 'openid profile email',
      claims,
      ui_locales: 'en ja',
    });
    const { header, payload } = decodeJwt(tokens.id_token);
    expect(header.alg).toBe('ES256');
    expect(payload.affiliation).toBeUndefined();
    const userinfo = await send(nodes[0], '/userinfo', {
      headers: { authorization: `Bearer ${String(tokens.access_token)}` },
    });
    expect(userinfo.json).toEqual({ sub: account, name: '二条 花子' });
  });

  test('our own pages sign in with response_type=none and get no code', async () => {
    const own = serviceOf('own');
    const browser = new Browser(nodes[0]);
    const extra = { response_type: 'none', code_challenge: undefined, code_challenge_method: undefined };
    const { end } = await browser.follow(authorizationUrl(own, verifierOf(), extra));
    expect(`${end.origin}${end.pathname}`).toBe(own.redirectUri);
    expect([...end.searchParams.keys()].sort()).toEqual(['iss', 'state']);
    expect(browser.cookies.has('__Host-nijo-session')).toBe(true);
  });

  test('a public client redeems with PKCE alone; introspection and revocation go by the client', async () => {
    const app = serviceOf('app');
    const node = nodes[0];
    node.decide = (details) =>
      details.prompt === 'consent' ? { kind: 'consented' } : signedIn(account, 'app');
    const { code, verifier } = await obtainCode(new Browser(node), app);
    node.decide = () => signedIn(account, 'app');
    const form = {
      client_id: 'app',
      grant_type: 'authorization_code',
      code,
      redirect_uri: app.redirectUri,
      code_verifier: verifier,
    };
    const tokens = await post(node, '/token', form);
    expect(tokens.status).toBe(200);
    const token = String(tokens.json.access_token);
    const by = { ...service, redirectUri: 'https://rp.example/new' };
    expect((await post(node, '/introspect', { token, client_id: 'app' })).json.active).toBe(true);
    const foreign = await post(node, '/revoke', { token }, basic(by));
    expect(foreign.status).toBe(200);
    expect((await post(node, '/introspect', { token }, basic(by))).json.active).toBe(true);
    expect(
      (await post(node, '/revoke', { token: String(tokens.json.refresh_token), client_id: 'app' })).status,
    ).toBe(200);
    expect((await post(node, '/introspect', { token }, basic(by))).json).toEqual({ active: false });
    const other = await obtainTokens(new Browser(node), by);
    expect(
      (await post(node, '/introspect', { token: String(other.access_token), client_id: 'app' })).json,
    ).toEqual({ active: false });
  });

  test('private_key_jwt: an assertion is good once, also on two nodes at the same time', async () => {
    const rp = serviceOf('jwt');
    const now = Math.floor(Date.now() / 1000);
    const assertion = (jti: string): string => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const head = `${part({ alg: 'ES256', kid: 'k1' })}.${part({ iss: rp.id, sub: rp.id, aud: issuer, jti, iat: now, exp: now + 60 })}`;
      const key = createPrivateKey({ key: privateKey.export({ format: 'jwk' }), format: 'jwk' });
      return `${head}.${sign('sha256', Buffer.from(head), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const push = (node: TestNode, jti: string) => {
      const query = Object.fromEntries(new URL(authorizationUrl(rp, verifierOf()), issuer).searchParams);
      return post(node, '/par', {
        ...query,
        client_assertion: assertion(jti),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
    };
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => push(nodes[(n % 2) as 0 | 1], 'one')),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 401, 401, 401, 401, 401]);
    expect((await push(nodes[1], 'one')).status).toBe(401);
    expect((await push(nodes[1], 'two')).status).toBe(201);
  });
});

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  Browser,
  basic,
  decodeJwt,
  obtainCode,
  obtainTokens,
  post,
  redeem,
  type Service,
  send,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

describeOnEveryDatabase('a login through the protocol', (open) => {
  let database: TestDatabase;
  let node: TestNode;
  let account: string;
  let important: Service;
  let ordinary: Service;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await open();
    account = await addAccount(database.db, 'a0000001', ['mail', 'app']);
    important = await addService(database.db, sealer, 'important', {
      scope: 'openid profile email affiliation',
    });
    ordinary = await addService(database.db, sealer, 'ordinary', { second_factor: 'off' });
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

  test('code, tokens, userinfo: acr, amr and auth_time tell what was done', async () => {
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, important, { scope: 'openid profile email affiliation' });
    const { payload, header } = decodeJwt(tokens.id_token);
    expect(header.alg).toBe('RS256');
    expect(payload).toMatchObject({
      iss: 'https://idp.example',
      aud: 'important',
      sub: account,
      nonce: 'nonce-1',
      acr: 'https://refeds.org/profile/mfa',
      amr: ['pwd', 'otp', 'mfa'],
    });
    expect(typeof payload.auth_time).toBe('number');
    const userinfo = await send(node, '/userinfo', {
      headers: { authorization: `Bearer ${String(tokens.access_token)}` },
    });
    expect(userinfo.json).toEqual({
      sub: account,
      name: '二条 花子',
      'name#en': 'Hanako Nijo',
      'name#ja': '二条 花子',
      preferred_username: 'a0000001',
      locale: 'ja',
      email: 'a0000001@uni.example',
      affiliation: 'student',
    });
    const introspected = await post(
      node,
      '/introspect',
      { token: String(tokens.access_token) },
      basic(important),
    );
    expect(introspected.json).toMatchObject({ active: true, client_id: 'important', sub: account });
    expect(tokens.refresh_token).toBeUndefined();
  });

  test('R1: an ordinary service is content with the password, an important one then asks for the factor alone', async () => {
    const browser = new Browser(node);
    node.decide = () => signedIn(account);
    const first = await obtainTokens(browser, ordinary);
    expect(decodeJwt(first.id_token).payload).toMatchObject({ acr: 'urn:nijo:acr:password', amr: ['pwd'] });
    expect(node.seen.at(-1)).toMatchObject({ reauthenticate: true, session: undefined });

    node.decide = (details) => signedIn(account, 'app', details.session?.authTime);
    const second = await obtainTokens(browser, important);
    expect(node.seen).toHaveLength(2);
    expect(node.seen.at(-1)).toMatchObject({
      reauthenticate: false,
      session: { accountId: account, amr: ['pwd'] },
    });
    expect(decodeJwt(second.id_token).payload.amr).toEqual(['pwd', 'otp', 'mfa']);

    // R32: within the session nothing is asked again.
    await obtainTokens(browser, ordinary);
    await obtainTokens(browser, important);
    expect(node.seen).toHaveLength(2);
  });

  test('R1: a login that claims less than an important service needs comes back to the login page, not to the service', async () => {
    const browser = new Browser(node);
    let visits = 0;
    node.decide = () => {
      visits += 1;
      return visits < 3 ? signedIn(account) : signedIn(account, 'mail');
    };
    const tokens = await obtainTokens(browser, important);
    expect(visits).toBe(3);
    expect(decodeJwt(tokens.id_token).payload.amr).toEqual(['pwd', 'mca']);
  });

  test('a code is good for its own client, verifier and redirect address only', async () => {
    const browser = new Browser(node);
    const { code, verifier } = await obtainCode(browser, important);
    expect((await redeem(node, important, code, `${verifier}x`)).json.error).toBe('invalid_grant');
    expect((await redeem(node, ordinary, code, verifier)).json.error).toBe('invalid_grant');
    expect(
      (await redeem(node, { ...important, redirectUri: 'https://important.example/' }, code, verifier)).json
        .error,
    ).toBe('invalid_grant');
    expect((await redeem(node, important, code, verifier)).status).toBe(200);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { applyClients } from '../../src/oidc/clients/clients.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { authorizationUrl, Browser, post, type Service, verifierOf } from './support/browser.ts';
import { issuer, signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';
import type { OwnSession } from '../../src/web/own-session.ts';

const secondsAgo = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;

describeOnEveryDatabase('the own page on the session of the provider, on two nodes', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let ordinary: Service;
  let number = 0;
  let account = '';
  let authTime = 0;
  let factor: 'app' | undefined;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await open();
    ordinary = await addService(database.db, sealer, 'ordinary', { second_factor: 'off' });
    const decide = () => signedIn(account, factor, authTime);
    nodes = [
      await startNode({ db: database.db, sealer, decide, clientCacheMs: 0 }),
      await startNode({ db: await database.connect(), sealer, decide, clientCacheMs: 0 }),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });

  /** A browser, and what its logins prove from here on. */
  async function person(proof: { factor?: 'app' | undefined; age?: number } = {}): Promise<Browser> {
    number += 1;
    account = await addAccount(database.db, `a${String(number).padStart(7, '0')}`, ['app']);
    factor = 'factor' in proof ? proof.factor : 'app';
    authTime = secondsAgo(proof.age ?? 0);
    return new Browser(nodes[0]);
  }
  const url = (returnTo: string, fresh = false): string =>
    nodes[0].own.signInUrl(returnTo, { fresh, locale: 'ja' });
  const logins = (): number => nodes[0].seen.length + nodes[1].seen.length;
  async function seenAt(browser: Browser, node: TestNode): Promise<Partial<OwnSession>> {
    browser.node = node;
    return (await browser.request('/account')).json;
  }

  test('signs in through our own login without code, token or PKCE, and every node knows the session', async () => {
    const browser = await person();
    expect(await seenAt(browser, nodes[0])).toEqual({});
    const { end, json } = await browser.follow(url('/account/app?from=front'));
    expect(end.pathname).toBe('/account/signed-in');
    expect([...end.searchParams.keys()].toSorted()).toEqual(['iss', 'state']);
    expect(json).toEqual({ path: '/account/app?from=front' });
    expect(nodes[0].seen.at(-1)).toMatchObject({
      client: { id: 'nijo-account', name: { en: 'Your own page', ja: 'ご自分のページ' } },
      demand: { secondFactor: 'required' },
      uiLocales: ['ja'],
    });
    for (const node of nodes) {
      const session = await seenAt(browser, node);
      expect(session).toMatchObject({ accountId: account, acr: 'https://refeds.org/profile/mfa' });
      expect(session.amr).toEqual(['pwd', 'otp', 'mfa']);
      expect(session.ageSeconds).toBeLessThan(60);
      const { session_uid: stored } = await database.db
        .selectFrom('browser_sessions')
        .select('session_uid')
        .where('account_id', '=', account)
        .executeTakeFirstOrThrow();
      expect(session.uidDigests).toContain(stored);
      expect(stored).not.toBe(session.uid);
    }
  });

  test('R1: a session of a service that wants no second factor opens nothing here; only the factor is asked', async () => {
    const browser = await person({ factor: undefined });
    await browser.follow(authorizationUrl(ordinary, verifierOf()));
    expect(await seenAt(browser, nodes[1])).toEqual({});
    factor = 'app';
    await browser.follow(url('/account'));
    expect([...nodes[0].seen, ...nodes[1].seen].at(-1)).toMatchObject({
      reauthenticate: false,
      client: { id: 'nijo-account' },
    });
    expect(await seenAt(browser, nodes[0])).toMatchObject({ accountId: account });
  });

  test('R16: a fresh sign-in asks for everything anew once the proof is older than five minutes, and not before', async () => {
    const young = await person({ age: 100 });
    await young.follow(url('/account'));
    const before = logins();
    expect((await young.follow(url('/account/mail', true))).json).toEqual({ path: '/account/mail' });
    expect(logins()).toBe(before);
    const old = await person({ age: 400 });
    await old.follow(url('/account'));
    expect((await seenAt(old, nodes[1])).ageSeconds).toBeGreaterThanOrEqual(400);
    expect((await old.follow(url('/account/mail'))).json).toEqual({ path: '/account/mail' });
    authTime = secondsAgo(0);
    const again = logins();
    await old.follow(url('/account/mail', true));
    expect(logins()).toBe(again + 1);
    expect([...nodes[0].seen, ...nodes[1].seen].some((details) => details.reauthenticate)).toBe(true);
    expect((await seenAt(old, nodes[0])).ageSeconds).toBeLessThan(100);
  });

  test('C37, A55: nobody is there when the session is past its absolute end, or the account disabled', async () => {
    const late = await person({ age: 12 * 3600 + 1 });
    await late.follow(authorizationUrl(ordinary, verifierOf()));
    const kept = await database.db
      .selectFrom('browser_sessions')
      .select('account_id')
      .where('account_id', '=', account)
      .execute();
    expect(kept).toHaveLength(1);
    expect(await seenAt(late, nodes[0])).toEqual({});
    const leaver = await person();
    await leaver.follow(url('/account'));
    await disableAccount(database.db, account, 'cli:test');
    for (const node of nodes) expect(await seenAt(leaver, node)).toEqual({});
  });

  test('C24: a login of the own page comes back to the own page, whatever state it is given', async () => {
    const { own } = nodes[0];
    const stateOf = (path: string): string =>
      new URL(own.signInUrl(path, { fresh: false, locale: 'en' }), issuer).searchParams.get('state') ?? '';
    for (const path of [
      '/account',
      '/account/app',
      '/account/history?before=12',
      '/account/rename/a_B-9~x',
    ]) {
      expect(nodes[1].own.returnPath(stateOf(path))).toBe(path);
    }
    for (const path of [
      '//evil.example',
      '/account//evil.example',
      '/accounts',
      '/account/../logout',
      '/account/./x',
      '/account\\evil',
      '/account/@evil',
      '/account\n',
      '/account#x',
      'https://evil.example/account',
      '/account/signed-in?state=x',
      '',
    ]) {
      expect(own.returnPath(stateOf(path))).toBe('/account');
    }
    const encoded = (path: string): string => Buffer.from(path).toString('base64url');
    const [, mark = ''] = stateOf('/account').split('.');
    for (const state of [
      undefined,
      '',
      '.',
      encoded('/account'),
      `${encoded('/account/app')}.${mark}`,
      `x.${mark}`,
    ])
      expect(own.returnPath(state)).toBeUndefined();
  });

  test('the built-in client is nobody else: no code, no token, no other address, no declaration', async () => {
    const browser = await person();
    const given = Object.fromEntries(new URL(url('/account'), issuer).searchParams);
    const ask = (change: Record<string, string>) =>
      browser.request(`/authorize?${new URLSearchParams({ ...given, ...change }).toString()}`);
    expect((await ask({ response_type: 'code' })).location).toMatch(
      /error=(unauthorized_client|invalid_request)/,
    );
    expect((await ask({ redirect_uri: `${issuer}/account` })).status).toBe(400);
    expect((await ask({ redirect_uri: 'https://evil.example/' })).status).toBe(400);
    const token = await post(nodes[0], '/token', {
      grant_type: 'authorization_code',
      client_id: 'nijo-account',
      code: 'x',
      redirect_uri: String(given.redirect_uri),
    });
    expect(token.status).toBe(400);
    expect(token.json.access_token).toBeUndefined();
    for (const taken of ['nijo-account', 'nijo-staff']) {
      const declared = [{ client_id: taken, client_name: 'x', redirect_uris: ['https://evil.example/'] }];
      await expect(applyClients(database.db, sealer, declared, 'test')).rejects.toThrow(
        `${taken}: client_id is reserved for pages of ours`,
      );
    }
  });
});

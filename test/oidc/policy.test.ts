import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { acrValues } from '../../src/factors/assurance.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  Browser,
  decodeJwt,
  obtainTokens,
  type Service,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

const now = (): number => Math.floor(Date.now() / 1000);

describe('when a login is asked for (R32, A53, A54)', () => {
  let database: TestDatabase;
  let node: TestNode;
  let both: string;
  let mailOnly: string;
  let ordinary: Service;
  let important: Service;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await openTestEmbedded();
    both = await addAccount(database.db, 'both', ['mail', 'app']);
    mailOnly = await addAccount(database.db, 'mail', ['mail']);
    ordinary = await addService(database.db, sealer, 'ordinary', { second_factor: 'off' });
    important = await addService(database.db, sealer, 'important');
    node = await startNode({ db: database.db, sealer });
  });
  afterAll(async () => {
    await node.close();
    await database.close();
  });
  beforeEach(() => {
    node.seen.length = 0;
  });

  const signIn = async (account: string, factor?: 'mail' | 'app', authTime?: number): Promise<Browser> => {
    const browser = new Browser(node);
    node.decide = () => signedIn(account, factor, authTime);
    await obtainTokens(browser, ordinary);
    node.seen.length = 0;
    return browser;
  };
  const ask = async (browser: Browser, service: Service, extra: Record<string, string>): Promise<URL> =>
    (await browser.follow(authorizationUrl(service, verifierOf(), extra))).end;
  const error = (url: URL): string | null => url.searchParams.get('error');

  test('prompt=none: login_required without a session, interaction_required where a factor is missing, else a code', async () => {
    expect(error(await ask(new Browser(node), ordinary, { prompt: 'none' }))).toBe('login_required');
    const browser = await signIn(both);
    expect((await ask(browser, ordinary, { prompt: 'none' })).searchParams.get('code')).not.toBeNull();
    const refused = await ask(browser, important, { prompt: 'none' });
    expect(error(refused)).toBe('interaction_required');
    expect(refused.searchParams.get('state')).toBe('state-1');
    // C39, RFC 9207: who answers is said with every answer.
    expect(refused.searchParams.get('iss')).toBe('https://idp.example');
    expect(node.seen).toHaveLength(0);
  });

  test('prompt=login and max_age ask for the whole login, and auth_time is new', async () => {
    const old = now() - 100;
    const browser = await signIn(both, 'app', old);
    node.decide = () => signedIn(both, 'app');
    const again = await obtainTokens(browser, ordinary, { prompt: 'login' });
    expect(node.seen.at(-1)).toMatchObject({
      reauthenticate: true,
      session: { accountId: both, authTime: old },
    });
    expect(decodeJwt(again.id_token).payload.auth_time).toBeGreaterThan(old);

    const other = await signIn(both, 'app', old);
    await obtainTokens(other, ordinary, { max_age: '1000' });
    expect(node.seen).toHaveLength(0);
    expect(error(await ask(other, ordinary, { max_age: '60', prompt: 'none' }))).toBe('login_required');
    node.decide = () => signedIn(both, 'app');
    await obtainTokens(other, ordinary, { max_age: '60' });
    expect(node.seen.at(-1)?.reauthenticate).toBe(true);
    await obtainTokens(await signIn(both, 'app', old), ordinary, { max_age: '0' });
  });

  test('acr_values are a wish: who can meet them is asked, who cannot is let through with an honest acr', async () => {
    const browser = await signIn(both);
    node.decide = (details) => signedIn(both, 'app', details.session?.authTime);
    const raised = await obtainTokens(browser, ordinary, { acr_values: acrValues.mfa });
    expect(node.seen.at(-1)).toMatchObject({ reauthenticate: false, demand: { acrValues: [acrValues.mfa] } });
    expect(decodeJwt(raised.id_token).payload.acr).toBe(acrValues.mfa);

    const unable = await signIn(mailOnly, 'mail');
    const tokens = await obtainTokens(unable, ordinary, { acr_values: acrValues.mfa });
    expect(node.seen).toHaveLength(0);
    expect(decodeJwt(tokens.id_token).payload.acr).toBe(acrValues.mailCode);
  });

  test('an essential acr is reached or the service is told; it is never lowered silently', async () => {
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: [acrValues.mfa] } } });
    const unable = await signIn(mailOnly, 'mail');
    expect(error(await ask(unable, ordinary, { claims }))).toBe('unmet_authentication_requirements');
    const able = await signIn(both);
    expect(error(await ask(able, ordinary, { claims, prompt: 'none' }))).toBe('interaction_required');
    node.decide = (details) => signedIn(both, 'app', details.session?.authTime);
    // acr_values beside it do not weaken it.
    const tokens = await obtainTokens(able, ordinary, { claims, acr_values: acrValues.password });
    expect(decodeJwt(tokens.id_token).payload.acr).toBe(acrValues.mfa);
    const fresh = new Browser(node);
    node.decide = () => ({
      kind: 'refused',
      error: 'unmet_authentication_requirements',
      description: 'no app',
    });
    expect(error(await ask(fresh, ordinary, { claims }))).toBe('unmet_authentication_requirements');
    const malformed = JSON.stringify({ id_token: { acr: { essential: true, values: 'x' } } });
    expect(error(await ask(able, ordinary, { claims: malformed }))).toBe('invalid_request');
  });

  test('C37: a session older than its absolute life asks for a new login', async () => {
    const browser = await signIn(both, 'app', now() - 12 * 3600 - 1);
    expect(error(await ask(browser, ordinary, { prompt: 'none' }))).toBe('login_required');
  });

  test('a hint of another user asks for a login', async () => {
    const browser = new Browser(node);
    node.decide = () => signedIn(mailOnly, 'mail');
    const { id_token: hint } = await obtainTokens(browser, ordinary);
    const other = await signIn(both, 'app');
    expect(error(await ask(other, ordinary, { id_token_hint: String(hint), prompt: 'none' }))).toBe(
      'login_required',
    );
  });

  test('explicit consent: asked once, kept in the session, asked again when the service wants it', async () => {
    const service = await addService(database.db, sealer, 'explicit', {
      second_factor: 'off',
      consent: 'explicit',
      scope: 'openid profile email offline_access',
      grant_types: ['authorization_code', 'refresh_token'],
      claims: ['name'],
    });
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    const browser = new Browser(node);
    node.decide = (details) => (details.prompt === 'consent' ? { kind: 'consented' } : signedIn(both, 'app'));
    const first = await obtainTokens(browser, service, { scope: 'openid profile', prompt: 'login' });
    expect(node.seen.map((details) => details.prompt)).toEqual(['login', 'consent']);
    expect(node.seen.at(-1)?.consent.scopes).toEqual(['openid', 'profile']);
    expect(node.seen.at(-1)?.session?.accountId).toBe(both);
    expect(first.refresh_token).toBeDefined();
    await obtainTokens(browser, service, { scope: 'openid profile' });
    expect(node.seen).toHaveLength(2);
    await obtainTokens(browser, service, { scope: 'openid profile offline_access', prompt: 'consent' });
    expect(node.seen).toHaveLength(3);
    node.decide = () => ({ kind: 'refused', error: 'access_denied', description: 'the user said no' });
    expect(error(await ask(browser, service, { scope: 'openid email' }))).toBe('access_denied');
  });

  test('another user may sign in over a session: the first session ends on the way', async () => {
    const browser = await signIn(both, 'app');
    const before = browser.cookies.get('__Host-nijo-session')?.value;
    node.decide = () => signedIn(mailOnly, 'mail');
    const { end } = await browser.follow(authorizationUrl(ordinary, verifierOf(), { prompt: 'login' }));
    // No page in between: the first session is over before the provider goes on (S30).
    expect(end.searchParams.get('code')).not.toBeNull();
    expect(browser.cookies.get('__Host-nijo-session')?.value).not.toBe(before);
  });
});

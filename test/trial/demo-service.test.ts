import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { CookieJar } from 'tough-cookie';
import { startDemoService } from '../../src/trial/demo-service.ts';
import type { LocalSite } from '../../src/trial/local-server.ts';
import { type BareProvider, startBareProvider } from './bare-provider.ts';

const name = { en: 'Grades (important)', ja: '成績システム（重要）' };
const clientSecret = 'a secret of the tests';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** A browser's cookies and redirects. */
function browser() {
  const jar = new CookieJar();
  async function once(address: string, init: { method?: string } = {}): Promise<Response> {
    const response = await fetch(address, {
      ...init,
      redirect: 'manual',
      headers: { cookie: await jar.getCookieString(address) },
    });
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, address);
    return response;
  }
  async function open(
    address: string,
    init?: { method?: string },
  ): Promise<{ url: string; status: number; text: string }> {
    let url = address;
    let response = await once(url, init);
    for (let redirects = 0; response.headers.has('location'); redirects += 1) {
      if (redirects > 15) throw new Error(`too many redirects, at ${url}`);
      url = new URL(response.headers.get('location') ?? '', url).href;
      response = await once(url);
    }
    return { url, status: response.status, text: await response.text() };
  }
  return { once, open };
}

describe('the demo service', () => {
  let provider: BareProvider;
  let service: LocalSite;
  let issuerPort: number;

  beforeAll(async () => {
    issuerPort = await freePort();
    const issuer = `http://127.0.0.1:${issuerPort}`;
    service = await startDemoService({
      clientId: 'demo-important',
      clientSecret,
      issuer,
      port: 0,
      name,
      other: { name: { en: 'Library', ja: '図書館' }, url: 'http://127.0.0.1:1' },
    });
  });
  afterAll(async () => {
    await service.close();
    await provider.close();
  });

  test('starts before the provider is up, says so, and goes on when it is', async () => {
    const early = await fetch(`${service.url}/sign-in`, { redirect: 'manual' });
    expect(early.status).toBe(503);
    expect(await early.text()).toContain('cannot be reached');
    provider = await startBareProvider(
      [{ clientId: 'demo-important', clientSecret, url: service.url }],
      issuerPort,
    );
    const late = await fetch(`${service.url}/sign-in`, { redirect: 'manual' });
    expect(late.status).toBe(303);
    const address = new URL(late.headers.get('location') ?? '');
    expect(address.searchParams.get('code_challenge_method')).toBe('S256');
    expect(address.searchParams.get('state')).not.toBeNull();
    expect(address.searchParams.get('nonce')).not.toBeNull();
  });

  test('signs in, shows the claims and what was proven, and gives them as JSON', async () => {
    const { open } = browser();
    expect((await open(`${service.url}/session.json`)).status).toBe(401);
    const page = await open(`${service.url}/sign-in?login_hint=a0000002`);
    expect(page.url).toBe(`${service.url}/`);
    expect(page.text).toContain('data-page="demo-signed-in"');
    expect(page.text).toContain('a code sent by mail');
    // What a name holds is text.
    expect(page.text).toContain('&lt;b&gt;a0000002&lt;/b&gt; &amp; co');
    expect(page.text).not.toContain('<b>a0000002');
    const claims = JSON.parse((await open(`${service.url}/session.json`)).text) as Record<string, unknown>;
    expect(claims).toMatchObject({ sub: 'a0000002', acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] });
    expect(claims.auth_time).toEqual(expect.any(Number));
  });

  test('speaks Japanese to whoever chose it, and hands the choice on', async () => {
    const { once, open } = browser();
    const page = await open(`${service.url}/?lang=ja`);
    expect(page.text).toContain('<html lang="ja">');
    expect(page.text).toContain('成績システム（重要）');
    const start = await once(`${service.url}/sign-in`);
    expect(new URL(start.headers.get('location') ?? '').searchParams.get('ui_locales')).toBe('ja');
  });

  test('passes on what a service may ask for, and nothing else', async () => {
    const query = 'acr_values=https%3A%2F%2Frefeds.org%2Fprofile%2Fmfa&prompt=login&max_age=5&ui_locales=en';
    const start = await fetch(`${service.url}/sign-in?${query}&redirect_uri=https://evil.example`, {
      redirect: 'manual',
    });
    const asked = new URL(start.headers.get('location') ?? '').searchParams;
    expect(asked.get('acr_values')).toBe('https://refeds.org/profile/mfa');
    expect(asked.get('prompt')).toBe('login');
    expect(asked.get('max_age')).toBe('5');
    expect(asked.get('ui_locales')).toBe('en');
    expect(asked.get('redirect_uri')).toBe(`${service.url}/callback`);
  });

  test('shows OAuth’s own error when the login was refused', async () => {
    const { open } = browser();
    const page = await open(`${service.url}/sign-in?login_hint=nobody`);
    expect(page.status).toBe(400);
    expect(page.text).toContain('data-error="access_denied"');
    expect(page.text).toContain('the user &lt;did&gt; not want to');
  });

  test('logins begun in two tabs both end; the same answer twice, or in another browser, does not', async () => {
    const { once, open } = browser();
    const tabs = [await once(`${service.url}/sign-in`), await once(`${service.url}/sign-in`)];
    const [first = '', second = ''] = tabs.map((tab) => tab.headers.get('location') ?? '');
    const callbackOf = async (address: string): Promise<string> => {
      let url = address;
      while (!url.startsWith(`${service.url}/callback`)) {
        url = new URL((await once(url)).headers.get('location') ?? '', url).href;
      }
      return url;
    };
    const foreign = await browser().open(await callbackOf(second));
    expect([foreign.status, foreign.text.includes('login_unknown')]).toEqual([400, true]);
    const callback = await callbackOf(first);
    expect((await open(callback)).url).toBe(`${service.url}/`);
    const again = await open(callback);
    expect([again.status, again.text.includes('login_unknown')]).toEqual([400, true]);
    expect((await open(second)).url).toBe(`${service.url}/`);
  });

  test('signs out here, and begins the sign-out at the provider', async () => {
    const { once, open } = browser();
    await open(`${service.url}/sign-in`);
    const leaving = await once(`${service.url}/sign-out`, { method: 'POST' });
    const address = new URL(leaving.headers.get('location') ?? '');
    expect(address.origin).toBe(provider.issuer);
    expect(address.searchParams.get('id_token_hint')).not.toBeNull();
    expect(address.searchParams.get('post_logout_redirect_uri')).toBe(`${service.url}/`);
    expect((await open(`${service.url}/session.json`)).status).toBe(401);
    expect((await open(`${service.url}/sign-out`)).url).toBe(`${service.url}/`);
  });

  test('is one address for its cookies: another name of it is sent there', async () => {
    const other = service.url.replace('127.0.0.1', 'localhost');
    const answer = await fetch(`${other}/session.json?a=b`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe(`${service.url}/session.json?a=b`);
  });
});

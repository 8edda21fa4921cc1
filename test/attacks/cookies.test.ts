import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import {
  describeOnEveryDatabase,
  type OpenTestDatabase,
  openTestPostgres,
  type TestDatabase,
} from '../support/databases.ts';
import {
  type FrontPlace,
  reserveFrontPlace,
  type StartFront,
  startNginxFront,
  startNodeFront,
  type TlsFront,
  whyNoNginx,
} from '../support/tls-front.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn } from './support.ts';

interface SetCookie {
  name: string;
  value: string;
  attributes: Map<string, string>;
  size: number;
}

function readSetCookie(line: string): SetCookie {
  const [pair = '', ...rest] = line.split(/;\s*/);
  const attributes = rest.map((part): [string, string] => {
    const [key = '', value = ''] = part.split('=');
    return [key.toLowerCase(), value];
  });
  const equals = pair.indexOf('=');
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    attributes: new Map(attributes),
    size: Buffer.byteLength(line),
  };
}

/** A browser that keeps every Set-Cookie line it is sent. */
class Recorder extends UserAgent {
  readonly lines: string[] = [];
  override async request(...request: Parameters<UserAgent['request']>): Promise<Answer> {
    const answer = await super.request(...request);
    this.lines.push(...answer.setCookie);
    return answer;
  }
}

function cookiesBehind(open: OpenTestDatabase, startFront: StartFront): void {
  let database: TestDatabase;
  let cluster: Cluster;
  let place: FrontPlace;
  let front: TlsFront;
  beforeAll(async () => {
    database = await open();
    place = await reserveFrontPlace();
    cluster = await startCluster(database, {
      issuer: place.url,
      config: { server: { trusted_proxies: ['127.0.0.1'] } },
    });
    front = await startFront(place, cluster.nodes[0]?.url ?? '');
  });
  afterAll(async () => {
    await front.close();
    await cluster.close();
    await database.close();
  });
  const arrive = (): Recorder =>
    new Recorder({ issuer: place.url, nodes: [{ url: place.url }] }, { ca: front.ca });

  test('A28, C22, E5: every cookie of a login, a step-up, an error and a sign-out has its flags', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const browser = arrive();
    const first = await browser.start('ordinary', { ui_locales: 'ja' });
    expect(first.page).toBe('sign-in');
    await browser.open(`${first.url.pathname}?lang=en`);
    await browser.submit(first, { login_id: subject.loginId, password: 'wrong' });
    expect(
      codeIn(await browser.submit(first, { login_id: subject.loginId, password: testPassword })),
    ).toEqual(expect.any(String));
    const factor = await browser.start('important');
    expect(codeIn(await browser.submit(factor, { code: appCode() }))).toEqual(expect.any(String));
    await browser.open('/interaction/nothing');
    await browser.open('/authorize?client_id=nobody');
    await browser.open('/nowhere?lang=ja');
    const asked = await browser.open('/logout');
    const signOut = { ...browser.fields(asked), logout: 'yes' };
    expect((await browser.request('/logout/confirm', { form: signOut })).status).toBe(303);

    const cookies = browser.lines.map(readSetCookie);
    for (const { name, attributes, size } of cookies) {
      const path = attributes.get('path') ?? '';
      expect([
        name,
        attributes.has('secure'),
        attributes.has('httponly'),
        attributes.get('samesite'),
      ]).toEqual([name, true, true, 'lax']);
      expect([name, attributes.has('domain')]).toEqual([name, false]);
      if (path === '/') expect(name).toMatch(/^__Host-/);
      else
        expect([name, path]).toEqual([
          expect.stringMatching(/^__Secure-/),
          expect.stringMatching(/^\/(interaction|authorize)\/[\w-]+$/),
        ]);
      expect(size).toBeLessThanOrEqual(4096);
    }
    const names = new Set(cookies.map(({ name }) => name));
    for (const { name, value } of cookies.filter(
      (cookie) => cookie.value !== '' && !cookie.name.endsWith('.sig'),
    )) {
      // Signed beside the value, or in a cookie of its own.
      const signed = names.has(`${name}.sig`) || /^[\w-]+\.[\w-]{43}$/.test(value);
      expect([name, signed]).toEqual([name, true]);
    }
    for (const name of [
      '__Host-nijo-session',
      '__Host-nijo-browser',
      '__Host-nijo-lang',
      '__Secure-nijo-interaction',
    ])
      expect(names).toContain(name);
  });

  test('A28: a cookie that was changed by one character counts for nothing', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const browser = arrive();
    const page = await browser.password(subject.loginId);
    const own = await browser.jar.getCookieString(page.url.href);
    for (const name of [
      '__Secure-nijo-interaction',
      '__Secure-nijo-interaction.sig',
      '__Host-nijo-browser',
    ]) {
      const [before = '', value = ''] = own.split(`${name}=`);
      const changed = `${before}${name}=${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`;
      const answer = await arrive().request(page.url.pathname, { headers: { cookie: changed } });
      expect([name, answer.status, answer.page]).toEqual([name, 400, 'error']);
    }
    const { callback } = await browser.submit(page, { code: await cluster.mailedCode(subject.address) });
    expect(callback?.searchParams.has('code')).toBe(true);
    const session = await browser.jar.getCookieString(place.url);
    for (const name of ['__Host-nijo-session', '__Host-nijo-session.sig']) {
      const changed = session.replace(
        new RegExp(`(${name.replace('.', '\\.')}=)(.)`),
        (_, head: string, char: string) => `${head}${char === 'A' ? 'B' : 'A'}`,
      );
      expect(changed).not.toBe(session);
      const answer = await arrive().request(browser.authorizeUrl('ordinary', { prompt: 'none' }), {
        headers: { cookie: changed },
      });
      expect([name, answer.headers.location]).toEqual([
        name,
        expect.stringContaining('error=login_required'),
      ]);
    }
  });

  test('A28: without TLS there is neither a page nor a cookie, but the way to the right address', async () => {
    const browser = new Recorder({ issuer: place.url, nodes: [{ url: place.plainUrl }] });
    for (const path of [
      '/',
      browser.authorizeUrl(),
      '/.well-known/openid-configuration',
      '/interaction/x?lang=ja',
    ]) {
      const answer = await browser.request(path);
      expect([answer.status, answer.headers.location]).toEqual([308, `${place.url}${path}`]);
    }
    const posted = await browser.request('/interaction/x', { form: { login_id: 'a', password: 'b' } });
    expect(posted.status).toBe(400);
    expect((await browser.request('/token', { form: { grant_type: 'x' }, fromPage: false })).status).toBe(
      400,
    );
    expect(browser.lines).toEqual([]);
  });

  test('C26: the client’s address is the one that the proxy saw, whatever the client wrote before it', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const browser = arrive();
    const page = await browser.start();
    await browser.submit(
      page,
      { login_id: subject.loginId, password: 'wrong' },
      {
        headers: { 'x-forwarded-for': '192.0.2.77', 'x-real-ip': '192.0.2.78', forwarded: 'for=192.0.2.79' },
        localAddress: '127.0.0.9',
      },
    );
    const { address } = await database.db
      .selectFrom('audit_events')
      .select('address')
      .where('account_id', '=', subject.accountId)
      .where('event', '=', 'password.refused')
      .executeTakeFirstOrThrow();
    expect(address).toBe('127.0.0.9');
  });
}

describeOnEveryDatabase('cookies behind a proxy where TLS ends', (open) => {
  cookiesBehind(open, startNodeFront);
});

const missing = whyNoNginx();
const describeNginx = missing === undefined ? describe : describe.skip;
describeNginx(`cookies behind nginx${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  cookiesBehind(openTestPostgres, startNginxFront);
});

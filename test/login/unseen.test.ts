import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kindOfRequest } from '../../src/oidc/navigation.ts';
import { appCode, type Cluster, startCluster, testClients } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';

const part = (mode: string, dest: string, more: Record<string, string> = {}) => ({
  'sec-fetch-mode': mode,
  'sec-fetch-dest': dest,
  'sec-fetch-site': 'same-site',
  ...more,
});
/** What browsers send with what nobody goes to. */
const parts: Record<string, Record<string, string>> = {
  image: part('no-cors', 'image'),
  'image of another site': part('no-cors', 'image', { 'sec-fetch-site': 'cross-site' }),
  'style sheet': part('no-cors', 'style'),
  script: part('no-cors', 'script'),
  'module script': part('cors', 'script'),
  fetch: part('cors', 'empty'),
  'fetch without CORS': part('no-cors', 'empty'),
  font: part('cors', 'font'),
  video: part('no-cors', 'video'),
  worker: part('same-origin', 'worker'),
  beacon: part('no-cors', 'empty'),
  'link rel=prefetch': part('no-cors', 'empty', { 'sec-purpose': 'prefetch' }),
  'link rel=prefetch of Firefox': part('no-cors', 'empty', { 'x-moz': 'prefetch' }),
  'prefetch of a browser that says no more': { purpose: 'prefetch' },
  'image of a browser before Fetch Metadata': {
    accept: 'image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5',
  },
  'style sheet of a browser before Fetch Metadata': { accept: 'text/css,*/*;q=0.1' },
  'call of a script by its library': { accept: '*/*', 'x-requested-with': 'XMLHttpRequest' },
  frame: part('navigate', 'iframe'),
  'old frame': part('nested-navigate', 'iframe'),
  object: part('navigate', 'object'),
  embed: part('navigate', 'embed'),
};
/** What people go to, and everything that is no browser. */
const navigations: Record<string, Record<string, string>> = {
  'an old browser': {},
  'an old browser that says what it shows': {
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
  },
  'a client that takes anything': { accept: '*/*' },
  'fetch of Node': { 'sec-fetch-mode': 'cors' },
  link: part('navigate', 'document', { 'sec-fetch-user': '?1' }),
  'link of another site': part('navigate', 'document', { 'sec-fetch-site': 'cross-site' }),
  address: part('navigate', 'document', { 'sec-fetch-site': 'none' }),
  'fetch of Node in the name of a link': part('cors', 'document'),
  'navigation through a service worker': part('navigate', 'empty'),
};
/** A page that is loaded before anybody goes there, and shown if somebody does. */
const speculations: Record<string, Record<string, string>> = {
  'speculative prefetch': part('navigate', 'document', { 'sec-purpose': 'prefetch' }),
  'prefetch through a proxy': part('navigate', 'document', {
    'sec-purpose': 'prefetch;anonymous-client-ip',
  }),
  prerender: part('navigate', 'document', { 'sec-purpose': 'prefetch;prerender' }),
};

describe('S10: how a browser asks', () => {
  const kindOf = (headers: Record<string, string>, method = 'GET') =>
    kindOfRequest({ method, get: (name) => headers[name] ?? '' });
  test.each(Object.keys(parts))('%s is a part of a page', (name) => {
    expect(kindOf(parts[name]!)).toBe('part');
  });
  test.each(Object.keys(navigations))('%s is a navigation', (name) => {
    expect(kindOf(navigations[name]!)).toBe('navigation');
    // Who asks for the headers alone looks at no page.
    expect(kindOf(navigations[name]!, 'HEAD')).toBe('part');
  });
  test.each(Object.keys(speculations))('%s is one that may never be seen', (name) => {
    expect(kindOf(speculations[name]!)).toBe('speculation');
  });
});

describeOnEveryDatabase('S10: logins that nobody sees, and logins that nobody finishes', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const most = 4;
  beforeAll(async () => {
    database = await open();
    const consenting = { ...testClients[2], client_id: 'consenting', consent: 'explicit' };
    cluster = await startCluster(database, {
      nodes: 2,
      clients: [...testClients, consenting],
      config: { sessions: { unfinished_logins: most } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const rows = async (): Promise<number> => {
    const all = await database.db
      .selectFrom('oidc_payloads')
      .select('id')
      .where('model', '=', 'Interaction')
      .execute();
    return all.length;
  };
  const errorIn = ({ headers }: Answer): string | null =>
    new URL(String(headers.location)).searchParams.get('error');
  const sizeOf = (headers: Answer['headers']): number =>
    Object.entries(headers)
      .flatMap(([name, value]) => [value ?? ''].flat().map((each) => `${name}: ${each}\r\n`))
      .join('').length;
  const beginnings = (cookies: readonly string[]) =>
    cookies.filter((line) => !line.startsWith('nijo-session')).map((line) => line.split('=')[0]);

  test('S10: a part of a page starts no login; the service is told, and nothing is left', async () => {
    const before = await rows();
    for (const [name, headers] of Object.entries(parts)) {
      for (const parameters of [{}, { prompt: 'login' }, { prompt: 'consent' }, { max_age: '0' }]) {
        const browser = new UserAgent(cluster);
        const answer = await browser.request(browser.authorizeUrl('important', parameters), { headers });
        expect([name, answer.status, errorIn(answer)]).toEqual([name, 303, 'login_required']);
        expect(new URL(String(answer.headers.location)).searchParams.get('state')).not.toBeNull();
        expect([name, answer.setCookie]).toEqual([name, []]);
      }
    }
    for (const [name, headers] of Object.entries(speculations)) {
      const browser = new UserAgent(cluster);
      const answer = await browser.request(browser.authorizeUrl(), { headers });
      // An error is what browsers throw away: the login comes when somebody goes there.
      expect([name, answer.status, answer.page, answer.headers.location]).toEqual([
        name,
        403,
        'error',
        undefined,
      ]);
      expect([name, answer.setCookie]).toEqual([name, []]);
    }
    const head = await new UserAgent(cluster).request(new UserAgent(cluster).authorizeUrl(), {
      method: 'HEAD',
    });
    expect([errorIn(head), head.setCookie]).toEqual(['login_required', []]);
    expect(await rows()).toBe(before);
    for (const [name, headers] of Object.entries(navigations)) {
      const browser = new UserAgent(cluster);
      const answer = await browser.request(browser.authorizeUrl(), { headers });
      expect([name, answer.headers.location]).toEqual([name, expect.stringMatching(/\/interaction\//)]);
    }
    expect(await rows()).toBe(before + Object.keys(navigations).length);
  });

  test('S10: a part of a page goes on where the session is enough, and is told what is missing where not', async () => {
    const browser = new UserAgent(cluster);
    expect((await browser.password('app1', 'ordinary')).callback).toBeDefined();
    const before = await rows();
    for (const [name, headers] of Object.entries({ ...parts, ...speculations })) {
      for (const parameters of [{}, { prompt: 'none' }]) {
        const answer = await browser.request(browser.authorizeUrl('ordinary', parameters), { headers });
        const callback = new URL(String(answer.headers.location));
        expect([name, callback.searchParams.has('code')]).toEqual([name, true]);
      }
    }
    const headers = part('navigate', 'iframe');
    // Silent renewal in a hidden frame, with and without a session that is enough.
    const silent = await browser.request(browser.authorizeUrl('important', { prompt: 'none' }), { headers });
    const stepUp = await browser.request(browser.authorizeUrl('important'), { headers });
    expect([errorIn(silent), errorIn(stepUp)]).toEqual(['login_required', 'login_required']);
    const consent = await browser.request(browser.authorizeUrl('consenting'), { headers });
    expect(errorIn(consent)).toBe('consent_required');
    for (const answer of [stepUp, consent]) expect(beginnings(answer.setCookie)).toEqual([]);
    expect(await rows()).toBe(before);
  });

  test('S10: of the unfinished logins of one browser the oldest goes, with its cookies', async () => {
    const other = new UserAgent(cluster, { node: 1 });
    const elsewhere = await other.password('app2');
    const browser = new UserAgent(cluster);
    const pages: Arrival[] = [];
    for (let count = 0; count < most * 3; count += 1) {
      browser.node = count % 2;
      const begun = await browser.request(browser.authorizeUrl());
      // What proxies take of an answer's headers as they come: nginx 4 KB.
      expect(sizeOf(begun.headers)).toBeLessThan(3600);
      pages.push(await browser.follow(begun));
    }
    const jar = await browser.jar.serialize();
    const left = (name: string) =>
      jar.cookies.filter(({ key, value }) => key === name && (value ?? '') !== '').map(({ path }) => path);
    const newest = pages.slice(-most).map(({ url }) => url.pathname);
    expect(left('nijo-interaction').toSorted()).toEqual(newest.toSorted());
    expect(left('nijo-interaction.sig').toSorted()).toEqual(newest.toSorted());
    const resumes = newest.map((path) => path.replace('/interaction/', '/authorize/'));
    expect(left('nijo-resume').toSorted()).toEqual(resumes.toSorted());
    expect(left('nijo-resume.sig').toSorted()).toEqual(resumes.toSorted());

    // Their end is the database's, whoever still has the cookies; and the page knows where to start again.
    const [oldest] = pages;
    const kept = new UserAgent(cluster);
    for (const line of oldest?.setCookie ?? []) await kept.jar.setCookie(line, cluster.issuer);
    for (const visitor of [browser, kept]) {
      const gone = await visitor.open(oldest?.url.pathname ?? '');
      expect([gone.status, gone.fault]).toEqual([400, 'interaction_expired']);
      expect(gone.html.querySelector('a[href="http://127.0.0.1:9/start"]')).not.toBeNull();
    }
    // Everyone else's go on, and each of the newest.
    expect((await other.submit(elsewhere, { code: appCode() })).callback?.searchParams.has('code')).toBe(
      true,
    );
    for (const page of pages.slice(-most))
      expect((await browser.open(page.url.pathname)).page).toBe('sign-in');
    const factor = await browser.submit(pages.at(-1)!, {
      login_id: 'app3',
      password: 'correct-Horse-Battery-7',
    });
    const done = await browser.submit(factor, { code: appCode() });
    expect(done.callback?.searchParams.has('code')).toBe(true);
    // A login that is finished leaves no cookie of its pages behind.
    const { href } = new URL(pages.at(-1)!.url.pathname, cluster.issuer);
    const after = (await browser.jar.getCookies(href)).map(({ key }) => key);
    expect(after.filter((name) => name.startsWith('nijo-interaction'))).toEqual([]);
  });

  test('S10: logins that begin at the same moment are few again after as many more', async () => {
    const browser = new UserAgent(cluster);
    await browser.start();
    const together = most * 3;
    await Promise.all(
      Array.from({ length: together }, (_, index) =>
        browser.request(browser.authorizeUrl(), { node: index % 2 }),
      ),
    );
    for (let count = 0; count < together; count += 1) await browser.start();
    const live = await database.db
      .selectFrom('oidc_payloads')
      .select(({ fn }) => ['browser', fn.countAll<string>().as('logins')])
      .where('model', '=', 'Interaction')
      .where('expires_at', '>', new Date())
      .where('browser', 'is not', null)
      .groupBy('browser')
      .execute();
    expect(live.length).toBeGreaterThan(3);
    for (const { logins } of live) expect(Number(logins)).toBeLessThanOrEqual(most);
    const { cookies } = await browser.jar.serialize();
    const left = cookies.filter(({ key, value }) => key === 'nijo-interaction' && (value ?? '') !== '');
    expect(left).toHaveLength(most);
  });
});

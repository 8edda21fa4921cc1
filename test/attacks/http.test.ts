import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'node-html-parser';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { expectNothingForeign, expectPageHeaders } from '../support/page-headers.ts';
import { rawRequest } from '../support/raw-request.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn } from './support.ts';

const issuer = 'https://idp.example';

describeOnEveryDatabase('what stands around every answer', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    const consenting = {
      ...testClients[0],
      client_id: 'consenting',
      consent: 'explicit',
      second_factor: 'off',
    };
    cluster = await startCluster(database, {
      issuer,
      logger: log.logger,
      config: { server: { trusted_proxies: ['127.0.0.2'] } },
      clients: [...testClients, consenting],
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const expectPage = (
    answer: Answer,
    status: number,
    page: string,
    options: { formLeadsAway?: boolean } = {},
  ): void => {
    expect([answer.url.href, answer.status, answer.page]).toEqual([answer.url.href, status, page]);
    expectPageHeaders(answer, { https: true, ...options });
    expectNothingForeign(answer);
    // What the policy does not say of a page whose form leads away: the form itself is sent to us alone.
    for (const form of page === 'continue' ? [] : answer.html.querySelectorAll('form')) {
      const action = new URL(form.getAttribute('action') ?? '', answer.url);
      expect(action.origin).toBe(answer.url.origin);
    }
    expect(answer.html.querySelectorAll('[formaction]')).toEqual([]);
    expect(answer.html.querySelector('html')?.getAttribute('lang')).toBe('en');
  };

  test('A30, C24: every page of a login has the headers, and its form posts to itself', async () => {
    const form = { formLeadsAway: true };
    const subject = await addSubject(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.start();
    expectPage(page, 200, 'sign-in', form);
    expectPage(await browser.submit(page, { login_id: '' }), 400, 'sign-in', form);
    expectPage(await browser.submit(page, { login_id: 'x', password: 'x' }), 422, 'sign-in', form);
    const login = { login_id: subject.loginId, password: testPassword };
    const factor = await browser.submit(page, login);
    expectPage(factor, 200, 'app-code', form);
    expectPage(await browser.submit(factor, { code: '' }), 400, 'app-code', form);
    expectPage(await browser.submit(factor, { code: '12' }), 400, 'app-code', form);
    expectPage(await browser.submit(page, login), 409, 'app-code', form);
    const mail = await browser.submit(factor, { action: 'use-mail' });
    expectPage(mail, 200, 'mail-code', form);
    expectPage(await browser.submit(mail, { action: 'resend' }), 429, 'mail-code', form);
    expect(codeIn(await browser.submit(mail, { code: await cluster.mailedCode(subject.address) }))).toEqual(
      expect.any(String),
    );
    expectPage(await browser.open(page.url.pathname), 400, 'error');
    expectPage(await browser.start('consenting'), 200, 'consent', form);
    const fresh = new UserAgent(cluster);
    const address = await fresh.password((await addSubject(cluster)).loginId);
    expectPage(address, 200, 'set-up-mail', form);
    expectPage(await fresh.submit(address, { email: 'u@uni.example' }), 422, 'set-up-mail', form);
    expectPage(await fresh.submit(address, { email: 'u@mail.example' }), 200, 'set-up-mail-code', form);
    const other = new UserAgent(cluster);
    const acknowledge = await other.submit(await other.password((await addSubject(cluster)).loginId), {
      action: 'no-mail',
    });
    expectPage(acknowledge, 200, 'set-up-app-only', form);
    expectPage(await other.submit(acknowledge, { acknowledge: 'yes' }), 200, 'set-up-app', form);
  });

  test('A30, C24: so have the pages that help when something is wrong', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.start();
    const { pathname } = page.url;
    for (const [path, status] of [
      ['/', 200],
      ['/nowhere', 404],
      ['/interaction/nothing', 400],
      ['/interaction/', 404],
      ['/interaction/%', 404],
      ['/interaction/%E0%A4%A', 404],
      ['/interaction/a%2fb', 404],
      ['/assets/nijo.css', 404],
      ['/assets/..%2f..%2fpackage.json', 404],
      ['/authorize', 400],
      ['/authorize?client_id=nobody&response_type=code&redirect_uri=https%3A%2F%2Fevil.test%2F', 400],
      ['/authorize?client_id=important&response_type=code&redirect_uri=https%3A%2F%2Fevil.test%2F', 400],
      ['/authorize/nothing', 303],
      ['/logout?client_id=important&post_logout_redirect_uri=https%3A%2F%2Fevil.test%2F', 400],
      ['/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.test%2F', 303],
      ['/logout/success', 200],
    ] as const) {
      const answer = await browser.request(path, { headers: { accept: 'text/html' } });
      if (status === 303)
        expect([path, answer.status, answer.headers.location]).toEqual([
          path,
          303,
          expect.not.stringMatching(/evil/),
        ]);
      else {
        expect([path, answer.status]).toEqual([path, status]);
        expectPageHeaders(answer, { https: true });
        expectNothingForeign(answer);
      }
    }
    expectPage(await browser.post(page, { csrf: 'x' }), 403, 'error');
    expectPage(await browser.post(page, {}, { headers: { origin: 'https://evil.test' } }), 403, 'error');
    expectPage(await browser.request(pathname, { method: 'DELETE' }), 405, 'error');
    expectPage(await browser.request(pathname, { form: `x=${'y'.repeat(20_000)}` }), 413, 'error');
    expectPage(
      await browser.request(pathname, { form: '{}', headers: { 'content-type': 'application/json' } }),
      415,
      'error',
    );
    expectPage(await browser.request('/', { headers: { host: 'evil.test' } }), 421, 'error');
    for (const [method, path] of [
      ['DELETE', '/authorize'],
      ['GET', '/token'],
      ['PUT', '/logout'],
    ] as const)
      expectPage(await browser.request(path, { method }), 405, 'error');
    expectPage(await browser.request('/authorize', { form: `x=${'y'.repeat(40_000)}` }), 413, 'error');
  });

  test('a service may send its requests by POST, and the session is still found', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const post = async (url: string): Promise<Arrival> => {
      const { pathname, searchParams } = new URL(url, issuer);
      const form = Object.fromEntries(searchParams);
      return browser.follow(
        await browser.request(pathname, { form, headers: { 'sec-fetch-site': 'cross-site' } }),
      );
    };
    const page = await post(browser.authorizeUrl());
    expect(page.page).toBe('sign-in');
    const factor = await browser.submit(page, { login_id: subject.loginId, password: testPassword });
    const { callback } = await browser.submit(factor, { code: appCode() });
    expect((await browser.redeem(callback as URL)).status).toBe(200);
    expect(codeIn(await post(browser.authorizeUrl('important', { prompt: 'none' })))).toEqual(
      expect.any(String),
    );
    expect((await post('/logout?client_id=important')).page).toBe('sign-out');
  });

  test('A30: the pages around signing out', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const { callback } = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    const { tokens } = await browser.redeem(callback as URL);
    const hint = new URLSearchParams({
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'http://127.0.0.1:9/',
    });
    expectPage(await browser.open('/logout'), 200, 'sign-out', { formLeadsAway: true });
    expectPage(await browser.open(`/logout?${hint.toString()}`), 200, 'sign-out', { formLeadsAway: true });
    const wrong = await browser.request('/logout/confirm', {
      form: { xsrf: 'x', logout: 'yes' },
      headers: { accept: 'text/html' },
    });
    expectPage(wrong, 400, 'error');
    const again = await browser.open('/logout');
    const form = { ...browser.fields(again), logout: 'yes' };
    expectPage(await browser.follow(await browser.request('/logout/confirm', { form })), 200, 'signed-out');
  });

  test('A30, S9: the page that posts itself on is ours, and has nothing inline', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(subject.loginId, 'important', { response_mode: 'form_post' });
    const answer = await browser.submit(page, { code: appCode() });
    expect(answer.body).toContain('name="code"');
    expectPage(answer, 200, 'continue', { formLeadsAway: true });
  });

  test('A31, C25, E4: a request for another host is refused before anything is read from it', async () => {
    const { url } = cluster.nodes[0]!;
    const browser = new UserAgent(cluster);
    const subject = await addSubject(cluster, { mail: true });
    const page = await browser.password(subject.loginId);
    const cookie = await browser.jar.getCookieString(page.url.href);
    const body = new URLSearchParams(browser.fields(page, { action: 'resend' })).toString();
    const post = [
      `Cookie: ${cookie}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ];
    await cluster.mailedCode(subject.address);
    await cluster.mailsSettled();
    const mailed = cluster.smtp.recipients.length;

    const routes = [
      { method: 'GET', path: '/' },
      { method: 'GET', path: '/.well-known/openid-configuration' },
      { method: 'GET', path: browser.authorizeUrl() },
      { method: 'GET', path: '/logout' },
      { method: 'GET', path: page.url.pathname },
      { method: 'POST', path: page.url.pathname },
      { method: 'GET', path: '/nowhere' },
    ];
    const hosts = [
      ['Host: evil.test'],
      ['Host: idp.example:443@evil.test'],
      ['Host: evil.test:x@idp.example'],
      ['Host: idp.example:8443'],
      ['Host: idp.example..'],
      ['Host: idp.example:80'],
      ['Host: idp.example:0443'],
      ['Host: idp.example:443:443'],
      ['Host: idp.example.evil.test'],
      ['Host: evil.test, idp.example'],
      ['Host: '],
      ['Host: idp.example', 'Host: evil.test'],
      ['Host: evil.test', 'Host: idp.example'],
      ['Host: idp.example', 'host: idp.example'],
      ['X-Forwarded-Host: idp.example', 'Host: evil.test'],
    ];
    for (const { method, path } of routes) {
      const rest = method === 'POST' ? post : [];
      for (const host of hosts) {
        const answer = await rawRequest(
          url,
          [`${method} ${path} HTTP/1.1`, ...host, ...rest],
          method === 'POST' ? body : '',
        );
        expect([host, path, [400, 421].includes(answer.status)]).toEqual([host, path, true]);
        expect(answer.head + answer.body).not.toContain('evil');
        expect(answer.head).not.toMatch(/^(set-cookie|location):/im);
      }
      // An absolute request line wins over Host (RFC 9112 §3.2.2), so it is refused whichever it names.
      for (const origin of ['http://evil.test', 'https://idp.example', 'http://idp.example@evil.test']) {
        const lines = [`${method} ${origin}${path} HTTP/1.1`, 'Host: idp.example', ...rest];
        const answer = await rawRequest(url, lines, method === 'POST' ? body : '');
        expect([origin, path, [400, 421].includes(answer.status)]).toEqual([origin, path, true]);
        expect(answer.head + answer.body).not.toContain('evil');
      }
    }
    expect((await rawRequest(url, ['GET / HTTP/1.0'])).status).toBe(421);
    expect(cluster.smtp.recipients).toHaveLength(mailed);
  });

  test('S20: other spellings of our own host are ours, and every link is still made from the issuer', async () => {
    const { url } = cluster.nodes[0]!;
    const browser = new UserAgent(cluster);
    for (const host of ['IDP.Example', 'idp.example:443', 'idp.example.', 'Idp.Example.:443']) {
      const ask = (path: string) => rawRequest(url, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
      const discovery = await ask('/.well-known/openid-configuration');
      const metadata = JSON.parse(discovery.body.slice(discovery.body.indexOf('{'))) as Record<
        string,
        unknown
      >;
      for (const [name, value] of Object.entries(metadata))
        if (typeof value === 'string' && /_endpoint$|_uri$|^issuer$/.test(name))
          expect([host, name, value.startsWith(`${issuer}/`) || value === issuer]).toEqual([
            host,
            name,
            true,
          ]);
      const started = await ask(browser.authorizeUrl());
      expect([host, started.status]).toEqual([host, 303]);
      const location = /^location: (.*)$/im.exec(started.head)?.[1]?.trim() ?? '';
      expect(new URL(location, issuer).origin).toBe(issuer);
      for (const answer of [discovery, started, await ask('/'), await ask('/logout'), await ask('/nowhere')])
        expect([host, /idp\.example(\.(?![a-z])|:443)/i.test(answer.head + answer.body)]).toEqual([
          host,
          false,
        ]);
    }
  });

  test('S20: what the parser cannot read is answered with a page in both languages, and logged', async () => {
    const { url } = cluster.nodes[0]!;
    const cookies = Array.from({ length: 300 }, (_, index) => `Cookie: c${index}=${'v'.repeat(60)}`);
    const cases: [number, string, string[]][] = [
      [431, 'headers_too_large', ['GET / HTTP/1.1', 'Host: idp.example', ...cookies]],
      [431, 'headers_too_large', ['GET / HTTP/1.1', 'Host: idp.example', `Cookie: c=${'v'.repeat(40_000)}`]],
      // More than arrives at once: what comes after the answer must not reset the connection.
      [
        431,
        'headers_too_large',
        [
          'GET / HTTP/1.1',
          'Host: idp.example',
          ...Array.from({ length: 200 }, (_, index) => `X-${index}: ${'v'.repeat(10_000)}`),
        ],
      ],
      [431, 'headers_too_large', ['POST /token HTTP/1.1', 'Host: evil.test', `X: ${'v'.repeat(40_000)}`]],
      [414, 'url_too_long', [`GET /authorize?state=${'s'.repeat(20_000)} HTTP/1.1`, 'Host: idp.example']],
      [400, 'bad_request', ['GET / HTTP/9.9', 'Host: idp.example']],
      [400, 'bad_request', ['GET / HTTP/1.1', 'Host: idp.example', 'Bad header: x\u0001<script>']],
      [400, 'bad_request', ['\u0016\u0003\u0001 tls']],
      [400, 'bad_request', ['CONNECT evil.test:443 HTTP/1.1', 'Host: evil.test:443']],
    ];
    for (const [status, code, lines] of cases) {
      const before = log.lines().length;
      const answer = await rawRequest(url, lines);
      expect([code, answer.status]).toEqual([code, status]);
      const page = parse(answer.body);
      expect(
        page
          .querySelectorAll('section')
          .map((section) => section.getAttribute('lang'))
          .toSorted(),
      ).toEqual(['en', 'ja']);
      expect(page.querySelector('[data-error]')?.getAttribute('data-error')).toBe(code);
      expect(answer.body).not.toMatch(/vvvv|ssss|<script|evil/);
      expect(answer.head).toMatch(/^content-security-policy: default-src 'none'/im);
      expect(answer.head).toMatch(/^strict-transport-security:/im);
      expect(answer.head).not.toMatch(/^set-cookie:/im);
      const lines_ = log.lines().slice(before);
      expect(lines_.filter((line) => line.event === 'request.unreadable')).toEqual([
        expect.objectContaining({ code, status, level: 'warn', address: '127.0.0.1' }),
      ]);
      const [line] = lines_;
      expect(page.querySelector('[data-reference]')?.text).toBe(
        String(line?.requestId).slice(0, 8).toUpperCase(),
      );
    }
    const english = (await rawRequest(url, ['GET / HTTP/1.1', 'Host: idp.example', ...cookies])).body;
    expect(english).toContain('delete the cookies');
    expect(english).toContain('Cookieを削除');
  });

  test('S20: a request without Host, and a form that is too large, get a page and a log line', async () => {
    const { url } = cluster.nodes[0]!;
    const without = await rawRequest(url, ['GET / HTTP/1.1']);
    expect([
      without.status,
      parse(without.body).querySelector('[data-error]')?.getAttribute('data-error'),
    ]).toEqual([421, 'host_unknown']);
    const expecting = await rawRequest(url, ['GET /nowhere HTTP/1.1', 'Host: idp.example', 'Expect: more']);
    expect([
      expecting.status,
      parse(expecting.body).querySelector('[data-error]')?.getAttribute('data-error'),
    ]).toEqual([404, 'not_found']);
    const browser = new UserAgent(cluster);
    const page = await browser.start();
    const before = log.lines().length;
    const large = await browser.submit(page, { login_id: 'x'.repeat(200_000), password: 'x' });
    expect([large.status, large.page]).toEqual([413, 'error']);
    expect(
      log
        .lines()
        .slice(before)
        .filter(({ event }) => event === 'fault'),
    ).toEqual([expect.objectContaining({ code: 'request_too_large', status: 413 })]);
  });

  test('A31, C25: every link is built from the issuer, whatever headers of proxies say', async () => {
    const lies = {
      'x-forwarded-host': 'evil.test',
      forwarded: 'host=evil.test;proto=http;for=192.0.2.1',
      'x-original-host': 'evil.test',
      'x-forwarded-server': 'evil.test',
      'x-host': 'evil.test',
      'x-forwarded-port': '666',
      'x-forwarded-prefix': '/evil',
      'x-original-url': '/evil',
      'x-rewrite-url': '/evil',
    };
    for (const localAddress of ['127.0.0.1', '127.0.0.2']) {
      const browser = new UserAgent(cluster);
      const ask = (path: string): Promise<Answer> => browser.request(path, { headers: lies, localAddress });
      const discovery = await ask('/.well-known/openid-configuration');
      const metadata = JSON.parse(discovery.body) as Record<string, unknown>;
      for (const [name, value] of Object.entries(metadata)) {
        if (typeof value === 'string' && /_endpoint$|_uri$|^issuer$/.test(name))
          expect([name, value.startsWith(issuer)]).toEqual([name, true]);
      }
      const started = await ask(browser.authorizeUrl());
      const page = await ask(String(started.headers.location));
      for (const answer of [
        discovery,
        started,
        page,
        await ask('/logout'),
        await ask('/'),
        await ask('/nowhere'),
      ])
        expect(JSON.stringify(answer.headers) + answer.body).not.toMatch(/evil|:666/);
      const subject = await addSubject(cluster, { mail: true });
      const factor = await browser.post(
        page,
        { login_id: subject.loginId, password: testPassword },
        { headers: lies, localAddress },
      );
      expect([factor.status, factor.headers.location]).toEqual([303, page.url.pathname]);
      await cluster.mailedCode(subject.address);
      const mail = cluster.smtp.mails.findLast(({ to }) => to.includes(subject.address));
      expect(mail?.raw).not.toContain('evil');
    }
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInBrowser, launchBrowser, type TestBrowser } from '../support/browser.ts';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { type Arrival, type RequestOptions, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn, recordsOf, type Subject } from './support.ts';

describeOnEveryDatabase('A29: forms of other sites', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    const consenting = {
      ...testClients[0],
      client_id: 'consenting',
      consent: 'explicit',
      second_factor: 'off',
    };
    cluster = await startCluster(database, { clients: [...testClients, consenting] });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  type Reached = { subject: Subject; browser: UserAgent; page: Arrival };
  const begin = async (factors: { mail?: boolean; app?: boolean }, client?: string): Promise<Reached> => {
    const subject = await addSubject(cluster, factors);
    const browser = new UserAgent(cluster);
    return { subject, browser, page: await browser.password(subject.loginId, client) };
  };
  const then = async (reached: Reached, fields: Record<string, string>): Promise<Reached> => ({
    ...reached,
    page: await reached.browser.submit(reached.page, fields),
  });
  /** Every page with a form of ours, what a person would send, and the page (or end) after it. */
  const pages: Record<
    string,
    {
      reach: () => Promise<Reached>;
      fields: (reached: Reached) => Promise<Record<string, string>>;
      next: string;
    }
  > = {
    'sign-in': {
      reach: async () => {
        const subject = await addSubject(cluster, { app: true });
        const browser = new UserAgent(cluster);
        return { subject, browser, page: await browser.start() };
      },
      fields: async ({ subject }) => ({ login_id: subject.loginId, password: testPassword }),
      next: 'app-code',
    },
    'mail-code': {
      reach: () => begin({ mail: true }),
      fields: async ({ subject }) => ({ code: await cluster.mailedCode(subject.address) }),
      next: '',
    },
    'app-code': {
      reach: () => begin({ app: true }),
      fields: async () => ({ code: appCode() }),
      next: '',
    },
    'set-up-mail': {
      reach: () => begin({}),
      fields: async ({ subject }) => ({ email: subject.address }),
      next: 'set-up-mail-code',
    },
    'set-up-mail-code': {
      reach: async () => {
        const reached = await begin({});
        return then(reached, { email: reached.subject.address });
      },
      fields: async ({ subject }) => ({ code: await cluster.mailedCode(subject.address) }),
      next: '',
    },
    'set-up-app-only': {
      reach: async () => then(await begin({}), { action: 'no-mail' }),
      fields: async () => ({ acknowledge: 'yes' }),
      next: 'set-up-app',
    },
    'set-up-app': {
      reach: async () => then(await then(await begin({}), { action: 'no-mail' }), { acknowledge: 'yes' }),
      fields: async ({ page }) => {
        const secret = page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
        return { code: appCode(0, secret), device_name: 'Phone' };
      },
      next: '',
    },
    consent: {
      reach: () => begin({}, 'consenting'),
      fields: async () => ({}),
      next: '',
    },
  };

  test.each(Object.keys(pages))('A29, C23: %s takes its own form and nobody else’s', async (name) => {
    const { reach, fields, next } = pages[name]!;
    const reached = await reach();
    const { browser, page, subject } = reached;
    expect(page.page).toBe(name);
    const right = await fields(reached);
    const before = await recordsOf(cluster, subject);
    await cluster.mailsSettled();
    const mailed = cluster.smtp.recipients.length;

    const form = browser.fields(page, right);
    const { csrf: _, ...without } = form;
    const stranger = new UserAgent(cluster);
    const theirs = stranger.fields(await stranger.start()).csrf ?? '';
    const other = browser.fields(await browser.start()).csrf ?? '';
    const body = new URLSearchParams(form).toString();
    const sent = async (expected: number, options: RequestOptions): Promise<void> => {
      const answer = await browser.request(page.url.pathname, options);
      expect([options, answer.status]).toEqual([options, expected]);
      expect(codeIn(answer)).toBeUndefined();
    };
    await sent(403, { form: without });
    await sent(403, { form: { ...form, csrf: '' } });
    await sent(403, { form: { ...form, csrf: theirs } });
    await sent(403, { form: { ...form, csrf: other } });
    await sent(403, { form, headers: { origin: 'https://evil.test' } });
    await sent(403, { form, fromPage: false, headers: { origin: 'https://evil.test' } });
    await sent(403, { form, fromPage: false, headers: { origin: 'null' } });
    await sent(403, { form, headers: { 'sec-fetch-site': 'cross-site', origin: 'null' } });
    await sent(403, { form, headers: { 'sec-fetch-site': 'same-site' } });
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x'])
      await sent(415, { form: body, headers: { 'content-type': type } });
    for (const method of ['PUT', 'PATCH', 'DELETE']) await sent(405, { method, form: body });
    await sent(405, { method: 'PUT', form: body, headers: { 'x-http-method-override': 'POST' } });
    // A link cannot do what a form does.
    const linked = await browser.request(`${page.url.pathname}?${body}`);
    expect([linked.status, linked.page]).toEqual([200, name]);

    expect(await recordsOf(cluster, subject)).toEqual(before);
    expect(cluster.smtp.recipients).toHaveLength(mailed);
    const went = await browser.submit(page, right);
    expect([went.page, went.callback === undefined]).toEqual([next, next !== '']);
  });

  test('A29: without Sec-Fetch headers, as older browsers are, a form of our page is accepted', async () => {
    for (const headers of [{ origin: new URL(cluster.issuer).origin }, {}]) {
      const subject = await addSubject(cluster, { app: true });
      const browser = new UserAgent(cluster);
      const page = await browser.start();
      const login = { login_id: subject.loginId, password: testPassword };
      const factor = await browser.submit(page, login, { fromPage: false, headers });
      const done = await browser.submit(factor, { code: appCode() }, { fromPage: false, headers });
      expect(codeIn(done)).toEqual(expect.any(String));
    }
  });

  test('A29, A50: signing out takes its own token, and no form of another site', async () => {
    const { browser, page } = await begin({ app: true });
    await browser.submit(page, { code: appCode() });
    const asked = await browser.open('/logout');
    expect(asked.page).toBe('sign-out');
    const form = { ...browser.fields(asked), logout: 'yes' };
    const stillIn = async (): Promise<boolean> =>
      codeIn(await browser.start('ordinary', { prompt: 'none' })) !== undefined;
    for (const options of [
      { form: { ...form, xsrf: '' } },
      { form: { ...form, xsrf: 'x' } },
      { form, headers: { origin: 'https://evil.test' } },
      { form, headers: { 'sec-fetch-site': 'cross-site', origin: 'null' } },
      { form, headers: { 'sec-fetch-site': 'same-site' } },
      { method: 'PUT', form },
    ]) {
      const answer = await browser.request('/logout/confirm', options);
      expect([options, [400, 403, 404, 405].includes(answer.status)]).toEqual([options, true]);
      expect(await stillIn()).toBe(true);
    }
    for (const path of ['/logout', `/logout/confirm?${new URLSearchParams(form).toString()}`]) {
      await browser.request(path);
      expect(await stillIn()).toBe(true);
    }
    const again = await browser.open('/logout');
    await browser.request('/logout/confirm', { form: { ...browser.fields(again), logout: 'yes' } });
    expect(await stillIn()).toBe(false);
  });
});

describeInBrowser('what Chromium tells of our forms', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let service: Server;
  let visitor: TestBrowser;
  let callback: string;
  beforeAll(async () => {
    service = createServer((_, response) => response.end('<!doctype html><title>arrived</title>'));
    await new Promise<void>((resolve) => {
      service.listen(0, '127.0.0.1', resolve);
    });
    callback = `http://127.0.0.1:${(service.address() as AddressInfo).port}/callback`;
    database = await openTestEmbedded();
    const clients = [{ ...testClients[0], redirect_uris: [callback] }];
    cluster = await startCluster(database, { clients });
    visitor = await launchBrowser({ locale: 'en-GB' });
  });
  afterAll(async () => {
    await visitor.close();
    await cluster.close();
    await database.close();
    service.closeAllConnections();
    service.close();
  });

  test('A29, A30: Origin comes with every form, nothing of our addresses goes to the service, and the login arrives', async () => {
    const subject = await addSubject(cluster, { app: true });
    const { page } = visitor;
    const told: { method: string; url: string; origin: string | undefined; referer: string | undefined }[] =
      [];
    const policies = new Set<string | undefined>();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('response', (response) => {
      if (response.url().startsWith(cluster.issuer)) policies.add(response.headers()['referrer-policy']);
    });
    page.on('requestfinished', (request) => {
      void request
        .allHeaders()
        .then(({ origin, referer }) =>
          told.push({ method: request.method(), url: request.url(), origin, referer }),
        );
    });
    const start = new UserAgent(cluster).authorizeUrl('important', { redirect_uri: callback });
    await page.goto(new URL(start, cluster.issuer).href);
    await page.fill('#login_id', subject.loginId);
    await page.fill('#password', testPassword);
    await page.click('button[value=continue]');
    await page.fill('#code', appCode());
    await page.waitForFunction(`document.title === 'arrived'`);

    const posts = told.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(2);
    for (const { origin } of posts) expect(origin).toBe(cluster.issuer);
    const atService = told.filter(({ url }) => url.startsWith(callback));
    expect(atService).toHaveLength(1);
    expect(atService[0]?.referer).toBeUndefined();
    expect([...policies]).toEqual(['no-referrer']);
    expect(complaints.filter((text) => /Content Security Policy|Refused/.test(text))).toEqual([]);
  });
});

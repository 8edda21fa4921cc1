import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, launchBrowser, type TestBrowser } from '../support/browser.ts';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';

const pictures = 60;

describeInBrowser('S10: single sign-on of a real browser', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let portal: Server;
  let portalUrl: string;
  let chromium: TestBrowser;
  /** What came back to the service, newest last. */
  const answers: URLSearchParams[] = [];
  let authorize: (parameters?: Record<string, string>) => string;

  beforeAll(async () => {
    // Of the same host as the provider, as a university's services are of one registrable domain.
    portal = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://portal.example');
      if (pathname.startsWith('/picture/')) {
        response.writeHead(302, { location: `${cluster.issuer}${authorize()}` }).end();
      } else if (pathname === '/callback') {
        answers.push(searchParams);
        response.end('<!doctype html><title>arrived</title>');
      } else {
        response.setHeader('set-cookie', ['portal_session=1; Path=/', 'other_service=1; Path=/']);
        response.setHeader('content-type', 'text/html');
        const images = Array.from({ length: pictures }, (_, index) => `<img src="/picture/${index}" alt="">`);
        response.end(
          `<!doctype html><title>portal</title>${pathname === '/pictures' ? images.join('') : ''}`,
        );
      }
    });
    await new Promise<void>((resolve) => {
      portal.listen(0, '127.0.0.1', resolve);
    });
    portalUrl = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
    const callback = `${portalUrl}/callback`;
    database = await openTestEmbedded();
    cluster = await startCluster(database, {
      clients: testClients.map((client) => ({ ...client, redirect_uris: [callback] })),
    });
    const urls = new UserAgent(cluster);
    authorize = (parameters = {}) =>
      urls.authorizeUrl('important', { redirect_uri: callback, ...parameters });
    chromium = await launchBrowser({ locale: 'en-GB' });
  });
  afterAll(async () => {
    await chromium.close();
    await cluster.close();
    await database.close();
    portal.closeAllConnections();
    portal.close();
  });

  const names = async (page: Page): Promise<string[]> =>
    (await page.context().cookies()).map(({ name }) => name);
  async function signIn(page: Page, loginId: string): Promise<void> {
    await page.fill('[name=login_id]', loginId);
    await page.fill('[name=password]', testPassword);
    await page.click('button[value=continue]');
    // The page sends a whole code by itself.
    await page.fill('[name=code]', appCode());
    await page.waitForURL(`${portalUrl}/callback*`);
  }

  test('S10: a page of sixty images keeps the cookies of every other service', async () => {
    const context = await chromium.browser.newContext({ locale: 'en-GB' });
    context.setDefaultTimeout(9000);
    const page = await context.newPage();
    answers.length = 0;
    await page.goto(`${portalUrl}/pictures`, { waitUntil: 'networkidle' });
    expect(answers).toHaveLength(pictures);
    expect(new Set(answers.map((answer) => answer.get('error')))).toEqual(new Set(['login_required']));
    expect((await names(page)).toSorted()).toEqual(['other_service', 'portal_session']);
    // Somebody who goes there signs in; then the same images have what they are behind.
    await page.goto(`${cluster.issuer}${authorize()}`);
    await signIn(page, 'app1');
    answers.length = 0;
    await page.goto(`${portalUrl}/pictures`, { waitUntil: 'networkidle' });
    expect(answers.filter((answer) => answer.has('code'))).toHaveLength(pictures);
    // As a hidden frame renews what a script has.
    answers.length = 0;
    await page.goto(portalUrl);
    await page.evaluate(
      `new Promise((resolve) => { const frame = document.createElement('iframe'); frame.onload = resolve;
        frame.hidden = true; frame.src = ${JSON.stringify(`${cluster.issuer}${authorize({ prompt: 'none' })}`)};
        document.body.append(frame); })`,
    );
    expect(answers.map((answer) => answer.has('code'))).toEqual([true]);
    await context.close();
  });

  test('S10: seventy logins begun in one tab leave the browser known, and the newest one works', async () => {
    const context = await chromium.browser.newContext({ locale: 'en-GB' });
    context.setDefaultTimeout(9000);
    const page = await context.newPage();
    await page.goto(`${cluster.issuer}${authorize()}`);
    await signIn(page, 'app2');
    await page.goto(portalUrl);
    for (let count = 0; count < 70; count += 1)
      await page.goto(`${cluster.issuer}${authorize({ prompt: 'login' })}`);
    const kept = await names(page);
    for (const name of ['portal_session', 'other_service', 'nijo-known', 'nijo-session', 'nijo-browser'])
      expect(kept).toContain(name);
    for (const name of ['nijo-interaction', 'nijo-resume'])
      expect(kept.filter((each) => each === name)).toHaveLength(10);
    await page.fill('[name=login_id]', 'app2');
    await page.fill('[name=password]', testPassword);
    await page.click('button[value=continue]');
    await page.fill('[name=code]', appCode(1));
    await page.waitForURL(`${portalUrl}/callback*`);
    expect(answers.at(-1)?.has('code')).toBe(true);
    await context.close();
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { locales } from '../../src/i18n/locale.ts';
import type { Chrome, PageName } from '../../src/pages/pages.ts';
import {
  describeInBrowser,
  expectNoAxeViolations,
  launchBrowser,
  type TestBrowser,
} from '../support/browser.ts';
import { assets, fieldsOf, pageNames, renderPage } from './fixtures.ts';

// A few pages at a time: where the machine is busy, each takes a second or two.
const portions = locales.flatMap((locale) =>
  Array.from({ length: Math.ceil(pageNames.length / 7) }, (_, index) => {
    const names = pageNames.slice(index * 7, index * 7 + 7);
    return { locale, names, first: names[0] ?? '' };
  }),
);

describeInBrowser('the pages in a browser', () => {
  /** Serves the pages as the program does, with its content security policy, and keeps what is posted. */
  let server: Server;
  let origin: string;
  let visitor: TestBrowser;
  const posted: URLSearchParams[] = [];
  const extras = new Map<string, Partial<Chrome>>();

  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'";

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '/';
      const asset = assets.find(path);
      const [, locale, name] = path.split('/');
      if (request.method === 'POST') {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          posted.push(new URLSearchParams(body));
          // Slow enough for a second click to come before the answer.
          setTimeout(() => response.end('<!doctype html><title>posted</title>'), 150);
        });
      } else if (asset !== undefined) {
        response.setHeader('content-type', asset.type).end(asset.body);
      } else if (name !== undefined && locale !== undefined) {
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.setHeader('content-security-policy', policy);
        const extra = { ...extras.get(path), url: path };
        response.end(renderPage(name as PageName, locale === 'ja' ? 'ja' : 'en', extra));
      } else {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    visitor = await launchBrowser();
  });

  afterAll(async () => {
    await visitor.close();
    await new Promise((resolve) => server.close(resolve));
  });

  describe.each([
    { width: 320, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ] as const)('at $width px, $colorScheme', ({ width, colorScheme }) => {
    test.each(portions)(
      'R57: $locale pages from $first on have no violation and do not scroll sideways',
      async ({ locale, names }) => {
        // axe needs to inject itself; everything else runs under the policy.
        const context = await visitor.browser.newContext({
          viewport: { width, height: 640 },
          colorScheme,
          bypassCSP: true,
        });
        const page = await context.newPage();
        for (const name of names) {
          const field = fieldsOf[name]?.[0];
          const path = `/${locale}/${name}`;
          // With a fault where it is narrow and has the most to hold, without one where it is wide.
          const faulty = width === 320 && field !== undefined;
          extras.set(path, faulty ? { fault: { code: 'code_wrong', field } } : {});
          // As it is seen where its script has not come: with it the page is gone at once.
          if (name === 'continue') await page.route('**/*.js', (route) => route.fulfill({ body: '' }));
          await page.goto(origin + path);
          await page.unrouteAll();
          await page.evaluate(
            `document.querySelectorAll('details').forEach((each) => { each.open = true; })`,
          );
          await expectNoAxeViolations(page);
          const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
          expect([path, await page.evaluate(overflow)]).toEqual([path, 0]);
        }
        extras.clear();
        await context.close();
      },
    );
  });

  async function open(path: string, javaScriptEnabled = true): Promise<Page> {
    posted.length = 0;
    const page = await (await visitor.browser.newContext({ javaScriptEnabled })).newPage();
    await page.goto(origin + path);
    return page;
  }

  async function close(page: Page): Promise<void> {
    await page.context().close();
  }

  describe('the script', () => {
    test.each(['12345678', '1234 5678', '１２３４－５６７８', ' 1234-5678 '])(
      'R7: the last digit of "%s" continues, once',
      async (typed) => {
        const page = await open('/en/mail-code');
        await page.locator('#code').fill(typed);
        await page.waitForFunction(`document.title === 'posted'`);
        expect(posted).toHaveLength(1);
        expect(posted[0]?.get('action')).toBe('continue');
        expect(posted[0]?.get('page')).toBe('mail-code');
        expect(posted[0]?.get('code')?.normalize('NFKC').replace(/\D/g, '')).toBe('12345678');
        await close(page);
      },
    );

    test('seven digits wait; a code that is too long is not sent by itself', async () => {
      const page = await open('/en/mail-code');
      for (const typed of ['1234567', '123456789', '1234567x']) await page.locator('#code').fill(typed);
      await page.waitForTimeout(200);
      expect(posted).toHaveLength(0);
      await close(page);
    });

    test('a double click sends once', async () => {
      const page = await open('/en/sign-in');
      await page.locator('button.primary').dblclick();
      await page.waitForFunction(`document.title === 'posted'`);
      expect(posted).toHaveLength(1);
      await close(page);
    });

    test('R9: the resend button waits its seconds, and says so', async () => {
      const page = await open('/en/mail-code');
      const resend = page.locator('button[value=resend]');
      expect(await resend.isDisabled()).toBe(true);
      expect(await page.locator('[data-wait-text]').textContent()).toMatch(/in 2[345] seconds/);
      expect(await page.locator('[data-wait-done]').textContent()).toBe('');
      await close(page);
    });

    test('a fault has the focus, and leads to its field', async () => {
      extras.set('/ja/mail-code', { fault: { code: 'code_wrong', field: 'code' } });
      const page = await open('/ja/mail-code');
      expect(await page.evaluate('document.activeElement.className')).toBe('fault');
      await page.locator('.fault-title a').click();
      expect(await page.evaluate('document.activeElement.id')).toBe('code');
      extras.clear();
      await close(page);
    });
  });

  describe('without the script', () => {
    test('R57: Enter continues, and what needs a script is not shown', async () => {
      const page = await open('/en/set-up-app', false);
      expect(await page.locator('[data-copy]').isVisible()).toBe(false);
      await page.locator('#code').fill('123456');
      await page.locator('#code').press('Enter');
      expect(posted[0]?.get('action')).toBe('continue');
      await close(page);
    });

    test('R45: the toggle sends what was typed', async () => {
      const page = await open('/en/sign-in', false);
      await page.locator('#login_id').fill('b0000001');
      await page.locator('.language button').click();
      expect(posted[0]?.get('lang')).toBe('ja');
      expect(posted[0]?.get('login_id')).toBe('b0000001');
      expect(posted[0]?.has('action')).toBe(false);
      await close(page);
    });

    test('R9: the resend button can be used', async () => {
      const page = await open('/en/mail-code', false);
      await page.locator('button[value=resend]').click();
      expect(posted[0]?.get('action')).toBe('resend');
      await close(page);
    });
  });
});

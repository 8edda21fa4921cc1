import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, expectNoAxeViolations, launchBrowser, type TestBrowser } from './browser.ts';

/** Shows a page as if a server had sent it. */
async function show(page: Page, body: string): Promise<void> {
  const html = `<!doctype html><html lang="ja"><title>確認</title><body>${body}</body></html>`;
  await page.unrouteAll();
  await page.route('https://idp.example/', (route) =>
    route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' }),
  );
  await page.goto('https://idp.example/');
}

const sound = '<main><h1>ワンタイムパスワード</h1><p>メールで届いた8桁の数字を入力してください。</p></main>';

describeInBrowser('the browser of the tests', () => {
  let visitor: TestBrowser;
  afterEach(() => visitor.close());

  test('draws Japanese with real glyphs', async () => {
    visitor = await launchBrowser();
    await show(visitor.page, sound);
    // Without a Japanese font every character is the same box.
    const widths = await visitor.page.evaluate(`(() => {
      const context = document.createElement('canvas').getContext('2d');
      const ink = (text) => { context.canvas.width = 40; context.font = '32px sans-serif'; context.fillText(text, 0, 36);
        return context.getImageData(0, 0, 40, 40).data.join(); };
      return ink('京') === ink('都');
    })()`);
    expect(widths).toBe(false);
    if (process.env.NIJO_SCREENSHOT !== undefined)
      await visitor.page.screenshot({ path: process.env.NIJO_SCREENSHOT });
  });

  test.each([true, false])('axe speaks of faults, with JavaScript %s', async (javaScriptEnabled) => {
    visitor = await launchBrowser({ javaScriptEnabled });
    await show(visitor.page, sound);
    await expectNoAxeViolations(visitor.page);
    await show(visitor.page, `${sound}<input name="code">`);
    await expect(expectNoAxeViolations(visitor.page)).rejects.toThrow('label');
    await show(visitor.page, `${sound}<noscript><p id="plain">no script</p></noscript>`);
    expect(await visitor.page.locator('#plain').isVisible()).toBe(!javaScriptEnabled);
  });

  test('keeps web security on', async () => {
    const server = createServer((_, response) => response.end('secret'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    visitor = await launchBrowser();
    await visitor.page.goto(`http://127.0.0.1:${port}/`);
    const read = (host: string): Promise<string> =>
      visitor.page.evaluate(
        `fetch('http://${host}:${port}/').then((answer) => answer.text()).catch(() => 'refused')`,
      );
    expect(await read('127.0.0.1')).toBe('secret');
    expect(await read('localhost')).toBe('refused');
    server.close();
    server.closeAllConnections();
  });

  test('has a virtual authenticator', async () => {
    visitor = await launchBrowser();
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal' },
    });
    expect(authenticatorId).not.toBe('');
  });
});

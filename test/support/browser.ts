import { AxeBuilder } from '@axe-core/playwright';
import { describe, expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from './chromium.ts';

export { launchBrowser, type TestBrowser } from './chromium.ts';

const missing = whyNoBrowser();

/** A `describe` of tests that need a browser; skipped, saying why, on a machine where Chromium cannot run. */
export function describeInBrowser(name: string, body: () => void): void {
  if (missing === undefined) describe(name, body);
  else describe.skip(`${name} (no Chromium here: ${missing})`, body);
}

async function violationsOf(page: Page): Promise<string[]> {
  // Legacy mode opens no second page to join the results of frames: the pages have none.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary}`),
  );
}

/** What a visitor without JavaScript sees, at the same address, where axe (itself a script) can run. */
async function openTwin(page: Page): Promise<Page> {
  const context = await page.context().browser()?.newContext({ viewport: page.viewportSize() });
  if (context === undefined) throw new Error('the page has no browser');
  const body = (await page.content())
    .replaceAll(/<script\b.*?<\/script>/gs, '')
    .replaceAll(/<(\/?)noscript\b/g, '<$1div');
  const twin = await context.newPage();
  await twin.route(page.url(), (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await twin.goto(page.url());
  return twin;
}

/** WCAG 2.2 A and AA and axe's own best practices (R57); the failure names rule, element and fix. */
export async function expectNoAxeViolations(page: Page): Promise<void> {
  if (await page.evaluate<boolean>(`matchMedia('(scripting: enabled)').matches`)) {
    expect(await violationsOf(page)).toEqual([]);
    return;
  }
  const twin = await openTwin(page);
  try {
    expect(await violationsOf(twin)).toEqual([]);
  } finally {
    await twin.context().close();
  }
}

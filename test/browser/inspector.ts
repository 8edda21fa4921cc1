import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectNoAxeViolations } from '../support/browser.ts';

/** Looks at each page that a visitor comes to, once in every shape it takes. */
export interface Inspector {
  inspect(page: Page, name: string, fault: string | undefined): Promise<void>;
}

// A window of 1280 by 1024 at 400 % is 320 by 256 to the page (WCAG 2.2, 1.4.10).
const zoomed = { width: 320, height: 256 };

/** What a password manager and a phone's keyboard go by (WCAG 2.2, 1.3.5). */
const autocomplete: Readonly<Record<string, string>> = {
  login_id: 'username',
  password: 'current-password',
  code: 'one-time-code',
  email: 'email',
};

/** Pages on which one can type at once. */
const beginsInField = new Set(['sign-in', 'mail-code', 'app-code', 'set-up-mail', 'set-up-mail-code']);

/** Elements that stick out, or that are too small to hit (WCAG 2.2, 2.5.8), at the present size. */
const faultsOfLayout = `(() => {
  const width = document.documentElement.clientWidth;
  const faults = [];
  if (document.documentElement.scrollWidth > width) faults.push('scrolls sideways');
  for (const each of document.querySelectorAll('a, button, input:not([type=hidden]), summary, h1, p, dd, svg')) {
    const box = each.getBoundingClientRect();
    const words = each.outerHTML.slice(0, 80);
    if (box.width === 0 || each.closest('.visually-hidden') !== null) continue;
    if (box.left < 0 || box.right > width + 0.5) faults.push('sticks out: ' + words);
    const control = each.matches('button, input, summary');
    if (control && (box.height < 24 || box.width < 24)) faults.push('too small: ' + words);
  }
  return faults;
})()`;

/**
 * Every page in every language: axe finds nothing (R57), nothing scrolls sideways at 320 pixels or
 * 400 %, fields have the names that password managers know, the inquiry link is there (R46).
 * @param only `faults`: for tests whose pages without a fault are looked at elsewhere.
 */
export function createInspector(only?: 'faults'): Inspector {
  const seen = new Set<string>();
  return {
    async inspect(page, name, fault) {
      const locale = await page.locator('html').getAttribute('lang');
      const shape = [locale, name, ...(fault === undefined ? [] : [fault])].join(' ');
      if (seen.has(shape) || (only === 'faults' && fault === undefined)) return;
      seen.add(shape);

      const fields = await page
        .locator('main input:not([type=hidden], [type=checkbox], [type=radio])')
        .evaluateAll((inputs) =>
          inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('autocomplete') ?? '']),
        );
      // At the desk one types what is somebody else's: a password manager must not help there.
      const own: typeof autocomplete = name.startsWith('desk-') ? {} : autocomplete;
      for (const [field = '', value] of fields) {
        expect([shape, field, value]).toEqual([shape, field, own[field] ?? 'off']);
      }
      expect([shape, await page.locator('a[data-inquiry]').count()]).toEqual([shape, 1]);
      if (fault === undefined && beginsInField.has(name)) {
        expect([shape, await page.locator('input:focus').count()]).toEqual([shape, 1]);
      }

      const size = page.viewportSize() ?? { width: 1280, height: 800 };
      await page.setViewportSize(zoomed);
      expect([shape, await page.evaluate(faultsOfLayout)]).toEqual([shape, []]);
      await page.setViewportSize(size);
      await expectNoAxeViolations(page);
    },
  };
}

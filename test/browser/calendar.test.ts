import { expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import type { Visitor } from './visitor.ts';

/** Tab after Tab, as far as it takes. */
async function tabFarTo(visitor: Visitor, selector: string): Promise<void> {
  const focused = visitor.page.locator(`${selector}:focus`);
  for (let tabs = 0; (await focused.count()) === 0; tabs += 1) {
    if (tabs > 40) throw new Error(`${selector} is not reached by Tab`);
    await visitor.page.keyboard.press('Tab');
  }
}

describeInBrowser('the calendar of the support centre', () => {
  const stage = setStage(undefined, { desk: { holidays: 'japan' } });

  test.each([
    {
      locale: 'en',
      scripts: false,
      week: 'Every day, around the clock (except national holidays)',
      removed: 'The day is as the week says again.',
    },
    {
      locale: 'ja',
      scripts: true,
      week: '毎日、24時間（祝日を除く）',
      removed: 'この日は、いつもの曜日のとおりに戻りました。',
    },
  ] as const)(
    'R41, R51: an operator sets and removes closing days, keyboard only ($locale, scripts: $scripts)',
    async ({ week, removed, ...settings }) => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      await university.db
        .updateTable('accounts')
        .set({ roles: ['operator'] })
        .where('login_id', '=', person.loginId)
        .execute();
      const visitor = await stage.arrives(settings);
      await visitor.open(`${university.issuer}/operator/calendar`);
      await visitor.signIn(person);
      expect(await visitor.enterCode(appCode())).toBe('operator-calendar');
      const { page } = visitor;
      expect(await page.locator('main').textContent()).toContain(week);
      const year = new Date().getFullYear() + 1;
      const [first, last] = [`${year}-01-02`, `${year}-01-03`];

      // What is wrong is told, and what was typed is there still.
      await visitor.type('day', first);
      await visitor.type('until', last);
      await visitor.type('name_en', 'New Year holidays');
      expect(await visitor.press('Enter')).toBe('operator-calendar');
      expect(await visitor.fault()).toBe('day_name_missing');
      await visitor.type('name_ja', '年末年始');
      expect([await visitor.press('Enter'), await visitor.fault()]).toEqual(['operator-calendar', undefined]);
      const days = page.locator('[data-source=operator]');
      expect(await days.evaluateAll((all) => all.map((each) => each.getAttribute('data-day')))).toEqual([
        first,
        last,
      ]);
      for (const day of [first, last]) {
        await tabFarTo(visitor, `[data-day="${day}"] button`);
        expect(await visitor.press('Enter')).toBe('operator-calendar');
        expect(await page.locator('.notice').textContent()).toBe(removed);
      }
      expect(await days.count()).toBe(0);
      await visitor.leave();
    },
  );
});

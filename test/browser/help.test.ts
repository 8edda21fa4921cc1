import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor, type Visitor } from './visitor.ts';

const numberOn = async (visitor: Visitor): Promise<string> =>
  (await visitor.page.locator('[data-case]').textContent()) ?? '';

/** Chooses an answer with the keyboard alone, from wherever the cursor stands. */
async function chooseByKeys(visitor: Visitor, field: string, value: string): Promise<void> {
  await visitor.tabTo(`input[name="${field}"]`);
  const chosen = visitor.page.locator(`input[name="${field}"][value="${value}"]:checked`);
  await visitor.page.keyboard.press('Space');
  for (let steps = 0; (await chosen.count()) === 0; steps += 1) {
    if (steps > 8) throw new Error(`${value} is not reached by the arrow keys`);
    await visitor.page.keyboard.press('ArrowDown');
  }
}

describeInBrowser('asking the support centre for help', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    const other = settings.locale === 'en' ? 'ja' : 'en';

    test('R36, R42: flow e, from the sign-in page: 1 form of 2 fields, 3 pages, 3 clicks, 10 keys, and back', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.clickOn('a[data-support]')).toBe('help-support-request');
      const fields = visitor.page.locator('form#page-form :is(fieldset, .field input:not([type=radio]))');
      expect(await fields.count()).toBe(2);
      await visitor.type('login_id', person.loginId);
      await visitor.choose('reason', 'lost-device');
      expect(await visitor.click('continue')).toBe('help-case');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'help-support-request', 'help-case'],
        clicks: 3,
        keys: 10,
      });
      const number = await numberOn(visitor);
      expect(number).toMatch(/^[2-9B-Z]{4}-[2-9B-Z]{4}$/);
      const opening = await visitor.page.locator('.opening').textContent();
      expect(opening).toMatch(settings.locale === 'en' ? /^(Open now|Closed now\. Opens)/ : /受付/);
      expect(await visitor.page.locator('.bring li').count()).toBe(3);
      // In the other language it is the same number, on the screen and on paper.
      expect(await visitor.clickOn('.language :is(button, a)')).toBe('help-case');
      expect([await visitor.lang(), await numberOn(visitor)]).toEqual([other, number]);
      await visitor.page.emulateMedia({ media: 'print' });
      expect(await visitor.page.locator('[data-case]').isVisible()).toBe(true);
      expect(await visitor.page.locator('.bring').isVisible()).toBe(true);
      for (const leading of ['a.primary', '.language', '[data-print]'])
        expect(await visitor.page.locator(leading).isVisible()).toBe(false);
      const pdf = (await visitor.page.pdf({ preferCSSPageSize: true })).toString('latin1');
      expect(pdf.match(/\/Type\s*\/Page(?!s)/g)).toHaveLength(1);
      await visitor.page.emulateMedia({ media: null });
      expect(await visitor.clickOn('a.primary')).toBe('sign-in');
      const cases = university.db.selectFrom('desk_cases').select('number');
      expect(await cases.where('login_id', '=', person.loginId).execute()).toEqual([{ number }]);
      await visitor.leave();
    });

    test('R36, R57: after the password, by keyboard alone: 4 pages, and the login ends at the service', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.type('login_id', person.loginId);
      await visitor.type('password', 'Kamo-gawa-12');
      expect(await visitor.press('Enter')).toBe('app-code');
      await visitor.tabTo('button[value="lost-app"]');
      expect(await visitor.press('Enter')).toBe('help-support');
      // Nothing chosen: told at the field, and the link leads there.
      await visitor.tabTo('button[value="file"]');
      expect(await visitor.press('Enter')).toBe('help-support');
      expect(await visitor.fault()).toBe('reason_missing');
      await chooseByKeys(visitor, 'reason', 'new-device');
      await chooseByKeys(visitor, 'check', 'video');
      expect(await visitor.press('Enter')).toBe('help-case');
      expect(await visitor.page.locator('.context, [data-case]').first().isVisible()).toBe(true);
      const cases = await university.db
        .selectFrom('desk_cases')
        .select(['number', 'reason', 'wished_check', 'with_password'])
        .where('login_id', '=', person.loginId)
        .execute();
      expect(cases).toEqual([
        { number: await numberOn(visitor), reason: 'new-device', wished_check: 'video', with_password: true },
      ]);
      expect(await visitor.goes(() => visitor.page.reload())).toBe('help-case');
      await visitor.tabTo('button[value="continue"]');
      expect(await visitor.press('Enter')).toBe('app-code');
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      expect(visitor.effort.keys).toBe(28);
      await visitor.leave();
    });

    test('R36: the reset page, the front page and the page of a code lead to the centre too', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await visitor.click('lost-app')).toBe('reset');
      expect(await visitor.page.locator('.opening').isVisible()).toBe(true);
      expect(await visitor.click('help')).toBe('help-support');
      expect(await visitor.clickOn('.language :is(button, a)')).toBe('help-support');
      expect(await visitor.lang()).toBe(other);
      expect(await visitor.click('use-mail')).toBe('mail-code');
      expect(await visitor.click('help')).toBe('help-support');
      expect(await visitor.click('continue')).toBe('mail-code');
      expect(await visitor.open(`${university.issuer}/`)).toBe('home');
      expect(await visitor.clickOn('a[data-support]')).toBe('help-support-request');
      expect(await visitor.click('continue')).toBe('help-support-request');
      expect(await visitor.fault()).toBe('login_id_missing');
      await visitor.leave();
    });
  });
});

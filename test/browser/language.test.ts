import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor } from './visitor.ts';

const toggle = '.language :is(button, a)';

describeInBrowser('the language', () => {
  const stage = setStage('faults');

  describe.each(everyVisitor)('from $locale, with scripts: $scripts', (settings) => {
    const { locale } = settings;
    const other = locale === 'en' ? 'ja' : 'en';

    test('R45: the toggle keeps what was typed and the login, on every page of initial setup', async () => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      const address = visitor.page.url();
      const turn = async (to: string): Promise<void> => {
        const name = await visitor.name();
        expect(await visitor.page.locator(toggle).getAttribute('hreflang')).toBe(to);
        expect([name, await visitor.clickOn(toggle)]).toEqual([name, name]);
        expect([name, await visitor.lang()]).toEqual([name, to]);
        expect(visitor.page.url()).toBe(address);
        expect(await visitor.fault()).toBeUndefined();
      };

      await visitor.type('login_id', person.loginId);
      await visitor.type('password', 'half a pass');
      await turn(other);
      expect(await visitor.page.locator('#login_id').inputValue()).toBe(person.loginId);
      // A password is never sent back.
      expect(await visitor.page.locator('#password').inputValue()).toBe('');
      await turn(locale);
      await visitor.page.locator('#password').focus();
      await visitor.signIn(person, { idIsThere: true });

      await visitor.type('email', person.address);
      await turn(other);
      expect(await visitor.page.locator('#email').inputValue()).toBe(person.address);
      await visitor.click('continue');
      const mails = university.mailsTo(person.address);
      await turn(locale);
      await visitor.click('change-address');
      await visitor.click('no-mail');
      await turn(other);
      await visitor.tick('acknowledge');
      await visitor.click('continue');
      await visitor.page.locator('#device_name').fill('My phone 電話');
      const key = await visitor.page.locator('.key code').textContent();
      await turn(locale);
      expect(await visitor.page.locator('#device_name').inputValue()).toBe('My phone 電話');
      expect(await visitor.page.locator('.key code').textContent()).toBe(key);
      // No change of language has sent a mail.
      expect(university.mailsTo(person.address)).toBe(Math.max(1, mails));
      await visitor.leave();
    });

    test('R10, R45: the mail is in the language of the page, and so are the pages to come', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.clickOn(toggle);
      await visitor.signIn(person);
      const mail = await university.mail(person.address);
      expect(mail.subject).toContain({ en: 'code for signing in', ja: 'ログインの確認コード' }[other]);
      expect(mail.text).toContain({ en: 'Grades', ja: '成績システム' }[other]);
      expect(mail.html).toContain(`<html lang="${other}"`);
      expect(await visitor.enterCode(mail.code)).toBe('demo-signed-in');

      // Kept by this browser, and by the account for a browser that has not been asked.
      expect(await visitor.visit(university.important, { prompt: 'login' })).toBe('sign-in');
      expect(await visitor.lang()).toBe(other);
      const elsewhere = await stage.arrives(settings);
      await elsewhere.visit(university.important);
      expect(await elsewhere.lang()).toBe(locale);
      await elsewhere.signIn(person);
      expect(await elsewhere.lang()).toBe(other);
      await Promise.all([visitor.leave(), elsewhere.leave()]);
    });

    test('R45: error and sign-out pages have the toggle too, and what it leads to still works', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      await visitor.open(`${university.issuer}/authorize?client_id=nobody`);
      expect(await visitor.clickOn(toggle)).toBe('error');
      expect(await visitor.lang()).toBe(other);
      expect(await visitor.fault()).toBe('service_unknown');

      await visitor.visit(university.important);
      await visitor.signIn(await university.enrol(['app']));
      await visitor.enterCode(appCode());
      await visitor.clickOn('form[action="/sign-out"] button');
      expect(await visitor.lang()).toBe(other);
      expect(await visitor.clickOn(toggle)).toBe('sign-out');
      expect(await visitor.lang()).toBe(locale);
      expect(await visitor.clickOn('button[name="logout"]')).toBe('demo-signed-out');
      await visitor.leave();
    });

    test('R45: ui_locales of the service counts more than the browser, and the toggle more than both', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important, { ui_locales: `fr ${other}` });
      expect(await visitor.lang()).toBe(other);
      await visitor.clickOn(toggle);
      expect(await visitor.lang()).toBe(locale);
      await visitor.signIn(person);
      expect(await visitor.lang()).toBe(locale);
      await visitor.leave();
    });
  });
});

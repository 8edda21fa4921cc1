import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode, password } from './university.ts';
import { everyVisitor } from './visitor.ts';

const fullWidth = (digits: string): string =>
  digits.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
const inHalves = (digits: string): string => `${digits.slice(0, 4)} ${digits.slice(4)}`;

describeInBrowser('typing', () => {
  const stage = setStage('faults');

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    test('R8: a wrong code is told at the field, and the right one still counts', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      const { code } = await university.mail(person.address);
      const wrong = code === '12345678' ? '87654321' : '12345678';
      expect(await visitor.enterCode(wrong)).toBe('mail-code');
      expect(await visitor.fault()).toBe('code_wrong');
      expect(await visitor.page.locator('#code').getAttribute('aria-invalid')).toBe('true');
      // A typed code never comes back in the page.
      expect(await visitor.page.locator('#code').inputValue()).toBe('');
      expect(await visitor.page.content()).not.toContain(wrong);
      await visitor.page.locator('.fault-title a').click();
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R8: after five wrong codes the page offers a new one, and that one works', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      const first = await university.mail(person.address);
      const wrong = first.code === '12345678' ? '87654321' : '12345678';
      for (let attempt = 1; attempt <= 4; attempt += 1) await visitor.enterCode(wrong);
      expect(await visitor.fault()).toBe('code_wrong');
      await visitor.enterCode(wrong);
      expect(await visitor.page.locator('#code').count()).toBe(0);
      // The page says how long to wait for a new one (C11).
      expect(await visitor.page.locator('[data-wait-text]').textContent()).toMatch(/\d/);
      await sql`update mails set created_at = created_at - interval '31 seconds'
        where to_address = ${person.address}`.execute(university.db);
      await visitor.goes(() => visitor.page.reload());
      expect(await visitor.click('resend')).toBe('mail-code');
      const reference = await visitor.page.locator('[data-reference]').textContent();
      await university.mailAbout(person.address, reference ?? 'no reference');
      const second = await university.mail(person.address);
      expect(second.reference).not.toBe(first.reference);
      expect(await visitor.enterCode(second.code)).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R5, R29: a double click counts once, on each page', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.type('login_id', person.loginId);
      await visitor.type('password', password);
      const button = visitor.page.locator('button.primary');
      await visitor.goes(() => button.dblclick());
      await visitor.page.locator('main[data-page="mail-code"]').waitFor();
      const { code } = await university.mail(person.address);
      expect(university.mailsTo(person.address)).toBe(1);
      await visitor.page.locator('#code').focus();
      if (settings.scripts) await visitor.goes(() => visitor.type('code', code));
      else {
        await visitor.type('code', code);
        await visitor.goes(() => button.dblclick());
      }
      await visitor.page.locator('main[data-page="demo-signed-in"]').waitFor();
      expect(await visitor.claims(university.important)).toMatchObject({ amr: ['pwd', 'mca'] });
      await visitor.leave();
    });

    test('R57: flow a without a mouse: Tab and Enter alone', async () => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.type('login_id', person.loginId);
      await visitor.type('password', password);
      expect(await visitor.press('Enter')).toBe('set-up-mail');
      await visitor.type('email', person.address);
      await visitor.tabTo('button[value="continue"]');
      expect(await visitor.press('Enter')).toBe('set-up-mail-code');
      const { code } = await university.mail(person.address);
      if (settings.scripts) await visitor.enterCode(code);
      else {
        await visitor.type('code', code);
        await visitor.press('Enter');
      }
      expect(await visitor.name()).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'set-up-mail', 'set-up-mail-code'],
        clicks: settings.scripts ? 2 : 3,
        keys: 52,
      });
      await visitor.leave();
    });

    test('R57: flow c without a mouse, by way of the mail and back', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.type('login_id', person.loginId);
      await visitor.type('password', password);
      expect(await visitor.press('Enter')).toBe('app-code');
      await visitor.tabTo('button[value="use-mail"]');
      expect(await visitor.press('Enter')).toBe('mail-code');
      await visitor.tabTo('button[value="use-app"]');
      expect(await visitor.press('Space')).toBe('app-code');
      if (settings.scripts) await visitor.enterCode(appCode());
      else {
        await visitor.type('code', appCode());
        await visitor.press('Enter');
      }
      expect(await visitor.name()).toBe('demo-signed-in');
      await visitor.leave();
    });
  });

  describe.each([
    ['full-width digits', 'ja', fullWidth],
    ['"1234 5678" pasted with blanks around', 'en', (code: string) => `  ${inHalves(code)} \n`],
  ] as const)('R7: a mail code is taken as %s', (_, locale, write) => {
    test.each([true, false])('with scripts: %s', async (scripts) => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives({ locale, scripts });
      await visitor.visit(university.important);
      await visitor.signIn(person);
      const { code } = await university.mail(person.address);
      const paste = (): Promise<void> => visitor.paste('code', write(code));
      if (scripts) await visitor.goes(paste);
      else {
        await paste();
        await visitor.press('Enter');
      }
      expect(await visitor.name()).toBe('demo-signed-in');
      await visitor.leave();
    });
  });

  test('R57: flow c with a password manager: 1 click and 6 keys', async () => {
    const { university } = stage;
    const person = await university.enrol(['app']);
    const visitor = await stage.arrives({ locale: 'ja', scripts: true });
    await visitor.visit(university.important);
    // What a manager goes by: one form with these two fields, told apart by their autocomplete.
    const form = visitor.page.locator(
      'form:has([autocomplete="username"]):has([autocomplete="current-password"])',
    );
    expect(await form.count()).toBe(1);
    await form.locator('[autocomplete="username"]').fill(person.loginId);
    await form.locator('[autocomplete="current-password"]').fill(password);
    expect(await visitor.click('continue')).toBe('app-code');
    expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
    expect(visitor.effort).toEqual({ pages: ['sign-in', 'app-code'], clicks: 1, keys: 6 });
    await visitor.leave();
  });
});

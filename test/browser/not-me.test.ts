import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { everyVisitor } from './visitor.ts';

describeInBrowser('"this was not me"', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    test('D11, R38: from the mail to the end of every sign-in: two pages, one click, no login', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const thief = await stage.arrives(settings);
      await thief.visit(university.important);
      await thief.signIn(person);
      const mail = await university.mail(person.address);
      await thief.enterCode(mail.code);

      const owner = await stage.arrives(settings);
      const link = /https?:\S+\/not-me\/\S+/.exec(mail.text)?.[0] ?? '';
      expect(await owner.open(link)).toBe('not-me');
      expect(await owner.lang()).toBe(settings.locale);
      const { page } = owner;
      await expect(page.locator('[data-account]').textContent()).resolves.toBe(
        `b•••${person.loginId.slice(-2)}`,
      );
      expect(await owner.clickOn('button[value=continue]')).toBe('not-me-done');
      expect(owner.effort).toEqual({ pages: ['not-me', 'not-me-done'], clicks: 1, keys: 0 });
      // Reloading sends nothing again, and the link goes on saying what was done.
      expect(await owner.goes(() => page.reload())).toBe('not-me-done');
      expect(await owner.open(`${link}x`)).toBe('error');
      expect(await owner.fault()).toBe('notice_link_invalid');
      await thief.visit(university.important);
      expect(await thief.name()).toBe('sign-in');
      await owner.leave();
      await thief.leave();
    });
  });
});

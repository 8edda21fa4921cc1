import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor } from './visitor.ts';

describeInBrowser('several tabs and several people of one browser', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, JavaScript: $scripts', (settings) => {
    test('S11: a restored tab that is reloaded goes on by the sign-in of another', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const first = await stage.arrives(settings);
      const second = await first.openTab();
      expect(await first.visit(university.important)).toBe('sign-in');
      expect(await second.visit(university.ordinary)).toBe('sign-in');
      await first.signIn(person);
      expect(await first.enterCode(appCode())).toBe('demo-signed-in');
      expect(await second.goes(() => second.page.reload())).toBe('demo-signed-in');
      await first.leave();
    });

    test('S30: somebody else signs in over a live session, and no page comes in between', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      const next = await university.enrol();
      await visitor.visit(university.ordinary);
      expect(await visitor.signIn(await university.enrol())).toBe('demo-signed-in');
      const before = await visitor.claims(university.ordinary);
      const tab = await visitor.openTab();
      expect(await tab.visit(university.ordinary, { prompt: 'login' })).toBe('sign-in');
      expect(await tab.signIn(next)).toBe('demo-signed-in');
      expect(tab.effort.pages).toEqual(['sign-in']);
      expect((await tab.claims(university.ordinary))?.sub).not.toBe(before?.sub);
      await visitor.leave();
    });
  });
});

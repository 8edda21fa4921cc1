import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { everyVisitor, type Visitor } from './visitor.ts';

/** The next day: the sign-in is over, what lasts longer is still there. */
async function nextDay({ context }: Visitor): Promise<void> {
  const lasting = (await context.cookies()).filter(({ expires }) => expires > 0);
  await context.clearCookies();
  await context.addCookies(lasting);
}

describeInBrowser('a browser that its user trusts', () => {
  const stage = setStage(undefined, { trustedBrowserDays: 14 });

  describe.each([everyVisitor[0]!, everyVisitor[3]!])('in $locale, with scripts: $scripts', (settings) => {
    test('R31: flow b, one page and 22 keys from the second day on, until the user ends it', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('mail-code');
      // Where there is something to tick, the last digit does not go on by itself.
      await visitor.type('code', (await university.mail(person.address)).code);
      await visitor.tick('trust_browser');
      expect(await visitor.click('continue')).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in', 'mail-code'], clicks: 3, keys: 30 });
      expect(await visitor.claims(university.important)).toMatchObject({ amr: ['pwd', 'mca'] });

      await nextDay(visitor);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in'], clicks: 1, keys: 22 });
      // The service is told the truth.
      expect(await visitor.claims(university.important)).toMatchObject({
        amr: ['pwd'],
        acr: 'urn:nijo:acr:password',
      });

      // The own page is never content with it.
      expect(await visitor.open(`${university.issuer}/account/browsers`)).toBe('mail-code');
      const reference = String(await visitor.page.locator('[data-reference]').textContent());
      await university.mailAbout(person.address, reference);
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('account-browsers');
      expect(await visitor.page.locator('[data-browser]').count()).toBe(1);
      expect(await visitor.click('end')).toBe('account-browsers');
      expect(await visitor.page.locator('[data-browser]').count()).toBe(0);

      await nextDay(visitor);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('mail-code');
      await visitor.leave();
    });
  });
});

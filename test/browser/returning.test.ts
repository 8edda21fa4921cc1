import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor } from './visitor.ts';

const byMail = { acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] };
const byApp = { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] };
const byPassword = { acr: 'urn:nijo:acr:password', amr: ['pwd'] };

describeInBrowser('a later login', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    const clicks = settings.scripts ? 1 : 2;

    test('R28: flow b, by mail code in 2 pages, 1 or 2 clicks and 30 keys', async () => {
      const { university } = stage;
      // An ID and a password of 22 characters, and the code of 8: 30 keys.
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('mail-code');
      const { code, reference } = await university.mail(person.address);
      expect(await visitor.page.locator('[data-reference]').textContent()).toBe(reference);
      expect(await visitor.page.locator('main').textContent()).not.toContain(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in', 'mail-code'], clicks, keys: 30 });
      expect(await visitor.claims(university.important)).toMatchObject(byMail);
      await visitor.leave();
    });

    test('R28: flow c, by app in 2 pages, 1 or 2 clicks and 28 keys', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('app-code');
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in', 'app-code'], clicks, keys: 28 });
      expect(await visitor.claims(university.important)).toMatchObject(byApp);
      expect(university.mailsTo(person.address)).toBe(0);
      await visitor.leave();
    });

    test('R28, R29, R30: with both ways the app comes first, and mail is one click away', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('app-code');
      expect(university.mailsTo(person.address)).toBe(0);
      expect(await visitor.click('use-mail')).toBe('mail-code');
      // Back and forth changes nothing that is set up.
      expect(await visitor.click('use-app')).toBe('app-code');
      expect(await visitor.click('use-mail')).toBe('mail-code');
      const reference = await visitor.page.locator('[data-reference]').textContent();
      const { code } = await university
        .mailAbout(person.address, `${reference}`)
        .then(() => university.mail(person.address));
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(await visitor.claims(university.important)).toMatchObject(byMail);

      // The next login has both again.
      const again = await stage.arrives(settings);
      await again.visit(university.important);
      expect(await again.signIn(person)).toBe('app-code');
      expect(await again.enterCode(appCode())).toBe('demo-signed-in');
      expect(await again.claims(university.important)).toMatchObject(byApp);
      await Promise.all([visitor.leave(), again.leave()]);
    });

    test('R1, R32: the ordinary service takes the password, the important one then asks for the code alone', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.ordinary);
      expect(await visitor.signIn(person)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in'], clicks: 1, keys: 22 });
      expect(await visitor.claims(university.ordinary)).toMatchObject(byPassword);
      expect(university.mailsTo(person.address)).toBe(0);

      expect(await visitor.visit(university.important)).toBe('mail-code');
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['mail-code'], clicks: clicks - 1, keys: 8 });
      expect(await visitor.claims(university.important)).toMatchObject(byMail);

      // Within the session nothing is asked at all, in either direction.
      for (const service of [university.important, university.ordinary]) {
        expect(await visitor.visit(service)).toBe('demo-signed-in');
        expect(visitor.effort).toEqual({ pages: [], clicks: 0, keys: 0 });
        expect(await visitor.claims(service)).toMatchObject(byMail);
      }
      await visitor.leave();
    });
  });

  test('R12: whoever has nothing set up is sent to initial setup also when coming from the ordinary service', async () => {
    const { university } = stage;
    const visitor = await stage.arrives({ locale: 'en', scripts: true });
    await visitor.visit(university.ordinary);
    const who = await university.enrol();
    expect(await visitor.signIn(who)).toBe('demo-signed-in');
    // S6: the password of that other sign-in sets nothing up.
    expect(await visitor.visit(university.important)).toBe('sign-in');
    expect(await visitor.signIn(who, { idIsThere: true })).toBe('set-up-mail');
    expect(await visitor.claims(university.important)).toBeUndefined();
    await visitor.leave();
  });

  test.each([
    { locale: 'en', scripts: true },
    { locale: 'ja', scripts: false },
  ] as const)(
    'R9: in $locale, when no more mails may be sent the page says how long to wait',
    async (settings) => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      for (let login = 1; login <= 5; login += 1) {
        const visitor = await stage.arrives(settings);
        await visitor.visit(university.important);
        expect(await visitor.signIn(person)).toBe('mail-code');
        await visitor.leave();
      }
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('mail-code');
      expect(await visitor.fault()).toBe('mail_limit_reached');
      expect(await visitor.page.locator('.fault').textContent()).toMatch(/\b1[45] ?(minutes|分)/);
      // There is no code to be entered: the one thing to do is to have one sent.
      expect(await visitor.page.locator('#code').count()).toBe(0);
      expect(await visitor.page.locator('button.primary').getAttribute('value')).toBe('resend');
      await visitor.leave();
    },
  );

  test('R32: prompt=login asks for everything again, in a session too', async () => {
    const { university } = stage;
    const person = await university.enrol(['app']);
    const visitor = await stage.arrives({ locale: 'en', scripts: true });
    await visitor.visit(university.important);
    await visitor.signIn(person);
    const used = appCode();
    await visitor.enterCode(used);
    expect(await visitor.visit(university.important, { prompt: 'login' })).toBe('sign-in');
    expect(await visitor.signIn(person)).toBe('app-code');
    // Each code once (R5): the app's next one.
    expect(await visitor.enterCode(used)).toBe('app-code');
    expect(await visitor.fault()).toBe('code_used');
    expect(await visitor.enterCode(appCode(1))).toBe('demo-signed-in');
    await visitor.leave();
  });
});

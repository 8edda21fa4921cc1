import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeInBrowser, launchBrowser, type TestBrowser } from '../support/browser.ts';
import { createInspector } from './inspector.ts';
import { startUniversity, type University } from './university.ts';
import { everyVisitor, Visitor, type VisitorSettings } from './visitor.ts';

describeInBrowser('a first login', () => {
  let university: University;
  let chromium: TestBrowser;
  const inspector = createInspector();
  beforeAll(async () => {
    [university, chromium] = await Promise.all([startUniversity(), launchBrowser()]);
  });
  afterAll(async () => {
    await chromium.close();
    await university.close();
  });
  const arrives = (settings: VisitorSettings): Promise<Visitor> =>
    Visitor.arrives(chromium.browser, university, inspector, settings);

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    test('R14: §9 a, initial setup by mail in 3 pages, 3 clicks and 52 keys, and back at the service', async () => {
      const person = await university.enrol();
      const visitor = await arrives(settings);
      expect(await visitor.visit(university.important)).toBe('sign-in');
      expect(await visitor.signIn(person)).toBe('set-up-mail');
      await visitor.type('email', person.address);
      expect(await visitor.click('continue')).toBe('set-up-mail-code');
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'set-up-mail', 'set-up-mail-code'],
        clicks: settings.scripts ? 2 : 3,
        keys: 52,
      });
      expect(await visitor.claims(university.important)).toMatchObject({
        preferred_username: person.loginId,
        acr: 'urn:nijo:acr:mail-otp',
        amr: ['pwd', 'mca'],
      });
      await visitor.leave();
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode } from './university.ts';
import { everyVisitor } from './visitor.ts';

const startAgain = 'a.primary';

describeInBrowser('whoever is lost', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    test('R33: the back button after the end leads to a page that helps, and into the service without a code', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(await university.enrol(['app']));
      await visitor.enterCode(appCode());
      expect(await visitor.goes(() => visitor.page.goBack())).toBe('error');
      expect(await visitor.fault()).toMatch(/^interaction_(expired|finished)$/);
      expect(await visitor.lang()).toBe(settings.locale);
      expect(await visitor.page.locator('[data-reference]').textContent()).toMatch(/^[0-9A-F]{8}$/);
      // "Start again" is the service itself, which knows this visitor still.
      expect(await visitor.clickOn(startAgain)).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R33: a login that has expired starts again at its service, with nothing skipped', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      const uid = new URL(visitor.page.url()).pathname.split('/').at(-1) ?? '';
      await university.db
        .updateTable('oidc_payloads')
        .set({ expires_at: sql<Date>`now() - interval '1 second'` })
        .where('model', '=', 'Interaction')
        .execute();
      await university.db
        .updateTable('sign_ins')
        .set({ expires_at: sql<Date>`now() - interval '1 second'` })
        .where('interaction', '=', uid)
        .execute();
      expect(await visitor.enterCode(appCode())).toBe('error');
      expect(await visitor.fault()).toBe('interaction_expired');
      expect(await visitor.clickOn(startAgain)).toBe('demo-signed-out');
      expect(await visitor.clickOn('a[href="/sign-in"]')).toBe('sign-in');
      expect(await visitor.signIn(person)).toBe('app-code');
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R33: the address of a login opens nothing in another browser', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const [visitor, stranger] = [await stage.arrives(settings), await stage.arrives(settings)];
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await stranger.open(visitor.page.url())).toBe('error');
      expect(await stranger.fault()).toMatch(/^interaction_(expired|foreign)$/);
      expect(await stranger.page.locator('main').textContent()).not.toContain(person.loginId);
      expect(await stranger.clickOn(startAgain)).toBe('demo-signed-out');
      // Whom it belongs to is not disturbed.
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      await Promise.all([visitor.leave(), stranger.leave()]);
    });

    test('R33: of two tabs on one login the slower one is told, and helped', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      const second = await visitor.openTab();
      expect(await second.open(visitor.page.url())).toBe('sign-in');
      const person = await university.enrol(['mail']);
      await visitor.signIn(person);
      // The password page is over; its form is not taken for the code's.
      expect(await second.signIn(person)).toBe('mail-code');
      expect(await second.page.locator('.notice').isVisible()).toBe(true);
      expect(university.mailsTo(person.address)).toBeLessThan(2);
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(await second.enterCode('00000000')).toBe('error');
      expect(await second.clickOn(startAgain)).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R33: cancelling tells the service access_denied', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      for (const stepsBefore of [0, 1]) {
        await visitor.visit(university.important);
        if (stepsBefore === 1) await visitor.signIn(await university.enrol(['mail', 'app']));
        expect(await visitor.click('cancel')).toBe('demo-failed');
        expect(await visitor.fault()).toBe('access_denied');
        expect(await visitor.claims(university.important)).toBeUndefined();
      }
      await visitor.leave();
    });

    test('R32: signing out asks first, ends the session, and the next login asks for everything', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(await university.enrol(['app']));
      await visitor.enterCode(appCode());

      // Out of this service only: the next login asks nothing.
      expect(await visitor.clickOn('form[action="/sign-out"] button')).toBe('sign-out');
      const service = { en: 'Grades', ja: '成績システム' }[settings.locale];
      expect(await visitor.page.locator('.context').textContent()).toContain(service);
      expect(await visitor.clickOn('button.secondary')).toBe('demo-signed-out');
      expect(await visitor.visit(university.important)).toBe('demo-signed-in');

      expect(await visitor.clickOn('form[action="/sign-out"] button')).toBe('sign-out');
      expect(await visitor.clickOn('button[name="logout"]')).toBe('demo-signed-out');
      expect(await visitor.claims(university.important)).toBeUndefined();
      expect(await visitor.visit(university.important)).toBe('sign-in');
      await visitor.leave();
    });

    test('R32: signing out where the session is over already leads straight back', async () => {
      const { university } = stage;
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.ordinary);
      await visitor.signIn(await university.enrol());
      await visitor.context.clearCookies({ name: /session/i });
      expect(await visitor.clickOn('form[action="/sign-out"] button')).toBe('demo-signed-out');
      // Opened by hand there is no service to go back to.
      expect(await visitor.open(`${university.issuer}/logout`)).toBe('signed-out');
      await visitor.leave();
    });
  });

  test.each(['en', 'ja'] as const)('R46: in %s, pages outside a login help too', async (locale) => {
    const { university } = stage;
    const visitor = await stage.arrives({ locale, scripts: true });
    expect(await visitor.open(`${university.issuer}/`)).toBe('home');
    expect(await visitor.open(`${university.issuer}/nothing-here`)).toBe('error');
    expect(await visitor.fault()).toBe('not_found');
    expect(await visitor.open(`${university.issuer}/authorize?client_id=nobody`)).toBe('error');
    expect(await visitor.fault()).toBe('service_unknown');
    const inquiry = await visitor.page.locator('a[data-inquiry]').getAttribute('href');
    expect(inquiry).toBe(`https://www.iimc.kyoto-u.ac.jp/${locale}/inquiry/?q=ninsho`);
    await visitor.leave();
  });
});

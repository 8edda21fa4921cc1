import { describe, expect, test } from '@jest/globals';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode, type Person } from './university.ts';
import { everyVisitor, type Visitor } from './visitor.ts';

describeInBrowser('the own page', () => {
  const stage = setStage();
  const address = (path = ''): string => `${stage.university.issuer}/account${path}`;
  const thing = (visitor: Visitor, name: string): Promise<string | null> =>
    visitor.page.locator(`[data-thing=${name}]`).textContent();
  const keyOn = async (visitor: Visitor): Promise<string> =>
    (await visitor.page.locator('.key code').textContent())?.replaceAll(' ', '') ?? '';

  /** Signs in at the own page by mail, and counts from there. */
  async function arrivesAtAccount(visitor: Visitor, person: Person): Promise<void> {
    await visitor.open(address());
    const page = await visitor.signIn(person);
    if (page === 'app-code') await visitor.click('use-mail');
    const { code } = await stage.university.mail(person.address);
    expect(await visitor.enterCode(code)).toBe('account');
    visitor.startCounting();
  }

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    const auto = settings.scripts ? 1 : 0;

    test('flow f: the app is added in 2 pages, 3 clicks at most and 6 keys, by keyboard alone', async () => {
      const person = await stage.university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await arrivesAtAccount(visitor, person);
      await visitor.tabTo('[data-thing=app] a');
      expect(await visitor.press('Enter')).toBe('set-up-app');
      expect(await visitor.enterCode(appCode(0, await keyOn(visitor)))).toBe('account');
      expect(visitor.effort).toEqual({ pages: ['set-up-app', 'account'], clicks: 2 - auto, keys: 6 });
      expect(await visitor.page.locator('.notice[role=status]').count()).toBe(1);
      expect(await visitor.page.locator('[data-thing=app] .things > li').count()).toBe(1);
      expect(await visitor.lang()).toBe(settings.locale);
      await visitor.leave();
    });

    test('flow g: the address is changed in 2 pages, 3 clicks and 30 keys; the earlier one is told', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      await arrivesAtAccount(visitor, person);
      expect(await visitor.clickOn('[data-thing=mail] a.secondary')).toBe('set-up-mail');
      const earlier = university.mailsTo(person.address);
      const next = `n${person.loginId.slice(1)}@box.example`;
      await visitor.type('email', next);
      expect(await visitor.click('continue')).toBe('set-up-mail-code');
      const { code, reference } = await university.mail(next);
      expect(await visitor.page.locator('[data-reference]').textContent()).toBe(reference);
      expect(await visitor.enterCode(code)).toBe('account');
      expect(visitor.effort).toEqual({
        pages: ['set-up-mail', 'set-up-mail-code', 'account'],
        clicks: 3 - auto,
        keys: 30,
      });
      expect(await thing(visitor, 'mail')).toContain(next);
      await university.mailAbout(person.address, settings.locale === 'ja' ? /アドレス/ : /address/);
      expect(university.mailsTo(person.address)).toBe(earlier + 1);
      await visitor.leave();
    });

    test('R27: a new phone takes the old one’s place on one guided page', async () => {
      const person = await stage.university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await arrivesAtAccount(visitor, person);
      expect(await visitor.clickOn('a[href="/account/new-phone"]')).toBe('account-new-phone');
      // The one old app is the one that goes, unless the user says otherwise.
      expect(await visitor.page.locator('input[name=replaces]:checked').getAttribute('value')).not.toBe(
        'none',
      );
      await visitor.type('code', appCode(0, await keyOn(visitor)));
      expect(await visitor.click('continue')).toBe('account');
      expect(visitor.effort).toEqual({ pages: ['account-new-phone', 'account'], clicks: 2, keys: 6 });
      expect(await visitor.page.locator('[data-thing=app] .things > li').count()).toBe(1);
      await visitor.leave();
    });
  });

  // Each page in each language once, with JavaScript in one and without it in the other.
  describe.each(everyVisitor.filter(({ locale, scripts }) => scripts === (locale === 'en')))(
    'to the inspector, in $locale, with scripts: $scripts',
    (settings) => {
      test('D8, C50, R57: the sheet of codes, the lists and the end of a session', async () => {
        const { university } = stage;
        const person = await university.enrol(['mail', 'app']);
        const other = await stage.arrives(settings);
        await arrivesAtAccount(other, person);
        const visitor = await stage.arrives(settings);
        await visitor.open(address());
        await visitor.signIn(person);
        expect(await visitor.enterCode(appCode())).toBe('account');
        visitor.startCounting();

        // Recovery codes: shown once, on a sheet that prints on one page and says not whose it is.
        expect(await visitor.clickOn('[data-thing=recovery-codes] a.secondary')).toBe(
          'account-recovery-codes',
        );
        expect(await visitor.click('continue')).toBe('account-recovery-codes');
        const codes = await visitor.page.locator('.codes code').allTextContents();
        expect(codes).toHaveLength(10);
        await visitor.page.emulateMedia({ media: 'print' });
        expect(
          await visitor.page.locator('.site-head, .site-foot, h1').filter({ visible: true }).count(),
        ).toBe(0);
        const pdf = await visitor.page.pdf({ preferCSSPageSize: true });
        expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
        expect(await visitor.page.locator('main').innerText()).not.toContain(person.loginId);
        await visitor.page.emulateMedia({ media: 'screen' });
        expect(await visitor.clickOn('a.primary')).toBe('account');

        for (const path of ['/check', '/browsers', '/services', '/history'])
          await visitor.open(address(path));
        expect(await visitor.open(address('/sessions'))).toBe('account-sessions');
        expect(await visitor.page.locator('[data-session]').count()).toBe(2);
        expect(await visitor.click('end')).toBe('account-sessions');
        expect(await visitor.page.locator('[data-session]').count()).toBe(1);
        expect(await other.open(address())).toBe('sign-in');
        expect(await visitor.clickOn('a[href="/logout"]')).toBe('sign-out');
        await Promise.all([visitor.leave(), other.leave()]);
      });

      test('D9, R23, R57: what is tried, renamed and removed, with its faults', async () => {
        const { university } = stage;
        const person = await university.enrol(['mail', 'app']);
        const visitor = await stage.arrives(settings);
        await visitor.open(address());
        await visitor.signIn(person);
        expect(await visitor.enterCode(appCode())).toBe('account');

        // Trying the ways, on the spot.
        expect(await visitor.open(address('/check'))).toBe('account-check');
        expect(await visitor.enterCode('000000')).toBe('account-check');
        expect(await visitor.fault()).toBe('code_wrong');
        expect(await visitor.click('use-mail')).toBe('account-check-code');
        const { code } = await university.mail(person.address);
        expect(await visitor.enterCode(code)).toBe('account-check');

        // Names, and what is removed: cancelled, forgotten, done.
        await visitor.open(address());
        expect(await visitor.clickOn('a[href^="/account/rename/app/"]')).toBe('account-rename');
        await visitor.page.locator('#device_name').fill('x'.repeat(70));
        expect(await visitor.click('continue')).toBe('account-rename');
        expect(await visitor.fault()).toBe('device_name_too_long');
        expect(await visitor.click('cancel')).toBe('account');
        expect(await visitor.clickOn('a[href="/account/remove/mail"]')).toBe('account-remove');
        expect(await visitor.click('continue')).toBe('account-remove');
        expect(await visitor.fault()).toBe('acknowledgement_missing');
        await visitor.tick('acknowledge');
        expect(await visitor.click('continue')).toBe('account');
        expect(await visitor.page.locator('[data-standing=app-only]').count()).toBe(1);
        // A dead link of an earlier change says so where the user can go on.
        expect(await visitor.open(address('/app/AAAAAAAAAAAAAAAAAAAAAA'))).toBe('account');
        expect(await visitor.fault()).toBe('change_expired');
        await visitor.leave();
      });
    },
  );
});

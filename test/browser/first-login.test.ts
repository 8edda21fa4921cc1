import { describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { toString as qrToString } from 'qrcode';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { everyVisitor } from './visitor.ts';

describeInBrowser('a first login', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    test('R14: flow a, initial setup by mail in 3 pages, 3 clicks and 52 keys, and back at the service', async () => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives(settings);
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

    test('R13, R22, R23: without a mail address, an app is set up after its consequences are acknowledged', async () => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await visitor.click('no-mail')).toBe('set-up-app-only');

      expect(await visitor.click('continue')).toBe('set-up-app-only');
      expect(await visitor.fault()).toBe('acknowledgement_missing');
      await visitor.tick('acknowledge');
      expect(await visitor.click('continue')).toBe('set-up-app');
      const given = await university.db
        .selectFrom('acknowledgements as k')
        .innerJoin('accounts as a', 'a.id', 'k.account_id')
        .select(['k.locale', 'k.text_version'])
        .where('a.login_id', '=', person.loginId)
        .execute();
      expect(given).toEqual([{ locale: settings.locale, text_version: expect.stringMatching(/./) }]);

      const { page } = visitor;
      const key = page.locator('.key code');
      const secret = ((await key.textContent()) ?? '').replaceAll(' ', '');
      expect(secret).toMatch(/^[A-Z2-7]{32}$/);
      await key.click();
      expect(await page.evaluate('String(getSelection())')).toBe(await key.textContent());

      const address = (await page.locator('a[href^="otpauth:"]').getAttribute('href')) ?? '';
      const link = new URL(address);
      expect(decodeURIComponent(link.pathname)).toBe(`/Kyoto University:${person.loginId}`);
      expect(link.searchParams.get('secret')).toBe(secret);
      expect(link.searchParams.get('issuer')).toBe('Kyoto University');
      const drawn = await page
        .locator('[role=img] path')
        .evaluateAll((all) => all.map((path) => path.getAttribute('d')));
      const expected = await qrToString(address, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 });
      for (const path of drawn) expect(expected).toContain(` d="${path}"`);
      expect(drawn.length).toBeGreaterThan(0);
      expect(await page.locator('[data-copy]').isVisible()).toBe(settings.scripts);

      await page.locator('#code').focus();
      expect(await visitor.enterCode(generateSync({ secret }))).toBe('demo-signed-in');
      expect(visitor.effort.pages).toEqual([
        'sign-in',
        'set-up-mail',
        'set-up-app-only',
        'set-up-app-only',
        'set-up-app',
      ]);
      expect(await visitor.claims(university.important)).toMatchObject({
        acr: 'https://refeds.org/profile/mfa',
        amr: ['pwd', 'otp', 'mfa'],
      });
      await visitor.leave();
    });
  });

  test('R13: the button copies the key', async () => {
    const { university } = stage;
    const visitor = await stage.arrives({ locale: 'en', scripts: true });
    await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write'], {
      origin: university.issuer,
    });
    await visitor.visit(university.important);
    await visitor.signIn(await university.enrol());
    await visitor.click('no-mail');
    await visitor.tick('acknowledge');
    await visitor.click('continue');
    await visitor.page.locator('[data-copy]').click();
    await visitor.page.getByText('Copied', { exact: true }).waitFor();
    const shown = (await visitor.page.locator('.key code').textContent()) ?? '';
    expect(await visitor.page.evaluate('navigator.clipboard.readText()')).toBe(shown.replaceAll(' ', ''));
    await visitor.leave();
  });

  test.each(['en', 'ja'] as const)(
    'R17: in %s, an address of the university is refused with the rule, and another one can follow',
    async (locale) => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives({ locale, scripts: true });
      await visitor.visit(university.important);
      await visitor.signIn(person);
      await visitor.type('email', 'aoi@st.kyoto-u.ac.jp');
      expect(await visitor.click('continue')).toBe('set-up-mail');
      expect(await visitor.fault()).toBe('address_forbidden');
      const words = await visitor.page.locator('.fault').textContent();
      for (const domain of ['@st.kyoto-u.ac.jp', '@kyoto-u.ac.jp', '@ms.c.kyoto-u.ac.jp'])
        expect(words).toContain(domain);

      // A slip of the keyboard is put right on the next page, without a new login.
      await visitor.page.locator('#email').fill(`x${person.address}`);
      expect(await visitor.click('continue')).toBe('set-up-mail-code');
      expect(await visitor.page.locator('main').textContent()).toContain(`x${person.address}`);
      expect(await visitor.click('change-address')).toBe('set-up-mail');
      await visitor.type('email', person.address);
      await visitor.click('continue');
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      await visitor.leave();
    },
  );

  test.each(['en', 'ja'] as const)(
    'R20: in %s, after the setup a mail tells which way and which address, masked',
    async (locale) => {
      const { university } = stage;
      const person = await university.enrol();
      const visitor = await stage.arrives({ locale, scripts: true });
      await visitor.visit(university.important);
      await visitor.signIn(person);
      await visitor.type('email', person.address);
      await visitor.click('continue');
      const { code } = await university.mail(person.address);
      await visitor.enterCode(code);
      const mail = await university.mailAbout(person.address, locale === 'en' ? 'was added' : '追加しました');
      expect(mail.html).toContain(`<html lang="${locale}"`);
      expect(mail.text).not.toContain(person.address);
      expect(mail.text).toMatch(/b•+\d@box\.example/);
      await visitor.leave();
    },
  );
});

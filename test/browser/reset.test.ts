import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import { weekInWords } from '../../src/i18n/opening.ts';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import { appCode, type Person, type University } from './university.ts';
import { everyVisitor, type Visitor } from './visitor.ts';

const byMail = { acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] };
const byApp = { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] };

/** The key that the page shows as text. */
const shownKey = async (visitor: Visitor): Promise<string> =>
  ((await visitor.page.locator('.key code').textContent()) ?? '').replaceAll(' ', '');

async function idOf(university: University, person: Person): Promise<string> {
  const { id } = await university.db
    .selectFrom('accounts')
    .select('id')
    .where('login_id', '=', person.loginId)
    .executeTakeFirstOrThrow();
  return id;
}

describeInBrowser('an app that cannot be used', () => {
  const stage = setStage();

  describe.each(everyVisitor)('in $locale, with scripts: $scripts', (settings) => {
    // With JavaScript the last digit goes on by itself, except where it does something for good.
    const saved = settings.scripts ? 1 : 0;

    test('R30: flow d, just by mail this once: 3 pages, 3 clicks, nothing to reset', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('app-code');
      expect(await visitor.click('use-mail')).toBe('mail-code');
      const { code } = await university.mail(person.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'app-code', 'mail-code'],
        clicks: 3 - saved,
        keys: 30,
      });
      expect(await visitor.claims(university.important)).toMatchObject(byMail);
      await visitor.leave();
    });

    test('R35: flow d, full reset and a new app in one sitting: 4 pages, 5 clicks, 36 keys, the password once', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await visitor.click('lost-app')).toBe('reset');
      const { code, reference } = await university.mail(person.address);
      expect(await visitor.page.locator('[data-reference]').textContent()).toBe(reference);
      expect(await visitor.page.locator('main').textContent()).not.toContain(person.address);
      await visitor.choose('reason', 'device-failure');
      await visitor.type('code', code);
      expect(await visitor.click('continue')).toBe('reset-done');
      const key = await shownKey(visitor);
      expect(await visitor.enterCode(appCode(0, key))).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'app-code', 'reset', 'reset-done'],
        clicks: 5 - saved,
        keys: 36,
      });
      expect(await visitor.claims(university.important)).toMatchObject(byApp);
      await university.mailAbout(person.address, settings.locale === 'ja' ? /リセット/ : /reset/i);
      await visitor.leave();
    });

    test('R35, R33: a forgotten reason, the other language, a reload and a second tab keep the reset where it is', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail', 'app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      await visitor.click('lost-app');
      const { code } = await university.mail(person.address);
      await visitor.type('code', code);
      expect(await visitor.click('continue')).toBe('reset');
      expect(await visitor.fault()).toBe('reason_missing');
      await visitor.choose('reason', 'not-transferred');
      expect(await visitor.clickOn('button[name="lang"]')).toBe('reset');
      expect(await visitor.lang()).not.toBe(settings.locale);
      expect(await visitor.page.locator('#reason-not-transferred').isChecked()).toBe(true);
      await visitor.goes(() => visitor.page.reload());
      expect(university.mailsTo(person.address)).toBe(1);
      const tab = await visitor.openTab();
      expect(await tab.open(visitor.page.url())).toBe('reset');
      // Turning back to the app changes nothing: what is left in the other tab resets nothing any more.
      expect(await visitor.click('use-app')).toBe('app-code');
      await tab.choose('reason', 'other');
      await tab.type('code', code);
      expect(await tab.click('continue')).toBe('app-code');
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      expect(await visitor.claims(university.important)).toMatchObject(byApp);
      await visitor.leave();
    });

    test('R36: without a registered address the button says where and when to go, and leads back', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await visitor.click('lost-app')).toBe('help-support');
      const text = await visitor.page.locator('main').textContent();
      const { name } = university.cluster.config.branding.support_centre;
      const { hours, holidays } = university.cluster.config.desk;
      expect(text).toContain(name[settings.locale]);
      expect(text).toContain(weekInWords(hours, settings.locale, holidays));
      expect(await visitor.click('continue')).toBe('app-code');
      expect(await visitor.enterCode(appCode())).toBe('demo-signed-in');
      await visitor.leave();
    });

    test('R20: the login after the setup offers the app once; one click goes on without it', async () => {
      const { university } = stage;
      const person = await university.enrol();
      const first = await stage.arrives(settings);
      await first.visit(university.important);
      await first.signIn(person);
      await first.type('email', person.address);
      expect(await first.click('continue')).toBe('set-up-mail-code');
      expect(await first.enterCode((await university.mail(person.address)).code)).toBe('demo-signed-in');
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('mail-code');
      const reference = await visitor.page.locator('[data-reference]').textContent();
      await university.mailAbout(person.address, reference ?? 'no reference');
      expect(await visitor.enterCode((await university.mail(person.address)).code)).toBe('set-up-app');
      expect(await visitor.click('skip')).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({
        pages: ['sign-in', 'mail-code', 'set-up-app'],
        clicks: 3 - saved,
        keys: 30,
      });
      await Promise.all([first.leave(), visitor.leave()]);
    });

    test('R24, D5: the pages about an address come after the last step, and lead on', async () => {
      const { university } = stage;
      const [appOnly, leaving] = [await university.enrol(['app']), await university.enrol(['mail'])];
      await sql`update app_factors set proven_at = now() - interval '91 days'
        where account_id = ${await idOf(university, appOnly)}`.execute(university.db);
      await sql`update accounts set ends_at = now() + interval '30 days'
        where id = ${await idOf(university, leaving)}`.execute(university.db);
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(appOnly);
      expect(await visitor.enterCode(appCode())).toBe('set-up-mail');
      await visitor.type('email', appOnly.address);
      expect(await visitor.click('continue')).toBe('set-up-mail-code');
      const { code } = await university.mail(appOnly.address);
      expect(await visitor.enterCode(code)).toBe('demo-signed-in');
      expect(await visitor.claims(university.important)).toMatchObject(byApp);

      const other = await stage.arrives(settings);
      await other.visit(university.important);
      await other.signIn(leaving);
      expect(await other.enterCode((await university.mail(leaving.address)).code)).toBe('confirm-address');
      expect(await other.click('continue')).toBe('demo-signed-in');
      await Promise.all([visitor.leave(), other.leave()]);
    });

    test('R30, D8: a recovery code opens the login, and the page says when few are left', async () => {
      const { university } = stage;
      const person = await university.enrol(['app']);
      const { sealer, config } = university.cluster;
      const { recoveryCodes } = createSecondFactor({
        db: university.db,
        sealer,
        config,
        handOver: () => undefined,
      });
      const accountId = await idOf(university, person);
      const origin = { requestId: 'test', address: '127.0.0.1', node: 'test', userAgent: '' };
      const { number, codes } = await recoveryCodes.make({ accountId, origin, locale: settings.locale });
      const forget = sql`update recovery_codes set used_at = now() where account_id = ${accountId}
        and digest in (select digest from recovery_codes where account_id = ${accountId} order by digest limit 7)`;
      const visitor = await stage.arrives(settings);
      await visitor.visit(university.important);
      await visitor.signIn(person);
      expect(await visitor.click('use-recovery-code')).toBe('recovery-code');
      expect(await visitor.page.locator('main').textContent()).toContain(number);
      await forget.execute(university.db);
      // Which of the ten are left nobody can tell by looking: the right one is accepted.
      let name = 'recovery-code';
      for (const code of codes) {
        await visitor.type('code', code);
        name = await visitor.click('continue');
        if (name !== 'recovery-code') break;
        expect(await visitor.fault()).toBe('recovery_code_wrong');
        await visitor.page.locator('.fault-title a').click();
      }
      expect(name).toBe('codes-low');
      expect(await visitor.click('continue')).toBe('demo-signed-in');
      expect(await visitor.claims(university.important)).toMatchObject({ amr: ['pwd', 'mfa'] });
      await visitor.leave();
    });
  });
});

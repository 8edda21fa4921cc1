import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId, newSecret } from '../../src/base/ids.ts';
import { describeInBrowser } from '../support/browser.ts';
import { setStage } from './stage.ts';
import type { Person } from './university.ts';
import { addAuthenticator } from './virtual-authenticator.ts';
import type { Visitor, VisitorSettings } from './visitor.ts';

const withPassword = { acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'pop', 'user', 'mfa'] };
const alone = { acr: 'https://refeds.org/profile/mfa', amr: ['pop', 'user', 'mfa'] };

describeInBrowser('passkeys', () => {
  const stage = setStage(undefined, { passkeys: true });

  /** Signs in to the own page with the code of a mail, and opens the page for a passkey. */
  async function toPasskeyPage(visitor: Visitor, person: Person): Promise<void> {
    await visitor.open(`${stage.university.issuer}/account`);
    await visitor.signIn(person);
    const { code } = await stage.university.mail(person.address);
    expect(await visitor.enterCode(code)).toBe('account');
    expect(await visitor.clickOn('a[href="/account/passkey"]')).toBe('account-passkey');
  }
  /** Presses the button that asks the browser, where the page stays. @returns what it says. */
  async function saysAfter(visitor: Visitor, action: string): Promise<string> {
    const said = visitor.page.locator('[data-passkey-status]');
    await visitor.page.locator(`button[name="action"][value="${action}"]`).click();
    await said.waitFor({ state: 'visible' });
    return (await said.textContent()) ?? '';
  }
  const saying = (visitor: Visitor, what: string) =>
    visitor.page.locator('[data-passkey-status]').getAttribute(`data-${what}`);
  const forgetEverything = (visitor: Visitor) => visitor.context.clearCookies();

  describe.each<VisitorSettings & { browser: string }>([
    { locale: 'en', scripts: true, browser: 'of today' },
    { locale: 'ja', scripts: true, browser: 'of some years ago' },
  ])('in $locale, in a browser $browser', ({ browser, ...settings }) => {
    test('C54: registered and named on the own page, used after the password, and alone in one click', async () => {
      const { university } = stage;
      const person = await university.enrol(['mail']);
      const visitor = await stage.arrives(settings);
      if (browser !== 'of today') {
        await visitor.context.addInitScript(`
          delete PublicKeyCredential.parseRequestOptionsFromJSON;
          delete PublicKeyCredential.parseCreationOptionsFromJSON;
          delete PublicKeyCredential.prototype.toJSON;`);
      }
      const device = await addAuthenticator(visitor.page);
      await toPasskeyPage(visitor, person);
      expect(await visitor.page.locator('noscript').isVisible()).toBe(false);
      // Whoever cancels, or is not recognised, is told, and tries again on the same page.
      await device.recognises(false);
      expect(await saysAfter(visitor, 'continue')).toBe(await saying(visitor, 'cancelled'));
      await device.recognises(true);
      await visitor.page.locator('input[name="device_name"]').fill('My laptop');
      expect(await visitor.click('continue')).toBe('account');
      expect(await visitor.page.locator('[data-thing="passkeys"]').textContent()).toContain('My laptop');
      expect(await visitor.page.locator('.notice[role="status"]').count()).toBe(1);
      expect(await device.passkeys()).toBe(1);
      await university.mailAbout(person.address, settings.locale === 'en' ? /passkey/i : /パスキー/);
      // D9: tried on the spot.
      await visitor.open(`${university.issuer}/account/check`);
      expect(await visitor.clickOn('a[href="/account/check-passkey"]')).toBe('account-check-passkey');
      expect(await visitor.click('continue')).toBe('account-check');
      expect(await visitor.page.locator('.notice[role="status"]').count()).toBe(1);
      // One for each account on a device.
      await visitor.open(`${university.issuer}/account`);
      await visitor.clickOn('a[href="/account/passkey"]');
      expect(await saysAfter(visitor, 'continue')).toBe(await saying(visitor, 'known'));

      await forgetEverything(visitor);
      await visitor.visit(university.important);
      expect(await visitor.signIn(person)).toBe('passkey');
      await device.recognises(false);
      expect(await saysAfter(visitor, 'continue')).toBe(await saying(visitor, 'cancelled'));
      await device.recognises(true);
      expect(await visitor.click('continue')).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in', 'passkey'], clicks: 2, keys: 22 });
      expect(await visitor.claims(university.important)).toMatchObject(withPassword);

      await forgetEverything(visitor);
      await visitor.visit(university.important);
      expect(await visitor.click('use-passkey')).toBe('demo-signed-in');
      expect(visitor.effort).toEqual({ pages: ['sign-in'], clicks: 1, keys: 0 });
      expect(await visitor.claims(university.important)).toMatchObject(alone);

      // A service that does not allow it asks for ID and password.
      await forgetEverything(visitor);
      expect(await visitor.visit(university.ordinary)).toBe('sign-in');
      expect(await visitor.page.locator('[value="use-passkey"], [data-passkey]').count()).toBe(0);
      await visitor.leave();
    });
  });

  test('C54: a session with the password alone is stepped up by the passkey', async () => {
    const { university } = stage;
    const person = await university.enrol(['mail']);
    const visitor = await stage.arrives({ locale: 'en', scripts: true });
    await addAuthenticator(visitor.page);
    await toPasskeyPage(visitor, person);
    await visitor.click('continue');
    await forgetEverything(visitor);
    await visitor.visit(university.ordinary);
    expect(await visitor.signIn(person)).toBe('demo-signed-in');
    expect(await visitor.visit(university.important)).toBe('passkey');
    expect(await visitor.click('continue')).toBe('demo-signed-in');
    expect(await visitor.claims(university.important)).toMatchObject(withPassword);
    // Removed on the own page, it is asked for no more.
    await visitor.open(`${university.issuer}/account`);
    await visitor.clickOn('a[href^="/account/remove/passkey/"]');
    expect(await visitor.click('continue')).toBe('account');
    await forgetEverything(visitor);
    await visitor.visit(university.important);
    expect(await visitor.signIn(person)).toBe('mail-code');
    await visitor.leave();
  });

  /** A passkey that is on a device elsewhere. */
  async function passkeyElsewhere({ loginId }: Person): Promise<void> {
    await sql`insert into passkeys (id, account_id, name, credential_id, public_key, counter, backed_up, aaguid)
      select ${newId()}, id, 'Elsewhere', ${newSecret()}, ${Buffer.alloc(80)}, 0, false, ${newId()}
      from accounts where login_id = ${loginId}`.execute(stage.university.db);
  }

  test.each<VisitorSettings & { without: string }>([
    { locale: 'en', scripts: false, without: 'JavaScript' },
    { locale: 'ja', scripts: false, without: 'JavaScript' },
    { locale: 'en', scripts: true, without: 'passkeys' },
  ])('R57: a browser without $without is told, and no page is a dead end ($locale)', async (settings) => {
    const { university } = stage;
    const { without, ...visitorSettings } = settings;
    const person = await university.enrol(['mail']);
    const visitor = await stage.arrives(visitorSettings);
    if (without === 'passkeys') await visitor.context.addInitScript('delete globalThis.PublicKeyCredential;');
    await toPasskeyPage(visitor, person);
    const told = visitor.page.locator(settings.scripts ? '[data-passkey-status]' : 'noscript .caution');
    expect(await told.isVisible()).toBe(true);
    if (!settings.scripts) {
      expect(await visitor.click('continue')).toBe('account-passkey');
      expect(await visitor.fault()).toBe('passkey_unsupported');
    }
    expect(await visitor.click('cancel')).toBe('account');

    await passkeyElsewhere(person);
    await forgetEverything(visitor);
    await visitor.visit(university.important);
    expect(await visitor.page.locator('[value="use-passkey"]').isVisible()).toBe(false);
    expect(await visitor.signIn(person)).toBe('passkey');
    expect(await told.isVisible()).toBe(true);
    if (!settings.scripts) {
      expect(await visitor.click('continue')).toBe('passkey');
      expect(await visitor.fault()).toBe('passkey_unsupported');
    }
    const before = university.mailsTo(person.address);
    expect(await visitor.click('use-mail')).toBe('mail-code');
    while (university.mailsTo(person.address) === before) await visitor.page.waitForTimeout(20);
    const { code } = await university.mail(person.address);
    expect(await visitor.enterCode(code)).toBe('demo-signed-in');
    await visitor.leave();
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { mailsTo, person } from './visits.ts';

const inquiry = {
  en: 'https://www.iimc.kyoto-u.ac.jp/en/inquiry/?q=ninsho',
  ja: 'https://www.iimc.kyoto-u.ac.jp/ja/inquiry/?q=ninsho',
};

describeOnEveryDatabase('the language of the pages', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    const explicit = { ...testClients[2], client_id: 'asking', consent: 'explicit' };
    cluster = await startCluster(database, {
      config: { branding: { inquiry_url: inquiry } },
      clients: [...testClients, explicit],
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const languageOf = (page: Answer): string | undefined =>
    page.html.querySelector('html')?.getAttribute('lang');
  /** R45, R46 on one page: `lang`, the toggle, the inquiry link; and a way on (no dead end). */
  const expectPage = (page: Answer, name: string, locale: 'en' | 'ja'): void => {
    expect([page.page, languageOf(page), page.headers['content-language']]).toEqual([name, locale, locale]);
    const other = locale === 'en' ? 'ja' : 'en';
    const toggle = page.html.querySelector(`nav.language [hreflang=${other}]`);
    expect(toggle?.getAttribute('lang')).toBe(other);
    expect(page.html.querySelector('[data-inquiry]')?.getAttribute('href')).toBe(inquiry[locale]);
  };
  /** Uses the toggle as a browser without JavaScript does, with what is typed in the form. */
  const toggle = async (
    browser: UserAgent,
    page: Arrival,
    typed: Record<string, string> = {},
  ): Promise<Arrival> => {
    const control = page.html.querySelector('nav.language [hreflang]');
    if (control?.tagName === 'A')
      return browser.open(new URL(control.getAttribute('href') ?? '', page.url).href);
    expect(control?.getAttribute('form')).toBe('page-form');
    return browser.submit(page, { ...typed, lang: control?.getAttribute('value') ?? '' });
  };

  test('R45, R46: every page of a login has the toggle, keeps what was typed and does nothing else', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const there = async (
      name: string,
      page: Arrival,
      typed: Record<string, string> = {},
    ): Promise<Arrival> => {
      expectPage(page, name, 'en');
      const japanese = await toggle(browser, page, typed);
      expectPage(japanese, name, 'ja');
      expect([japanese.status, japanese.fault, japanese.url.pathname]).toEqual([
        200,
        undefined,
        page.url.pathname,
      ]);
      for (const [field, value] of Object.entries(typed))
        expect(japanese.html.querySelector(`[name=${field}]`)?.getAttribute('value')).toBe(value);
      const back = await toggle(browser, japanese, typed);
      expectPage(back, name, 'en');
      return back;
    };
    const signIn = await there('sign-in', await browser.start(), { login_id: who.loginId });
    // A password is never sent back to the page.
    const withPassword = await toggle(browser, signIn, { login_id: who.loginId, password: testPassword });
    expect(withPassword.body).not.toContain(testPassword);
    const english = await toggle(browser, withPassword, { login_id: who.loginId });

    const address = await browser.submit(english, { login_id: who.loginId, password: testPassword });
    const kept = await there('set-up-mail', address, { email: 'half@typed.exam' });
    const appOnly = await there('set-up-app-only', await browser.submit(kept, { action: 'no-mail' }));
    const app = await browser.submit(appOnly, { acknowledge: 'yes' });
    const appKept = await there('set-up-app', app, { device_name: '紫 phone' });
    const key = (page: Answer): string | undefined => page.html.querySelector('.key code')?.textContent;
    expect(key(appKept)).toBe(key(app));

    const mailed = await person(cluster);
    const other = new UserAgent(cluster);
    const codePage = await other.submit(await other.password(mailed.loginId), { email: mailed.address });
    expectPage(codePage, 'set-up-mail-code', 'en');
    expectPage(await toggle(other, codePage, { code: '1234' }), 'set-up-mail-code', 'ja');
    expect(await mailsTo(database.db, mailed.address)).toHaveLength(1);
  });

  test('R45, R46: the factor pages, consent, sign-out and errors have them too', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const app = await browser.password(who.loginId, 'asking', {
      acr_values: 'https://refeds.org/profile/mfa',
    });
    expectPage(app, 'app-code', 'en');
    const other = new UserAgent(cluster);
    const mail = await other.submit(await other.password(who.loginId), { action: 'use-mail' });
    expectPage(mail, 'mail-code', 'en');
    expectPage(await toggle(other, mail), 'mail-code', 'ja');

    const consent = await browser.submit(app, { code: appCode() });
    expectPage(consent, 'consent', 'en');
    const japanese = await toggle(browser, consent);
    expectPage(japanese, 'consent', 'ja');
    expect((await browser.submit(japanese)).callback?.searchParams.get('code')).toBeTruthy();

    // From here on the browser's cookie says Japanese.
    for (const [name, path] of [
      ['sign-out', '/logout'],
      ['error', '/interaction/unknown'],
      ['error', '/authorize?client_id=nobody'],
      ['error', '/nowhere'],
      ['home', '/'],
    ] as const) {
      const page = await browser.open(path);
      expectPage(page, name, 'ja');
      expectPage(await toggle(browser, page), name, 'en');
      await toggle(browser, await browser.open(path));
      if (name === 'error')
        expect(page.html.querySelector('[data-reference]')?.textContent).toMatch(/^[0-9A-Z-]{6,}$/);
    }
  });

  test('R45: the choice is stored: in the browser, and with the account from the next password on', async () => {
    const who = await person(cluster, { app: true, locale: 'en' });
    const browser = new UserAgent(cluster);
    const page = await toggle(browser, await browser.start());
    expect(languageOf(page)).toBe('ja');
    const app = await browser.submit(page, { login_id: who.loginId, password: testPassword });
    expect(languageOf(app)).toBe('ja');
    expect(languageOf(await browser.start('optional'))).toBe('ja');
    // Another browser of this person, whose own preference is English, follows the account after the password.
    const other = new UserAgent(cluster);
    const signIn = await other.start();
    expect(languageOf(signIn)).toBe('en');
    expect(languageOf(await other.submit(signIn, { login_id: who.loginId, password: testPassword }))).toBe(
      'ja',
    );
  });

  test('R45: ui_locales is honoured, until the person chooses otherwise in this login', async () => {
    const browser = new UserAgent(cluster);
    expect(languageOf(await browser.start('important', { ui_locales: 'fr ja en' }))).toBe('ja');
    expect(languageOf(await browser.start('important', { ui_locales: 'fr' }))).toBe('en');
    const page = await browser.start('important', { ui_locales: 'ja' });
    const chosen = await toggle(browser, page);
    expect(languageOf(chosen)).toBe('en');
    expect(languageOf(await browser.open(page.url.pathname))).toBe('en');
  });

  test('R45: codes are mailed in the language of the page', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await toggle(browser, await browser.start());
    await browser.submit(page, { login_id: who.loginId, password: testPassword });
    expect(await mailsTo(database.db, who.address)).toMatchObject([{ kind: 'sign-in-code', locale: 'ja' }]);
  });
});

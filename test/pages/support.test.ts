import { describe, expect, test } from '@jest/globals';
import { locales } from '../../src/i18n/locale.ts';
import { supportForm } from '../../src/pages/support.ts';
import { buttonsOf, chromeFor, models, renderer, renderPage } from './fixtures.ts';
import { opening, supportModels } from './support-fixtures.ts';

describe.each(locales)('the support centre in %s', (locale) => {
  test('R51: every page that leads there says when it is open', () => {
    for (const name of ['help-support', 'help-support-request', 'help-case', 'reset', 'not-me-done'] as const)
      expect(renderPage(name, locale)).toContain(`data-opening="closed">${opening.words}</p>`);
    const account = {
      ...models.account,
      standing: [
        { kind: 'app-only' as const, params: {}, to: '/account/mail' },
        { kind: 'codes-few' as const, params: { left: 2 } },
      ],
      opening,
    };
    const html = renderer.page('account', account, chromeFor(locale));
    expect(html.match(/data-opening/g)).toHaveLength(1);
  });

  test('R36: it is found from the sign-in page, the front page, and each page of a second step', () => {
    expect(renderPage('sign-in', locale)).toContain('href="/help/support?login=abc&amp;ui_locales=en"');
    expect(renderPage('home', locale)).toContain('href="/help/support"');
    for (const name of ['mail-code', 'app-code', 'recovery-code', 'passkey', 'reset'] as const)
      expect(buttonsOf(renderPage(name, locale))).toContain('action=help');
    for (const name of ['set-up-mail-code', 'account-check-code'] as const)
      expect(buttonsOf(renderPage(name, locale))).not.toContain('action=help');
  });

  test('R33, R51: an error that only the support centre mends leads there first', () => {
    const support = { ...opening, form: supportForm(locale) };
    const again = { service: 'Library', url: 'https://library.example/' };
    const html = renderer.page(
      'error',
      { code: 'factor_missing', reference: 'REF-1', startAgain: again, support },
      chromeFor(locale, { languageToggle: 'link' }),
    );
    expect(html.match(/class="primary"/g)).toHaveLength(1);
    expect(html).toContain(`class="primary" href="/help/support?ui_locales=${locale}"`);
    expect(html).toContain('class="secondary" href="https://library.example/"');
    expect(html).toContain(opening.words);
  });

  test('R36: outside a login the answer has the number, its own toggle, and one way on', () => {
    const { login: _login, ...outside } = supportModels['help-case'];
    for (const signIn of ['/interaction/abc', undefined]) {
      const model = { ...outside, ...(signIn === undefined ? {} : { signIn }) };
      const html = renderer.page('help-case', model, chromeFor(locale, { url: '/help/support' }));
      expect(html).toContain('<input type="hidden" name="number" value="KQ7M-2XZP">');
      expect(buttonsOf(html)).toEqual([]);
      expect(html).toMatch(/<button form="page-form" type="submit" name="lang"/);
      expect(html.match(/class="primary"/g)).toHaveLength(1);
      expect(html.includes('href="/interaction/abc"')).toBe(signIn !== undefined);
    }
  });
});

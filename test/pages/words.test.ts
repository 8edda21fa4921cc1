import { describe, expect, test } from '@jest/globals';
import { type ErrorCode, errorStatus } from '../../src/base/errors.ts';
import { addressRule } from '../../src/i18n/address-rule.ts';
import { locales } from '../../src/i18n/locale.ts';
import { translator } from '../../src/i18n/translate.ts';
import {
  chromeFor,
  fieldsOf,
  forbidden,
  models,
  pageNames,
  renderer,
  renderPage,
  textOf,
} from './fixtures.ts';
import type { Delivery } from '../../src/pages/shared.ts';

const codes = Object.keys(errorStatus) as ErrorCode[];

describe.each(locales)('faults in %s', (locale) => {
  const t = translator(locale);

  test.each(pageNames)('R57: %s with a fault names it in title, summary and at the field', (name) => {
    for (const field of fieldsOf[name] ?? []) {
      const html = renderPage(name, locale, { fault: { code: 'bad_request', field } });
      const words = t('errors.bad_request.title');
      expect(html).toMatch(locale === 'en' ? /<title>Error: / : /<title>エラー：/);
      expect(html).toContain(`<div class="fault" role="alert" tabindex="-1" data-fault="bad_request">`);
      expect(html).toContain(`<a href="#${field}">${words}</a>`);
      expect(html).toMatch(new RegExp(`<p class="field-fault" id="${field}-fault">`));
      expect(html).toMatch(
        new RegExp(
          `<(?:input|fieldset|textarea) id="${field}"[^>]* aria-invalid="true" aria-describedby="${field}-fault`,
        ),
      );
      // Nobody who types should be carried past the message.
      expect(html).not.toContain(' autofocus');
    }
  });

  test('R46: every code has a page that says what happened, what to do and whom to ask', () => {
    for (const code of codes) {
      const html = renderer.page('error', { code, reference: 'REF-1' }, chromeFor(locale));
      const words = textOf(html);
      expect(words).toContain(t(`errors.${code}.title`));
      expect(words).toContain(t(`errors.${code}.message`));
      expect(words).toContain('REF-1');
      expect(html.match(/class="primary"/g)).toHaveLength(1);
    }
  });

  test('a message with details is used only if they are there', () => {
    const detailed = renderPage('mail-code', locale, {
      fault: { code: 'resend_too_soon', details: { seconds: 7 } },
    });
    expect(textOf(detailed)).toContain(t('errors.resend_too_soon.detailed', { seconds: 7 }));
    const plain = renderPage('mail-code', locale, { fault: { code: 'resend_too_soon' } });
    expect(textOf(plain)).toContain(t('errors.resend_too_soon.message'));
  });

  test('R3: a wrong ID and a wrong password read the same, and no factor is named', () => {
    const words = `${t('errors.wrong_credentials.title')} ${t('errors.wrong_credentials.message')}`;
    expect(words).not.toMatch(/mail|app\b|code|メール|アプリ|コード/i);
  });

  test('R50: the rule on addresses is one text, on the form and in the error', () => {
    const rule = addressRule(t, forbidden);
    expect(textOf(renderPage('set-up-mail', locale))).toContain(rule);
    const fault = {
      code: 'address_forbidden',
      field: 'email',
      details: { domain: 'kyoto-u.ac.jp' },
    } as const;
    const html = renderPage('set-up-mail', locale, { fault });
    expect(textOf(/<div class="fault"[\s\S]*?<\/div>/.exec(html)?.[0] ?? '')).toContain(rule);
    expect(html.match(/data-address-rule/g)).toHaveLength(1);
  });

  test('R17: the rule names every domain, its label and why', () => {
    const rule = addressRule(t, forbidden);
    for (const word of ['@st.kyoto-u.ac.jp', 'KUMOI', '@kyoto-u.ac.jp', 'KUMail', '@ms.c.kyoto-u.ac.jp']) {
      expect(rule).toContain(word);
    }
    expect(rule).toContain(t('addressRule.why'));
    expect(addressRule(t, [])).toBe(t('addressRule.one'));
  });

  test.each<Delivery>(['sending', 'handed-over', 'retrying', 'deferred', 'refused'])(
    'R10: a mail that is %s says so in words',
    (delivery) => {
      const html = renderer.page('mail-code', { ...models['mail-code'], delivery }, chromeFor(locale));
      expect(html).toContain(`data-delivery="${delivery}">`);
      expect(textOf(html)).toContain('KITE-42');
      expect(html).not.toMatch(/http-equiv="refresh"/);
    },
  );

  test('R8: an expired code says so and offers a new one', () => {
    const html = renderer.page('mail-code', { ...models['mail-code'], minutesLeft: 0 }, chromeFor(locale));
    expect(textOf(html)).toContain(t('mailCode.leadExpired'));
    expect(textOf(html)).toContain(t('mailCode.resendNew'));
    expect(html).not.toContain('name="code"');
  });

  test('a page without a mail does not speak of one', () => {
    const unsent = { ...models['mail-code'], reference: '', minutesLeft: 0 };
    const html = renderer.page('mail-code', unsent, chromeFor(locale));
    expect(textOf(html)).toContain(t('mailCode.leadUnsent'));
    expect(html).not.toMatch(/data-delivery|data-reference/);
    expect(textOf(html)).toContain(t('mailCode.resendNew'));
  });

  test.each(['step-changed', 'code-sent-again', 'already-signed-in'] as const)('the notice %s', (notice) => {
    const html = renderPage('mail-code', locale, { notice });
    expect(html).toContain(`<p class="notice" role="status">${t(`notice.${notice}`)}</p>`);
  });
});

test('R9: without the script the resend button works; only the script holds it back', () => {
  const html = renderPage('mail-code', 'en');
  expect(html).toMatch(/<button [^>]*value="resend" formnovalidate data-wait="25">/);
  expect(html).toContain('You can have it sent again in 25 seconds.');
});

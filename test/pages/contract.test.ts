import { describe, expect, test } from '@jest/globals';
import { locales } from '../../src/i18n/locale.ts';
import { deskActions } from './desk-fixtures.ts';
import { supportActions } from './support-fixtures.ts';
import {
  assets,
  branding,
  buttonsOf,
  fieldsOf,
  models,
  pageNames,
  renderer,
  renderPage,
  chromeFor,
} from './fixtures.ts';

const everywhere = locales.flatMap((locale) => pageNames.map((name) => ({ locale, name })));
const withForm = everywhere.filter(({ name }) => fieldsOf[name] !== undefined);

describe.each(everywhere)('$name in $locale', ({ locale, name }) => {
  const html = renderPage(name, locale);

  test('R45: says its language and name', () => {
    expect(html).toMatch(new RegExp(`^<!doctype html>\\s*<html lang="${locale}">`));
    expect(html).toContain(`<main data-page="${name}">`);
    expect(html.match(/<h1>/g)).toHaveLength(1);
    expect(html).toMatch(new RegExp(`<title>[^<]+ – ${branding.organisation[locale]}</title>`));
  });

  test('R45: offers the other language in its own words, after the content', () => {
    const other = locale === 'en' ? 'ja' : 'en';
    const toggle = new RegExp(`<(?:a|button)[^>]* hreflang="${other}"[^>]*>`).exec(html);
    expect(toggle?.[0]).toContain(`lang="${other}"`);
    expect(toggle?.index).toBeGreaterThan(html.indexOf('</main>'));
    if (name === 'desk-pass') {
      // Shown once, in both languages: the toggle leads to the words on the page itself.
      expect(toggle?.[0]).toContain(`href="#pass-${other}"`);
      expect(html).toContain(`lang="${other}" id="pass-${other}"`);
    } else if (name === 'continue') {
      // Its form is good for once: the words of the other language are on the page itself.
      expect(toggle?.[0]).toContain(`href="#continue-${other}"`);
      expect(html).toContain(`<div lang="${other}" id="continue-${other}"`);
    } else if (fieldsOf[name] === undefined) {
      expect(toggle?.[0]).toContain(`href="/login/abc?lang=${other}"`);
    } else {
      expect(toggle?.[0]).toContain(
        `form="page-form" type="submit" name="lang" value="${other}" formnovalidate`,
      );
    }
  });

  test('R46: names the inquiry form of its language and the hours', () => {
    expect(html).toContain(`href="${branding.inquiryUrl[locale].replace('&', '&amp;')}"`);
    expect(html).toContain(branding.supportCentre.hours[locale]);
  });

  test('R57: is complete without script, and nothing on it is inline', () => {
    expect(html).not.toMatch(/ style=|<style|<script>| on\w+=/);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/undefined|\[object|NaN/);
    expect([...html.matchAll(/ id="([^"]+)"/g)].map((found) => found[1])).toEqual([
      ...new Set([...html.matchAll(/ id="([^"]+)"/g)].map((found) => found[1])),
    ]);
  });

  test('R57: is under 50 KB with its stylesheet, script and icon', () => {
    const files = Object.values(assets.urls).map((url) => assets.find(url)?.body.length ?? Infinity);
    const bytes = files.reduce((sum, size) => sum + size, Buffer.byteLength(html));
    expect(bytes).toBeLessThan(50_000);
  });
});

describe.each(withForm)('the form of $name in $locale', ({ locale, name }) => {
  const html = renderPage(name, locale);

  test('posts to its own address with the page and the token', () => {
    expect(html).toContain('<form id="page-form" method="post" action="/login/abc">');
    expect(html).toContain(`<input type="hidden" name="page" value="${name}">`);
    expect(html).toContain('<input type="hidden" name="csrf" value="token-of-the-form">');
  });

  test('Enter continues: the default comes first, the others skip validation', () => {
    const buttons = buttonsOf(html);
    const action = { ...deskActions, ...supportActions }[name] ?? 'continue';
    expect(buttons[0]).toBe(`action=${action}`);
    expect(buttons.slice(1)).not.toContain(`action=${action}`);
    for (const [tag] of html.matchAll(/<button [^>]*name="action"[^>]*>/g)) {
      if (!tag.includes(`value="${action}"`)) expect(tag).toContain('formnovalidate');
    }
    expect(html.match(/class="primary"/g)).toHaveLength(1);
  });

  test('has the contract’s fields', () => {
    const fields = [...html.matchAll(/<(?:input|textarea) (?:id="[^"]+" )?name="([^"]+)"/g)].map(
      (found) => found[1],
    );
    // A choice has a field for each answer.
    expect([...new Set(fields)]).toEqual(fieldsOf[name]);
    for (const field of fieldsOf[name] ?? [])
      expect(html).toMatch(new RegExp(`<label for="${field}(?:-[\\w-]+)?">`));
  });
});

const tag = (html: string, name: string): string =>
  new RegExp(`<input id="${name}"[^>]*>`).exec(html)?.[0] ?? '';

test('R7: the code is one field that takes spaces and full-width digits', () => {
  for (const name of ['mail-code', 'app-code', 'set-up-mail-code', 'set-up-app'] as const) {
    const html = renderPage(name, 'en');
    expect(tag(html, 'code')).toContain('type="text" autocomplete="one-time-code" inputmode="numeric"');
    expect(tag(html, 'code')).not.toMatch(/maxlength|pattern|type="number"/);
    expect(html.match(/name="code"/g)).toHaveLength(1);
  }
});

test('R2: the ID is not corrected by the keyboard, and password managers know both fields', () => {
  const html = renderPage('sign-in', 'en');
  expect(tag(html, 'login_id')).toContain('autocomplete="username" autocapitalize="none"');
  expect(tag(html, 'login_id')).toContain('spellcheck="false"');
  expect(tag(html, 'login_id')).toContain('value="a0123456"');
  expect(tag(html, 'password')).toContain('type="password" autocomplete="current-password"');
  expect(tag(html, 'password')).not.toContain('value=');
});

test('R17: the address field does not refuse what the server normalises', () => {
  const field = tag(renderPage('set-up-mail', 'en'), 'email');
  expect(field).toContain('type="text"');
  expect(field).toContain('inputmode="email" autocomplete="email"');
});

test('R22: the way without mail is offered where the operator allows it', () => {
  const offered = { email: '', forbidden: [], appOffered: true };
  expect(buttonsOf(renderer.page('set-up-mail', offered, chromeFor('en')))).toContain('action=no-mail');
  const not = { ...offered, appOffered: false };
  expect(buttonsOf(renderer.page('set-up-mail', not, chromeFor('en')))).not.toContain('action=no-mail');
});

test('R23: the acknowledgement is a tick with its version, and mail stays possible', () => {
  const html = renderPage('set-up-app-only', 'ja');
  expect(tag(html, 'acknowledge')).toContain('type="checkbox" value="yes"');
  expect(html).toContain('<input type="hidden" name="acknowledgement_version" value="2026-1">');
  expect(buttonsOf(html)).toContain('action=use-mail');
  expect(html).toContain('平日 9:00～17:00');
  const forced = { acknowledgementVersion: '2026-1', mailOffered: false };
  expect(buttonsOf(renderer.page('set-up-app-only', forced, chromeFor('en')))).not.toContain(
    'action=use-mail',
  );
});

test('R13: the app gets its key as picture, text and link', () => {
  const html = renderPage('set-up-app', 'en');
  expect(html).toMatch(/<div role="img" aria-label="[^"]+"><svg /);
  expect(html).toContain('<code translate="no">JBSW Y3DP EHPK 3PXP</code>');
  expect(html).toMatch(/<button [^>]*data-copy="JBSWY3DPEHPK3PXP"[^>]* hidden>/);
  expect(html).toContain('href="otpauth://totp/Example:a0123456?secret=JBSWY3DPEHPK3PXP&amp;issuer=Example"');
});

test('R28: every other way has its button, and the address can be changed while it is set up', () => {
  expect(buttonsOf(renderPage('mail-code', 'en'))).toEqual([
    'action=continue',
    'action=resend',
    'action=use-app',
    'action=use-recovery-code',
    'action=use-passkey',
    'action=help',
    'action=cancel',
  ]);
  expect(buttonsOf(renderPage('set-up-mail-code', 'en'))).toContain('action=change-address');
});

test('the sign-out form is the provider’s: its target, its token, its two answers', () => {
  const html = renderPage('sign-out', 'en');
  expect(html).toContain('method="post" action="/logout/confirm"');
  expect(html).toContain('<input type="hidden" name="xsrf" value="xsrf-token">');
  expect(buttonsOf(html)).toEqual(['logout=yes', '=']);
});

test('the toggle keeps a query that is already there', () => {
  const html = renderer.page('error', models.error, chromeFor('en', { url: '/authorize?a=1' }));
  expect(html).toContain('href="/authorize?a=1&amp;lang=ja"');
});

test('R33: an error says its reference and where to start again', () => {
  const html = renderPage('error', 'en');
  expect(html).toContain('7K4Q-9M2T');
  expect(html).toContain('data-error="interaction_expired"');
  expect(html).toContain('href="https://library.example/"');
});

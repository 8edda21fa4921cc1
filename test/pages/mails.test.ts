import { describe, expect, test } from '@jest/globals';
import { locales } from '../../src/i18n/locale.ts';
import { type CodeMail, createMailRenderer } from '../../src/mail/render.ts';
import { branding, textOf, viewsFolder } from './fixtures.ts';

const mails = createMailRenderer({ viewsFolder, branding });
const code: CodeMail = {
  code: '01234567',
  reference: 'KITE-42',
  service: 'Course registration',
  minutes: 10,
  at: '2026-04-01 09:05 JST',
  device: 'Chrome on Windows',
  address: 'hanako@mail.example',
};

describe.each(locales)('mails in %s', (locale) => {
  test.each(['sign-in-code', 'set-up-code', 'reset-code'] as const)(
    'R10: %s says all in text and HTML',
    (kind) => {
      const { subject, text, html } = mails.render(kind, code, locale);
      expect(subject).toContain('KITE-42');
      expect(subject).toContain(branding.organisation[locale]);
      expect(html).toMatch(new RegExp(`^<!doctype html>\\s*<html lang="${locale}">`));
      for (const part of [text, textOf(html)]) {
        for (const word of ['KITE-42', code.service, code.at, code.device, code.address, '10']) {
          expect(part).toContain(word);
        }
        expect(part).toContain(branding.supportCentre.hours[locale]);
      }
      expect(text).toContain(branding.inquiryUrl[locale]);
      expect(html).toContain(branding.inquiryUrl[locale].replace('&', '&amp;'));
    },
  );

  test('R6: the code keeps its leading zero and is copied as eight digits', () => {
    const { text, html } = mails.render('sign-in-code', code, locale);
    expect(text.match(/\b\d{8}\b/g)).toEqual(['01234567']);
    expect(textOf(html)).toContain('01234567');
    expect(html).toMatch(/<span>0123<\/span><span style="[^"]+">4567<\/span>/);
  });

  test('R10: the subject has the code only where the operator wants it', () => {
    for (const kind of ['sign-in-code', 'set-up-code', 'reset-code'] as const) {
      expect(mails.render(kind, code, locale).subject).not.toMatch(/\d{4}/);
      expect(mails.render(kind, { ...code, codeInSubject: true }, locale).subject).toContain('01234567');
    }
  });

  test('R10: nothing in a mail is loaded from anywhere', () => {
    for (const { html } of [mails.render('sign-in-code', code, locale)]) {
      expect(html).not.toMatch(/<img|<link|<script|url\(|@import|src=/);
      expect([...html.matchAll(/href="([^"]+)"/g)].map((found) => found[1])).toEqual([
        branding.inquiryUrl[locale].replace('&', '&amp;'),
      ]);
    }
  });

  test('what may be left out leaves no gap', () => {
    const bare = { code: '01234567', reference: 'KITE-42', minutes: 1, at: 'now' };
    const { text, html } = mails.render('sign-in-code', bare, locale);
    expect(text).not.toMatch(/undefined|\n\n\n/);
    expect(html).not.toContain('undefined');
  });

  test('names from outside stay text, on their own line', () => {
    const service = '<script>x</script>\r\nBcc: evil@example';
    const { subject, text, html } = mails.render(
      'sign-in-code',
      { ...code, service, reference: 'A\r\nBcc: b' },
      locale,
    );
    expect(subject).not.toMatch(/[\r\n]/);
    expect(text).not.toMatch(/^Bcc:/m);
    expect(html).not.toContain('<script');
  });
});

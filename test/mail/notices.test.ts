import { describe, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { locales } from '../../src/i18n/locale.ts';
import { noticeKinds } from '../../src/mail/notice-kinds.ts';
import type { NoticeMail } from '../../src/mail/notice-letters.ts';
import { createMailRenderer } from '../../src/mail/render.ts';
import { branding, textOf, viewsFolder } from '../pages/fixtures.ts';

const mails = createMailRenderer({ viewsFolder, branding });
const link = 'https://idp.example/not-me/AAAAAAAAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBB';

/** Everything that a notice may tell. */
const whole: Omit<NoticeMail, 'notice'> = {
  loginId: 'a•••56',
  name: 'Phone of Hanako',
  address: 'h•••o@mail.example',
  left: 4,
  service: 'Course registration',
  at: '1 Apr 2026, 09:05 (Asia/Tokyo)',
  device: 'Chrome on Windows',
  place: 'Campus network',
};

describe.each(locales)('notices in %s', (locale) => {
  const inquiry = branding.inquiryUrl[locale];

  test.each(noticeKinds)('R37, C18: %s tells what, whose, when, where and how to undo it', (notice) => {
    const told = notice === 'not-me' ? {} : { notMe: link };
    const { subject, text, html } = mails.render('notice', { ...whole, notice, ...told }, locale);
    expect(html).toMatch(new RegExp(`^<!doctype html>\\s*<html lang="${locale}">`));
    const [title = ''] = text.split('\n');
    expect(subject).toContain(title);
    expect(subject).toContain(branding.organisation[locale]);
    for (const part of [text, textOf(html)]) {
      const { left, ...words } = whole;
      for (const word of [title, String(left), ...Object.values(words)]) expect(part).toContain(word);
      expect(part).toContain(branding.supportCentre.hours[locale]);
      expect(part).not.toMatch(/undefined|\[object/);
    }
    expect(text).not.toMatch(/\n\n\n/);
    expect(text).toContain(`\n${inquiry}\n`);
    // The notice of a use of the link has none itself: it would lead in a circle.
    const links = notice === 'not-me' ? [] : [link];
    expect(text.split('\n').filter((line) => line.includes('/not-me/'))).toEqual(links);
    expect([...html.matchAll(/href="([^"]+)"/g)].map((found) => found[1])).toEqual([
      ...links,
      inquiry.replace('&', '&amp;'),
    ]);
  });

  test.each(noticeKinds)('R10: nothing in %s is loaded from anywhere', (notice) => {
    const { html } = mails.render('notice', { ...whole, notice, notMe: link }, locale);
    expect(html).not.toMatch(/<img|<link|<script|url\(|@import|src=|<form/);
  });

  test('every notice reads differently', () => {
    const subjects = noticeKinds.map(
      (notice) => mails.render('notice', { ...whole, notice }, locale).subject,
    );
    expect(new Set(subjects).size).toBe(noticeKinds.length);
  });

  test('R10: a code’s mail leads to the page that revokes it, and says what that reaches', () => {
    const code = { code: '01234567', reference: 'KQ7', minutes: 10, at: whole.at, notMe: link };
    const signIn = mails.render('sign-in-code', code, locale);
    const setUp = mails.render('set-up-code', code, locale);
    for (const { text, html } of [signIn, setUp]) {
      expect(text).toContain(`\n${link}\n`);
      expect(html).toContain(`href="${link}"`);
      // Whoever looks for the code finds one number of eight digits.
      expect(text.match(/\b\d{8}\b/g)).toEqual(['01234567']);
    }
    const sayings = [signIn, setUp].map(({ text }) =>
      text.split('\n').at(text.split('\n').indexOf(link) - 1),
    );
    expect(sayings[0]).not.toBe(sayings[1]);
  });

  test('C05: what was switched off is named in words', () => {
    const { text } = mails.render('notice', { ...whole, notice: 'factor-disabled', name: 'mail' }, locale);
    expect(text).toContain(locale === 'en' ? 'Codes by mail' : 'メールの確認コード');
  });

  test('R44: the support centre’s acts are told by the number of the case, a refusal with its reason', () => {
    const mail = { ...whole, notice: 'case-refused', name: 'KQ7B-9XT2', reason: 'not-the-holder' } as const;
    const { text } = mails.render('notice', mail, locale);
    expect(text).toContain(locale === 'en' ? 'Case: KQ7B-9XT2' : '受付番号：KQ7B-9XT2');
    expect(text).toContain(
      locale === 'en' ? 'The person asking is not the holder' : '相談した人がIDの持ち主ではない',
    );
    const roles = mails.render('notice', { ...whole, notice: 'roles-set', name: 'auditor' }, locale).text;
    expect(roles).toContain(locale === 'en' ? 'Roles: auditor' : '役割：auditor');
  });

  test('D11: the support centre learns who, about what and by which request', () => {
    const report = {
      about: 'app-added',
      loginId: 'a0123456',
      toldAt: 'yesterday',
      at: 'today',
      network: '2001:db8::1',
      hours: 24,
      request: 'request-1',
    } as const;
    const { subject, text, html } = mails.render('not-me-report', report, locale);
    expect(subject).toContain('a0123456');
    for (const part of [text, textOf(html)]) {
      for (const word of ['a0123456', 'yesterday', 'today', '2001:db8::1', 'request-1', '24']) {
        expect(part).toContain(word);
      }
      expect(part).toContain('nijo accounts unfreeze a0123456');
    }
  });

  test('A39: a name of a device starts no header, no line and no markup', async () => {
    const evil = 'Phone\r\nBcc: evil@example.com\r\n\r\n<script>x</script>\u2028<img src=x>';
    const mail = {
      ...whole,
      notice: 'app-added',
      name: evil,
      device: evil,
      place: evil,
      loginId: evil,
    } as const;
    const { subject, text, html } = mails.render('notice', { ...mail, notMe: link }, locale);
    expect(text).not.toMatch(/^(Bcc:|<script|<img)/m);
    expect(html).not.toMatch(/<script|<img/);
    const sent = await createTransport({ streamTransport: true, buffer: true }).sendMail({
      from: 'no-reply@idp.example',
      to: 'user@mail.example',
      subject,
      text,
      html,
    });
    const [head = ''] = (sent.message as Buffer).toString().split('\r\n\r\n');
    expect(head).not.toMatch(/^bcc:/im);
    expect(sent.envelope.to).toEqual(['user@mail.example']);
  });
});

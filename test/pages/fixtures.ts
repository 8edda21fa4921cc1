import { join } from 'node:path';
import type { Branding } from '../../src/i18n/branding.ts';
import type { Locale } from '../../src/i18n/locale.ts';
import { loadAssets } from '../../src/web/assets.ts';
import type { Chrome, Fault, PageModels, PageName } from '../../src/pages/pages.ts';
import { createRenderer } from '../../src/web/render.ts';
import { accountFields, accountModels } from './account-fixtures.ts';
import { calendarModel } from './calendar-fixture.ts';
import { deskFields, deskModels } from './desk-fixtures.ts';
import { figuresModel } from './figures-fixture.ts';
import { trailModel } from './trail-fixture.ts';
import { loginFields, loginModels } from './login-fixtures.ts';
import { operatorModels, staffFrame } from './operator-fixture.ts';
import { opening, supportFields, supportModels } from './support-fixtures.ts';
import type { ForbiddenDomain } from '../../src/pages/shared.ts';

export const viewsFolder = join(import.meta.dirname, '../../views');
export const assets = loadAssets(join(viewsFolder, 'assets'));

export const branding: Branding = {
  organisation: { en: 'Example University', ja: '例大学' },
  loginIdLabel: { en: 'ECS-ID / SPS-ID', ja: 'ECS-ID / SPS-ID（職員・学生）' },
  inquiryUrl: { en: 'https://it.example/en/inquiry?q=a&b', ja: 'https://it.example/ja/inquiry?q=a&b' },
  supportCentre: {
    name: { en: 'ICT Support Center', ja: '情報支援センター' },
    hours: { en: 'Weekdays 9:00-17:00', ja: '平日 9:00～17:00' },
  },
};

export const renderer = createRenderer({ viewsFolder, assets, branding });

/** The rule of the university's page (R17). */
export const forbidden: readonly ForbiddenDomain[] = [
  { domain: 'st.kyoto-u.ac.jp', includeSubdomains: false, label: 'KUMOI' },
  { domain: 'kyoto-u.ac.jp', includeSubdomains: false, label: 'KUMail' },
  { domain: 'ms.c.kyoto-u.ac.jp', includeSubdomains: true, label: '' },
];

const otpauthUrl = 'otpauth://totp/Example:a0123456?secret=JBSWY3DPEHPK3PXP&issuer=Example';

const mailCode: PageModels['mail-code'] = {
  address: 'h•••o@mail.example',
  reference: 'KITE-42',
  minutesLeft: 10,
  delivery: 'handed-over',
  deliveryDomain: 'mail.example',
  resendInSeconds: 25,
  otherWays: ['app', 'recovery-code', 'passkey'],
};

const appKey: PageModels['set-up-app'] = {
  secretGrouped: 'JBSW Y3DP EHPK 3PXP',
  secret: 'JBSWY3DPEHPK3PXP',
  otpauthUrl,
  qrSvg: [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" shape-rendering="crispEdges">',
    '<path fill="#ffffff" d="M0 0h9v9H0z"/><path stroke="#000000" d="M1 1.5h7"/></svg>\n',
  ].join(''),
  deviceName: 'Phone',
};

/** One realistic model of every page. */
export const models: PageModels = {
  'sign-in': {
    loginId: 'a0123456',
    support: '/help/support?login=abc&ui_locales=en',
    signedInAs: 'a0654321',
  },
  'mail-code': mailCode,
  'app-code': { otherWays: ['mail'] },
  'set-up-mail': { email: 'hanako@mail.example', forbidden, appOffered: true },
  'set-up-mail-code': { ...mailCode, address: 'hanako@mail.example', otherWays: [] },
  'set-up-app-only': { acknowledgementVersion: '2026-1', mailOffered: true },
  'set-up-app': appKey,
  consent: { scopes: ['openid', 'email'], claims: ['name', 'x_own_claim'] },
  'sign-out': { formAction: '/logout/confirm', xsrf: 'xsrf-token', trouble: 'signOut.trouble.return' },
  'signed-out': { trouble: 'signOut.trouble.service' },
  continue: { formAction: 'https://library.example/callback', fields: [{ name: 'code', value: 'a-code' }] },
  'not-me': {
    loginId: 'a•••56',
    about: 'mail.notice.new-browser.title',
    at: '1 Apr 2026, 09:05 (Asia/Tokyo)',
    reach: 'account',
    centreTold: true,
  },
  'not-me-done': { loginId: 'a•••56', reach: 'account', frozen: true, opening },
  error: {
    code: 'interaction_expired',
    reference: '7K4Q-9M2T',
    startAgain: { service: 'Library', url: 'https://library.example/' },
    protocol: { error: 'invalid_request', description: 'missing parameter' },
  },
  home: {},
  'desk-figures': figuresModel,
  'desk-trail': trailModel,
  ...accountModels,
  ...loginModels(mailCode, appKey),
  ...deskModels,
  'operator-calendar': calendarModel,
  ...operatorModels,
  ...supportModels,
};

export const pageNames = Object.keys(models) as PageName[];

/** The pages with a form of our own, and the fields a person fills in on each. */
export const fieldsOf: Partial<Record<PageName, readonly NonNullable<Fault['field']>[]>> = {
  'sign-in': ['login_id', 'password'],
  'mail-code': ['code'],
  'app-code': ['code'],
  'set-up-mail': ['email'],
  'set-up-mail-code': ['code'],
  'set-up-app-only': ['acknowledge'],
  'set-up-app': ['device_name', 'code'],
  consent: [],
  ...accountFields,
  ...loginFields,
  ...deskFields,
  'operator-calendar': ['day', 'until', 'opens', 'closes', 'name_en', 'name_ja'],
  ...supportFields,
};

export function chromeFor(locale: Locale, extra: Partial<Chrome> = {}): Chrome {
  return {
    locale,
    service: 'Course registration',
    signedInAs: 'a0123456',
    formToken: 'token-of-the-form',
    url: '/login/abc',
    languageToggle: 'form',
    ...extra,
  };
}

export function renderPage(name: PageName, locale: Locale, extra: Partial<Chrome> = {}): string {
  const staff = /^(desk|operator)-/.test(name) ? { staff: staffFrame } : {};
  return renderer.page(name, models[name], chromeFor(locale, { ...staff, ...extra }));
}

/** What a reader sees: text without markup, with entities undone and space folded. */
export function textOf(html: string): string {
  return html
    .replace(/<(script|title)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<\/?(?:span|strong|wbr)\b[^>]*>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}

/** The submit buttons of a page's own form, in tree order, as `name=value`. */
export function buttonsOf(html: string): string[] {
  const form = /<form id="page-form"[\s\S]*?<\/form>/.exec(html)?.[0] ?? '';
  return [...form.matchAll(/<button [^>]*type="submit"[^>]*>/g)].map(([tag]) => {
    const name = / name="([^"]*)"/.exec(tag)?.[1] ?? '';
    return `${name}=${/ value="([^"]*)"/.exec(tag)?.[1] ?? ''}`;
  });
}

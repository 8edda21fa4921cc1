import { expect, test } from '@jest/globals';
import { type LocaleSources, negotiateLocale } from '../../src/i18n/negotiate.ts';

const strongest: LocaleSources = {
  query: 'en',
  uiLocales: 'ja en',
  cookie: 'en',
  profile: 'ja',
  acceptLanguage: 'en',
  fallback: 'ja',
};

test('R45: the toggle beats ui_locales, then cookie, profile, browser and fallback', () => {
  expect(negotiateLocale(strongest)).toBe('en');
  expect(negotiateLocale({ ...strongest, query: undefined })).toBe('ja');
  expect(negotiateLocale({ ...strongest, query: undefined, uiLocales: undefined })).toBe('en');
  const { profile, acceptLanguage, fallback } = strongest;
  expect(negotiateLocale({ profile, acceptLanguage, fallback })).toBe('ja');
  expect(negotiateLocale({ acceptLanguage, fallback })).toBe('en');
  expect(negotiateLocale({ fallback })).toBe('ja');
});

test.each([
  ['ja-JP', 'ja'],
  ['JA', 'ja'],
  ['en_GB', 'en'],
  ['fr', 'ja'],
  ['', 'ja'],
  ['jav', 'ja'],
  ['constructor', 'ja'],
] as const)('?lang=%s gives %s', (query, locale) => {
  expect(negotiateLocale({ query, fallback: 'ja' })).toBe(locale);
});

test('R45: the first of ui_locales that we have', () => {
  expect(negotiateLocale({ uiLocales: 'fr-CA  ja-JP en', fallback: 'en' })).toBe('ja');
  expect(negotiateLocale({ uiLocales: 'fr de', cookie: 'ja', fallback: 'en' })).toBe('ja');
});

test.each([
  ['ja,en;q=0.9', 'ja'],
  ['en;q=0.5, ja;q=0.8', 'ja'],
  ['fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5', 'en'],
  ['ja;q=0, en;q=0.1', 'en'],
  ['ja;q=nonsense, en', 'en'],
  ['*', 'ja'],
  [';;,,=', 'ja'],
  ['en;level=1;q=0.4, ja;q=0.3', 'en'],
] as const)('Accept-Language "%s" gives %s', (acceptLanguage, locale) => {
  expect(negotiateLocale({ acceptLanguage, fallback: 'ja' })).toBe(locale);
});

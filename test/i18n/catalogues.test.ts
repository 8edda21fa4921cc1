import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { en, type MessageKey } from '../../src/i18n/en.ts';
import { ja } from '../../src/i18n/ja.ts';
import { placeholders, translator } from '../../src/i18n/translate.ts';

const keys = Object.keys(en) as MessageKey[];

test('R52: English and Japanese have the same keys, in the same order', () => {
  expect(Object.keys(ja)).toEqual(keys);
});

test('R52: every message asks for the same values in both languages', () => {
  for (const key of keys) expect([key, placeholders(ja[key])]).toEqual([key, placeholders(en[key])]);
});

test('R52: no message is empty or left in the other language', () => {
  for (const key of keys) {
    const [english, japanese] = [JSON.stringify(en[key]), JSON.stringify(ja[key])];
    expect([key, /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(english)]).toEqual([key, false]);
    if (/^(opening\.(openOn|date|midnight)|week\.(and|from|of|next))$/.test(key)) continue;
    if (
      /^common\.(sentenceGap|pageTitle)$|^addressRule\.labelled$|^staff\.roles\.and$|^mail\.(fact|hours)$/.test(
        key,
      )
    )
      continue;
    expect([key, /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(japanese)]).toEqual([key, true]);
  }
});

const folder = join(import.meta.dirname, '../../views');
const templates = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.eta'))
  .map((file) => ({ file, source: readFileSync(join(folder, file), 'utf8') }));

test.each(templates)('R52: $file has no words of its own and asks for known keys', ({ source }) => {
  const markup = source
    .replace(/<%[\s\S]*?%>/g, '')
    .replace(/<!doctype html>/i, '')
    .replace(/<[^<>]*>/g, '');
  // Numbers of steps, a dash of an error's name and space are no language.
  expect(markup.replace(/[\s\d_]/g, '')).toBe('');
  for (const [, key = ''] of source.matchAll(/\bt\('([\w.-]+)'[,)]/g)) {
    expect([key, Object.hasOwn(en, key)]).toEqual([key, true]);
  }
});

test('no key is left that nothing asks for', () => {
  const code = readdirSync(join(folder, '../src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^i18n[/\\](en|ja)\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, '../src', file), 'utf8'));
  const sources = [...templates.map(({ source }) => source), ...code].join('\n');
  // Keys put together from a name: an error's code, a way, a scope, a notice, a state of a mail.
  const dynamic = /^(errors|scopes|claims|notice|ways|mailCode\.delivery|mail\.\w+)\./;
  const unused = keys.filter((key) => !dynamic.test(key) && !sources.includes(`'${key}'`));
  expect(unused).toEqual(['consent.scopes', 'consent.claims']);
});

test('English counts in its plural, Japanese needs none', () => {
  expect(translator('en')('mailCode.valid', { minutes: 1 })).toBe('The code is valid for 1 more minute.');
  expect(translator('en')('mailCode.valid', { minutes: 5 })).toBe('The code is valid for 5 more minutes.');
  expect(translator('ja')('mailCode.valid', { minutes: 1 })).toBe('確認コードは、あと1分使えます。');
});

test('an unknown key or a missing value is a fault, not a half sentence', () => {
  const t = translator('en');
  expect(() => t('no.such.key' as MessageKey)).toThrow('no message "no.such.key"');
  expect(() => t('toString' as MessageKey)).toThrow('no message "toString"');
  expect(() => t('mail.code.lead')).toThrow('{reference}');
});

test('a value is never read as a placeholder', () => {
  expect(translator('en')('mail.fact', { label: '{value}', value: '$&' })).toBe('{value}: $&');
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { normaliseLoginId, parseAccountKind } from '../../src/accounts/login-id.ts';

describe('login IDs', () => {
  test.each([
    ['a0000001', 'a0000001'],
    ['A0000001', 'a0000001'],
    ['  a0000001\t', 'a0000001'],
    ['　ａ００００００１　', 'a0000001'],
    ['Ｋｙｏｉｎ００１', 'kyoin001'],
    ['taro.yamada_2－x', 'taro.yamada_2-x'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('R2: %j is the ID %j', (input, expected) => {
    expect(normaliseLoginId(input)).toBe(expected);
  });

  test.each([
    [''],
    ['　'],
    ['a b'],
    ['a\0b'],
    ['a\nb'],
    ['x'.repeat(65)],
    ['ﷺ'.repeat(200)],
    ['山田'],
    ['a@example.ac.jp'],
    ["a' or 1=1--"],
    ['İ'],
    ['a\u200Bb'],
    ['\uD800'],
  ])('R2: %j is nobody’s ID', (input) => {
    expect(normaliseLoginId(input)).toBeUndefined();
  });

  test('R2: normalising is stable and gives nothing but the allowed characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (input) => {
        const normalised = normaliseLoginId(input);
        if (normalised === undefined) return;
        expect(normalised).toMatch(/^[a-z0-9._-]{1,64}$/);
        expect(normaliseLoginId(normalised)).toBe(normalised);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['ECS-ID', 'ecs'],
    ['ecs', 'ecs'],
    ['Staff', 'ecs'],
    ['ＳＰＳ－ＩＤ', 'sps'],
    [' student ', 'sps'],
    ['guest', 'sps'],
    ['', undefined],
    ['teacher', undefined],
  ])('R2: kind %j is %j', (input, expected) => {
    expect(parseAccountKind(input)).toBe(expected);
  });
});

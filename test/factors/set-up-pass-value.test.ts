import { describe, expect, test } from '@jest/globals';
import {
  digestOfSetUpPass,
  formatSetUpPass,
  newSetUpPass,
  readSetUpPass,
} from '../../src/factors/setup-pass/value.ts';

const digits = '0123456789012345';
const fullWidth = '０１２３４５６７８９０１２３４５';

describe('a setup pass', () => {
  test('R40: is 16 digits, leading zeros kept, no two alike, and shown in groups of four', () => {
    const passes = Array.from({ length: 2000 }, newSetUpPass);
    for (const pass of passes) expect(pass).toMatch(/^[0-9]{16}$/);
    expect(new Set(passes).size).toBe(2000);
    expect(passes.some((pass) => pass.startsWith('0'))).toBe(true);
    expect(formatSetUpPass(digits)).toBe('0123 4567 8901 2345');
  });

  test('R40: every place of it is equally likely to hold every digit (chi-square, 9 degrees of freedom)', () => {
    const passes = Array.from({ length: 5000 }, newSetUpPass);
    for (let place = 0; place < 16; place += 1) {
      const seen = Array.from({ length: 10 }, () => 0);
      for (const pass of passes) seen[Number(pass[place])] = (seen[Number(pass[place])] ?? 0) + 1;
      const statistic = seen.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
      // One in 10^7 true passes of this test fails: 16 places of a fair source stay below.
      expect(statistic).toBeLessThan(53);
    }
  });

  test.each([
    [digits],
    ['0123 4567 8901 2345'],
    ['0123-4567-8901-2345'],
    [' 0123\t4567 8901　2345\n'],
    [fullWidth],
    ['０１２３ー４５６７－８９０１　２３４５'],
  ])('R40: is read however it was typed or pasted: %j', (typed) => {
    expect(readSetUpPass(typed)).toEqual({ digits });
  });

  test.each([
    [undefined, 'missing'],
    ['', 'missing'],
    [' - ', 'missing'],
    ['012345678901234', 'malformed'],
    [`${digits}6`, 'malformed'],
    ['012345678901234X', 'malformed'],
    ['٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥', 'malformed'],
    [digits.repeat(1000), 'malformed'],
  ])('C45: %j is none', (typed, fault) => {
    expect(readSetUpPass(typed)).toEqual({ fault });
  });

  test('R40: what is stored says nothing without key and account', () => {
    const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const digest = digestOfSetUpPass(key, 'account-1', digits);
    expect(digest).not.toContain(digits);
    for (const unlike of [
      digestOfSetUpPass(other, 'account-1', digits),
      digestOfSetUpPass(key, 'account-2', digits),
      digestOfSetUpPass(key, 'account-1', '1123456789012345'),
    ])
      expect(unlike).not.toBe(digest);
  });
});

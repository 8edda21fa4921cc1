import { beforeAll, describe, expect, test } from '@jest/globals';
import { newSecret } from '../../src/base/ids.ts';
import { createSealer } from '../../src/base/sealing.ts';
import { isMailCode, mailCodeOf } from '../../src/factors/mail/code-value.ts';
import { testSealer } from '../support/sealer.ts';

const sealer = testSealer();
const count = 10_000;

/** What chi-square with 9 degrees of freedom exceeds with p = 0.001. */
const chiSquareLimit = 27.88;

function chiSquare(observed: readonly number[], expected: number): number {
  return observed.reduce((sum, number) => sum + (number - expected) ** 2 / expected, 0);
}

/** Pearson's correlation of each value with the next. */
function serialCorrelation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let covariance = 0;
  let variance = 0;
  for (const [index, value] of values.entries()) {
    variance += (value - mean) ** 2;
    const next = values[index + 1];
    if (next !== undefined) covariance += (value - mean) * (next - mean);
  }
  return covariance / variance;
}

describe('R6: the digits of a mail code', () => {
  let codes: string[];
  beforeAll(() => {
    // The same in every run: what is tested is the derivation, and a test must not fail by chance.
    codes = Array.from({ length: count }, (_, index) => mailCodeOf(sealer, `challenge ${index}`));
  });

  test('R6: are eight, with leading zeros kept', () => {
    for (const code of codes) expect(code).toMatch(/^[0-9]{8}$/);
    const leading = codes.filter((code) => code.startsWith('0')).length;
    expect(leading).toBeGreaterThan(count * 0.085);
    expect(leading).toBeLessThan(count * 0.115);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('R6, A24: are equally likely at position %i', (position) => {
    const observed = Array.from({ length: 10 }, () => 0);
    for (const code of codes) {
      const digit = Number(code[position]);
      observed[digit] = (observed[digit] ?? 0) + 1;
    }
    expect(chiSquare(observed, count / 10)).toBeLessThan(chiSquareLimit);
  });

  test('A24: do not foretell the next code, and repeat no more than chance has it', () => {
    expect(Math.abs(serialCorrelation(codes.map(Number)))).toBeLessThan(0.03);
    // Birthdays: 10,000 of 10^8 share 0.5 pairs on average.
    expect(count - new Set(codes).size).toBeLessThanOrEqual(5);
  });
});

describe('whose code it is', () => {
  test('R4: two challenges have different codes, and neither is right for the other', () => {
    const [mine, theirs] = [newSecret(16), newSecret(16)];
    expect(mailCodeOf(sealer, mine)).not.toBe(mailCodeOf(sealer, theirs));
    expect(isMailCode(sealer, mine, mailCodeOf(sealer, mine))).toBe(true);
    expect(isMailCode(sealer, mine, mailCodeOf(sealer, theirs))).toBe(false);
  });

  test('R9: a resend of a challenge is the same code, on every node with the same secret', () => {
    const id = newSecret(16);
    expect(mailCodeOf(testSealer(), id)).toBe(mailCodeOf(sealer, id));
  });

  test('C09: without the secret the challenge id tells nothing', () => {
    const id = newSecret(16);
    const other = testSealer('another secret of the tests, 32 characters or more');
    expect(mailCodeOf(other, id)).not.toBe(mailCodeOf(sealer, id));
    expect(isMailCode(other, id, mailCodeOf(sealer, id))).toBe(false);
  });

  test('while nodes pass to a new secret, a code mailed under the earlier one is still right', () => {
    const earlier = { id: 'old', secret: 'the earlier secret of the tests, 32 or more' };
    const newer = { id: 'new', secret: 'the newer secret of the tests, of 32 or more' };
    const id = newSecret(16);
    const mailed = mailCodeOf(createSealer([earlier]), id);
    expect(isMailCode(createSealer([newer, earlier]), id, mailed)).toBe(true);
    expect(isMailCode(createSealer([newer]), id, mailed)).toBe(false);
  });

  test.each(['', '1234567', '123456789', 'x2345678'])('%j is nobody’s code', (digits) => {
    expect(isMailCode(sealer, newSecret(16), digits)).toBe(false);
  });
});

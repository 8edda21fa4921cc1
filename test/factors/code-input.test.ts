import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCode } from '../../src/factors/verification/code-input.ts';

describe('R7: what a person types into the code field', () => {
  test.each([
    ['12345678'],
    ['1234 5678'],
    ['1234-5678'],
    ['１２３４５６７８'],
    ['１２３４　５６７８'],
    ['１２３４－５６７８'],
    ['1234‐5678'],
    ['1234–5678'],
    ['1234−5678'],
    ['1234ー5678'],
    ['  12345678\r\n'],
    ['\u00a012345678\u3000'],
    ['1 2 3 4 5 6 7 8'],
  ])('R7: %j is the code', (typed) => {
    expect(readCode(typed, 8)).toEqual({ digits: '12345678' });
  });

  test('R6: leading zeros are part of the code', () => {
    expect(readCode('0000 0012', 8)).toEqual({ digits: '00000012' });
    expect(readCode('000012', 6)).toEqual({ digits: '000012' });
  });

  test.each([undefined, null, 12345678, true, [], {}, '', '   ', '\u3000', '-', ' - – '])(
    'A04: %j is a missing code',
    (typed) => {
      expect(readCode(typed, 8)).toEqual({ fault: 'missing' });
    },
  );

  test.each([
    '1234567',
    '123456789',
    '123456',
    '1234567x',
    '1e7',
    '0x12345678',
    '+12345678',
    '12345678.0',
    '１２３４５６７',
    // Digits of other scripts are not what the mail shows.
    '١٢٣٤٥٦٧٨',
    '१२३४५६७८',
    '1234\u00005678',
    '1234\u200b5678',
    '%31%32%33%34%35%36%37%38',
    '1234,5678',
    '①②③④⑤⑥⑦x',
    '🙂🙂🙂🙂',
    'null',
    'undefined',
    `${' '.repeat(100)}12345678`,
    '1'.repeat(100_000),
  ])('A20: %j is malformed', (typed) => {
    expect(readCode(typed, 8)).toEqual({ fault: 'malformed' });
  });

  test('A19: the 6 digits of an app and the 8 of a mail never stand for each other', () => {
    expect(readCode('123456', 8)).toEqual({ fault: 'malformed' });
    expect(readCode('12345678', 6)).toEqual({ fault: 'malformed' });
    expect(readCode('00123456', 6)).toEqual({ fault: 'malformed' });
  });

  test('A20, E11: whatever is typed gives digits of the right length or a fault, and never throws', () => {
    const typed = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789０１２３ -－ーxﾟ\0')), maxLength: 20 }),
      fc.anything(),
    );
    fc.assert(
      fc.property(typed, fc.constantFrom(6 as const, 8 as const), (input, length) => {
        const read = readCode(input, length);
        if ('digits' in read) {
          expect(read.digits).toMatch(length === 6 ? /^[0-9]{6}$/ : /^[0-9]{8}$/);
          expect(typeof input).toBe('string');
        } else {
          expect(['missing', 'malformed']).toContain(read.fault);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

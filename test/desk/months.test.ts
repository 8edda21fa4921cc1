import { expect, test } from '@jest/globals';
import { monthAfter, monthsOf, monthsThereAre, readPeriod } from '../../src/desk/months.ts';

const there = { present: '2026-11', first: '2025-12' };

test('months follow each other over the end of a year', () => {
  expect([monthAfter('2026-12', 1), monthAfter('2026-01', -1), monthAfter('2026-11', -60)]).toEqual([
    '2027-01',
    '2025-12',
    '2021-11',
  ]);
  expect(monthsOf({ from: '2025-11', to: '2026-02' })).toEqual(['2025-11', '2025-12', '2026-01', '2026-02']);
});

test('the months to choose from begin with the first case, and are no more than are plotted', () => {
  expect(monthsThereAre({ present: '2026-11' })).toEqual(['2026-11']);
  expect(monthsThereAre(there)).toHaveLength(12);
  expect(monthsThereAre({ present: '2026-11', first: '2010-01' })).toHaveLength(60);
  // A clock that was wrong once.
  expect(monthsThereAre({ present: '2026-11', first: '2027-01' })).toEqual(['2026-11']);
});

test('a period is the last half year, or what is asked for, in whichever order', () => {
  expect(readPeriod({}, there)).toEqual({ from: '2026-06', to: '2026-11' });
  expect(readPeriod({}, { present: '2026-11', first: '2026-10' })).toEqual({
    from: '2026-10',
    to: '2026-11',
  });
  expect(readPeriod({ from: '2026-01', to: '2026-03' }, there)).toEqual({ from: '2026-01', to: '2026-03' });
  expect(readPeriod({ from: '2026-03', to: '2026-01' }, there)).toEqual({ from: '2026-01', to: '2026-03' });
  expect(readPeriod({ from: '2026-01' }, there)).toEqual({ from: '2026-01', to: '2026-11' });
  expect(readPeriod({ to: '2026-02' }, there)).toEqual({ from: '2026-02', to: '2026-02' });
  expect(readPeriod({ from: '', to: '' }, there)).toEqual({ from: '2026-11', to: '2026-11' });
});

test.each([
  [{ from: '2026-13' }],
  [{ from: "2026-01'" }],
  [{ to: ['2026-01', '2026-02'] }],
  [{ from: '20260-1' }],
  [{ from: '2021-11', to: '2026-11' }],
])('what is no period is refused: %j', (asked) => {
  expect(() => readPeriod(asked, there)).toThrow('bad_request');
});

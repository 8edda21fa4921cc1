import { expect, test } from '@jest/globals';
import { newId, newLabel, newSecret } from '../../src/base/ids.ts';

test('ids and secrets do not repeat', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => newId())).size).toBe(10_000);
  expect(new Set(Array.from({ length: 10_000 }, () => newSecret())).size).toBe(10_000);
});

test('a secret has the bits it is asked for and fits into a URL', () => {
  expect(newSecret()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(newSecret(16)).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test('a label can be read aloud: no vowels, and nothing that looks like something else', () => {
  const labels = Array.from({ length: 20_000 }, () => newLabel());
  const counts = new Map<string, number>();
  for (const label of labels) {
    expect(label).toMatch(/^[BCDFGHJKMNPQRSTVWXZ2-9]{3}$/);
    for (const letter of label) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  // Each of the 27 letters as often as the others: chi-square with 26 degrees of freedom, p = 0.0001.
  const expected = (labels.length * 3) / 27;
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(27);
  expect(chi).toBeLessThan(61);
  expect(newLabel(6)).toHaveLength(6);
});

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const root = path.join(import.meta.dirname, '../..');

test('the tour names files and functions that are there, in at most twenty lines a walk', () => {
  const tour = readFileSync(path.join(root, 'docs/tour.md'), 'utf8');
  const named = [...tour.matchAll(/`(src\/[^`]+\.ts)`(?: `(\w+)`)?/g)];
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(([, file = '', name]) => {
    if (!existsSync(path.join(root, file))) return true;
    if (name === undefined) return false;
    const declared = new RegExp(
      `\\b(?:function|const|interface) ${name}\\b|^\\s+(?:async )?${name}[(:]`,
      'm',
    );
    return !declared.test(readFileSync(path.join(root, file), 'utf8'));
  });
  expect(missing.map(([text]) => text)).toEqual([]);
  for (const walk of tour.split('\n## ').slice(1))
    expect(walk.split('\n').filter((line) => /^\d+\./.test(line)).length).toBeLessThanOrEqual(20);
});

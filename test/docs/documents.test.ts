import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { errorStatus } from '../../src/base/errors.ts';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

test('docs/errors.md lists every error code with its status', () => {
  const rows = read('docs/errors.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const listed = Object.fromEntries(
    rows.flatMap((row) => {
      const [, codes = '', status = ''] = row.split('|');
      return [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(status)]);
    }),
  );
  expect(listed).toEqual(errorStatus);
});

test('docs/audit.md lists every event, and none that does not exist', () => {
  const type = /export type AuditEventName =([^;]+);/.exec(read('src/audit/audit.ts'))?.[1] ?? '';
  const events = [...type.matchAll(/'([^']+)'/g)].map(([, event]) => event);
  const listed = read('docs/audit.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([\w.-]+)`/g)].map(([, event]) => event));
  expect(events.length).toBeGreaterThan(10);
  expect(listed.toSorted()).toEqual(events.toSorted());
});

test('every file that the README and the documents link to is there', () => {
  for (const file of [
    'README.md',
    'docs/decisions.md',
    'docs/operations.md',
    'docs/desk-drill.md',
    'docs/README.md',
    'docs/requirements.md',
    'docs/security.md',
    'docs/advisories.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/advisories.md',
  ]) {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, link]) => link ?? '');
    for (const link of links)
      expect(() => readFileSync(path.join(root, path.dirname(file), link))).not.toThrow();
  }
});

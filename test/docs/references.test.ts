import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = ['docs/requirements.md', 'docs/security.md'];

/** A mark: the letter of its table and a number, written as the table writes it. */
const mark = /(?<![%\\#\w])(?:[CAF]\d\d|[REDS]\d{1,2}|I[1-7])(?!\w)/g;

const rows = documents.flatMap((document) =>
  read(document)
    .split('\n')
    .flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const [, name = '', , shownBy = ''] = cells;
      return /^[A-Z]\d+$/.test(name) ? [{ document, name, shownBy }] : [];
    }),
);
const named = new Set(rows.map(({ name }) => name));

test('every mark has one row', () => {
  const names = rows.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.length).toBeGreaterThan(200);
});

test('every mark in code, tests and documents has a row', () => {
  const files = globSync('{src,migrations,test,bench,docs,config,views}/**/*.{ts,js,md,yaml,eta}', {
    cwd: root,
  });
  const dangling = [...files, 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        (line.match(mark) ?? [])
          .filter((name) => !named.has(name))
          .map((name) => `${file}:${index + 1} ${name}`),
      ),
  );
  expect(dangling).toEqual([]);
});

test('the tests that a row names are there and name the row', () => {
  const wrong = rows.flatMap(({ document, name, shownBy }) => {
    const others = shownBy.startsWith('as ') ? (shownBy.match(mark) ?? []) : [];
    const files = [...shownBy.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
    return [
      ...others.filter((other) => !named.has(other)).map((other) => `${document} ${name}: no row ${other}`),
      ...files
        .filter((file) => !existsSync(path.join(root, file)))
        .map((file) => `${document} ${name}: no ${file}`),
    ];
  });
  expect(wrong).toEqual([]);
});

test('documents are named by links or paths that are there', () => {
  const files = globSync('{src,migrations,test,bench}/**/*.ts', { cwd: root });
  const missing = files.flatMap((file) =>
    [...read(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)]
      .map(([document]) => document)
      .filter((document) => !existsSync(path.join(root, document)))
      .map((document) => `${file}: ${document}`),
  );
  expect(missing).toEqual([]);
});

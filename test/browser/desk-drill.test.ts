import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeInBrowser, launchBrowser, type TestBrowser } from '../support/browser.ts';
import { playScenes, type Seen } from './drill-cast.ts';
import { drillScenes } from './drill-scenes.ts';
import { startUniversity, type University } from './university.ts';

const docs = path.join(import.meta.dirname, '../../docs');
const drill = readFileSync(path.join(docs, 'desk-drill.md'), 'utf8');

/** The scenes of the document: "## 1. The normal case", and what it says there. */
const told = drill
  .split(/^## /m)
  .slice(1)
  .map((part) => {
    const [, number = '', title = ''] = /^(\d+)\. (.*)$/m.exec(part) ?? [];
    return { number: Number(number), title, text: part.replace(/\s+/g, ' ') };
  });

/** What stands on pages, as the document writes it: **English** (日本語). */
function wordsIn(text: string): { en: string; ja: string }[] {
  return [...text.matchAll(/\*\*([^*]+)\*\* \(((?:[^()]|\([^()]*\))+)\)/g)].map(([, en = '', ja = '']) => ({
    en,
    ja: ja.replace(/ /g, ''),
  }));
}

const picturesIn = (text: string): string[] =>
  [...text.matchAll(/!\[[^\]]+\]\(images\/([\w-]+)\.png\)/g)].map(([, name = '']) => name);

describe('the drill of the desk, as it is written', () => {
  test('has the scenes that are walked, in their order', () => {
    expect(told.map(({ number, title }) => `${number}. ${title}`)).toEqual(
      drillScenes.map(({ title }, index) => `${index + 1}. ${title}`),
    );
  });

  test('shows pictures that are there, each under 120 KB', () => {
    const pictures = picturesIn(drill);
    expect(pictures.length).toBeGreaterThan(8);
    for (const name of pictures) {
      const file = path.join(docs, 'images', `${name}.png`);
      expect([name, existsSync(file)]).toEqual([name, true]);
      expect([name, statSync(file).size < 120_000]).toEqual([name, true]);
    }
  });

  test('says every word of a page in both languages', () => {
    const bold = [...drill.matchAll(/\*\*[^*]+\*\*/g)].length;
    // One bold word explains what bold words are.
    expect(told.flatMap(({ text }) => wordsIn(text))).toHaveLength(bold - 1);
  });
});

describeInBrowser('R39–R44: the drill of the desk, walked', () => {
  let chromium: TestBrowser;
  beforeAll(async () => {
    chromium = await launchBrowser();
  });
  afterAll(() => chromium.close());

  describe.each(['en', 'ja'] as const)('in %s', (locale) => {
    let university: University;
    let seen: Map<string, Seen>;
    const pictures: string[] = [];
    beforeAll(async () => {
      university = await startUniversity();
      const folder = path.join(process.env.NIJO_TEST_RUN_FOLDER ?? tmpdir(), `desk-drill-${locale}`);
      mkdirSync(folder, { recursive: true });
      seen = await playScenes(
        drillScenes,
        { browser: chromium.browser, university, locale },
        (name, picture) => {
          pictures.push(name);
          writeFileSync(path.join(folder, `${name}.png`), picture);
        },
      );
    }, 180_000);
    afterAll(() => university.close());

    test.each(told)('$number. $title: the pages say what the document says', ({ title, text }) => {
      const words = new Set([...(seen.get(title)?.words ?? [])].map((each) => plain(each, locale)));
      const missing = wordsIn(text)
        .map((pair) => plain(pair[locale], locale))
        .filter((word) => !words.has(word));
      expect(missing).toEqual([]);
    });

    test('the pictures of the document are those that were taken', () => {
      expect(pictures.toSorted()).toEqual(picturesIn(drill).toSorted());
    });
  });
});

/** The document breaks its lines where it likes. */
function plain(words: string, locale: 'en' | 'ja'): string {
  return locale === 'ja' ? words.replace(/\s+/g, '') : words.replace(/\s+/g, ' ').trim();
}

import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CsvRecord, readCsvRecords } from '../../src/accounts/import/csv-records.ts';

async function read(chunks: readonly (string | Buffer)[]): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  for await (const record of readCsvRecords(Readable.from(chunks))) records.push(record);
  return records;
}

const bad = (line: number) => ({ line, problem: expect.stringContaining('quotation mark') });

describe('CSV records', () => {
  test('byte order mark, CRLF, empty lines, quoted fields with commas, quotation marks and line breaks', async () => {
    const text = '\uFEFFa,b\r\n1,"x,""y"""\r\n\r\n"two\r\nlines",3\r\n,\r\n4,5';
    expect(await read([Buffer.from(text)])).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['1', 'x,"y"'] },
      { line: 4, fields: ['two\nlines', '3'] },
      { line: 6, fields: ['', ''] },
      { line: 7, fields: ['4', '5'] },
    ]);
  });

  test.each([
    ['a,b\n1,"2\n3,4\n5,6\n', 'not closed, to the end of the file'],
    [`a,b\n1,"2\n3,4\n5,6\n${'7,8\n'.repeat(200)}`, 'not closed, in a long file'],
    ['a,b\n1,"2"x\n3,4\n5,6\n', 'text after the closing one'],
    ['a,b\n1,x"2\n3,4\n5,6\n', 'one in the middle'],
    ['a,b\n1,x"2"\n3,4\n5,6\n', 'two in the middle'],
  ])('a stray quotation mark costs its own line alone: %j (%s)', async (text) => {
    const records = await read([text]);
    expect(records.slice(0, 4)).toEqual([
      { line: 1, fields: ['a', 'b'] },
      bad(2),
      { line: 3, fields: ['3', '4'] },
      { line: 4, fields: ['5', '6'] },
    ]);
    expect(records).toHaveLength(text.trimEnd().split('\n').length);
  });

  test('two stray quotation marks cost two lines and nothing between them', async () => {
    expect(await read(['a,b\n1,"2\n3,4\n5,"6\n7,8\n'])).toEqual([
      { line: 1, fields: ['a', 'b'] },
      bad(2),
      { line: 3, fields: ['3', '4'] },
      bad(4),
      { line: 5, fields: ['7', '8'] },
    ]);
  });

  test('a file without an end of line, and an empty one', async () => {
    expect(await read(['a,b'])).toEqual([{ line: 1, fields: ['a', 'b'] }]);
    expect(await read([''])).toEqual([]);
    expect(await read([])).toEqual([]);
    expect(await read(['a\r1\r'])).toEqual([
      { line: 1, fields: ['a'] },
      { line: 2, fields: ['1'] },
    ]);
  });

  test('a file that is no text is not read into memory', async () => {
    await expect(read(Array.from({ length: 20 }, () => 'x'.repeat(100_000)))).rejects.toThrow(
      'longer than 1 MiB',
    );
  });

  test.each([
    ['sep=,', ','],
    ['\uFEFFsep=;', ';'],
    ['"sep=;"', ';'],
    ['SEP=\t', '\t'],
    ['sep=;;;', ';'],
    ['sep=|', '|'],
  ])('S17: a first line %j names the separator, and lines keep their numbers', async (first, separator) => {
    const rows = [
      ['a', 'b'],
      ['"1,5"', '"2;x\ty"'],
      ['sep=', 'x'],
    ].map((row) => row.join(separator));
    expect(await read([`${first}\r\n${rows.join('\r\n')}`])).toEqual([
      { line: 2, fields: ['a', 'b'] },
      { line: 3, fields: ['1,5', '2;x\ty'] },
      { line: 4, fields: ['sep=', 'x'] },
    ]);
  });

  test('S17: ="0012345" is what a spreadsheet makes of leading zeros', async () => {
    expect(await read(['a,b,c\n="0012345",="x ""y"" z",=1+1\n="1,x,y\n'])).toEqual([
      { line: 1, fields: ['a', 'b', 'c'] },
      { line: 2, fields: ['0012345', 'x "y" z', '=1+1'] },
      bad(3),
    ]);
  });

  test('whatever is written is read back, however the bytes are cut', async () => {
    const field = fc
      .string({ unit: 'grapheme', maxLength: 6 })
      .map((text) => text.replace(/[\r\n\uFEFF]/g, '').trim());
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      );
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 7 }), fc.boolean(), async (rows, cut, crlf) => {
        const quote = (text: string): string =>
          /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const bytes = Buffer.from(rows.map((row) => row.map(quote).join(',')).join(crlf ? '\r\n' : '\n'));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += cut) chunks.push(bytes.subarray(at, at + cut));
        const records = await read(chunks);
        expect(records.map((record) => ('fields' in record ? record.fields : record))).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });
});

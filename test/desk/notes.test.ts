import { expect, test } from '@jest/globals';
import { longestNote, readNote } from '../../src/desk/notes.ts';

/** Numbers that say who somebody is, or that somebody could use: none may ever be stored (R39). */
const forbidden = {
  'codes of 6 and 8 digits': [
    '123456',
    '12345678',
    'code: 1234 5678',
    '1234-5678',
    '12.34.56.78',
    '12:34:56:78',
  ],
  'in full width': ['１２３４５６７８', '１２３４－５６７８', '１２３　４５６', 'ＡＢ１２３４５６７８ＣＤ'],
  'in kanji, signs and words': [
    '〇九〇一二三四五六七八',
    '零九零の一二三四の五六七八',
    '二十三万四千五百六十七',
    '壱弐参四五六',
    '①②③④⑤⑥',
    '٠٩٠١٢٣٤٥',
    'one two three four five six seven',
  ],
  'telephone numbers': [
    '(075) 753-1234',
    '+81-75-753-1234',
    '090-1234-5678',
    '０９０ー１２３４ー５６７８',
    'tel 753,1234',
  ],
  passports: ['TK1234567', 'tk 123 45 67', 'TK12-34-567', 'C01X00T47', 'EN12345'],
  'residence cards': ['AB12345678CD', 'AB 1234 5678 CD', 'AB-1234-5678-CD'],
  licences: ['301234567890', '3012 3456 7890', 'number 30-12-345678-90'],
  'My Number': ['1234 5678 9012', '１２３４５６７８９０１２'],
  'student numbers': ['a0000001', 'A000 0001', '0123-45-6789', '90年1234567'],
  'what is no date': ['2012-12-1234', '1990-05-12-3456', '12/34/56', '4.11.20261', '9999-99-99'],
  addresses: ['hanako@example.com', 'ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'hanako (at) example.com'],
  'secrets of factors': ['JBSWY3DPEHPK3PXP', 'JBSW Y3DP EHPK 3PXP', 'otpauth://totp/x', 'K7TQ-9M3X-ABC45'],
  'in disguise': ['12​34​56', '12\n34\n56', '7 5 3 1 2 3', '12_34_56', "12'34'56", '12\u{e0001}3456', '12­3456'],
};

const harmless = [
  'Student card shown at the desk; the photograph matches.',
  '学生証を窓口で確認。写真と本人が一致。',
  'Called back at 14:05 on 2026-11-04; answered in person',
  '2026年11月4日 14時05分に折り返し',
  '二〇二六年十一月四日に来所',
  '2026/11/04 09:30-10:15',
  '2026-11-04 09:30 and 2026-11-05 10:00',
  '2026-11-04T09:30:00+09:00',
  'Nov 4, 2026, 14:05',
  '4.11.2026',
  '9:00-17:00',
  '９：３０に来所',
  '12:30〜13:15',
  '10時から12時',
  'Second visit; first on 11/4 and 12/5',
  '11/4 11/5',
  'Room 305, desk 2',
  '第1号館2階201',
  '内線 1234',
  'ext. 12345',
  'iPhone 15 Pro broken, Windows11 works',
  'Spring2026 course',
  'COVID-19 and A4 paper',
  '令和8年11月4日',
  '3回目の来所',
  'Card valid until 2027-03-31',
  'Same as case KQTT-MZ4B',
  'one or two of three',
  '二人で一度だけ確認',
  'met @ desk',
  'wait till 2027 then call them back',
  'A line.\nAnother line.',
];

test.each(Object.entries(forbidden))('R39: a note refuses to hold numbers: %s', (_, notes) => {
  const passed = notes
    .flatMap((one) => [one, `Shown at the desk: ${one}.`, `確認（${one}）済み`])
    .filter((note) => {
      try {
        readNote(note);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'note_holds_number' });
        return false;
      }
    });
  expect(passed).toEqual([]);
});

test('R39: words, dates and times of day are no such numbers, and are kept', () => {
  for (const note of harmless) expect(readNote(` ${note} `)).toBe(note.normalize('NFKC'));
});

test('a note has at most 500 characters, as they are stored, and nothing that cannot be seen', () => {
  expect(readNote('あ'.repeat(longestNote))).toHaveLength(longestNote);
  for (const note of ['あ'.repeat(longestNote + 1), 'x'.repeat(100_000), 'ﷺ'.repeat(40)])
    expect(() => readNote(note)).toThrow(
      expect.objectContaining({ code: 'note_too_long', details: { max: longestNote } }),
    );
  expect(readNote('a\u0000b\r\nc‮d')).toBe('ab\ncd');
  expect([readNote(undefined), readNote(['x']), readNote('  \n ')]).toEqual(['', '', '']);
});

test('the rule ends in time on whatever is typed', () => {
  for (const text of ['AB2-', '1/', 'A2 ', '-2', '2:', 'a.', '(at', '2 A', 'A-1-'])
    try {
      readNote(text.repeat(longestNote / text.length));
    } catch (error) {
      expect(error).toMatchObject({ code: 'note_holds_number' });
    }
});

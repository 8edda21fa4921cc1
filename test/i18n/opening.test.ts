import { expect, test } from '@jest/globals';
import { deskSchema } from '../../src/config/sections/desk.ts';
import { type Opening, openingInWords, weekInWords } from '../../src/i18n/opening.ts';

const tokyo = (moment: string): Date => new Date(`${moment}+09:00`);
/** Asked on Monday, 2026-10-05, at noon. */
const asked = (opening: Partial<Opening>): string[] => {
  const given = { open: false, at: tokyo('2026-10-05T12:00'), timeZone: 'Asia/Tokyo', ...opening };
  return [openingInWords(given, 'en'), openingInWords(given, 'ja')];
};

test.each([
  ['2026-10-05T17:00', 'Open now, until 17:00', '受付中（17:00まで）'],
  ['2026-10-05T12:05', 'Open now, until 12:05', '受付中（12:05まで）'],
  ['2026-10-06T00:00', 'Open now, until midnight', '受付中（24:00まで）'],
  ['2026-10-06T02:00', 'Open now, until Tuesday at 2:00', '受付中（火曜日 2:00まで）'],
  ['2026-10-12T00:00', 'Open now, until Sunday at midnight', '受付中（日曜日 24:00まで）'],
  ['2026-10-12T01:00', 'Open now, until Monday, October 12 at 1:00', '受付中（10月12日（月曜日） 1:00まで）'],
])('R51: open until %s', (closes, en, ja) => {
  expect(asked({ open: true, closes: tokyo(closes) })).toEqual([en, ja]);
});

test.each([
  [
    '2026-10-05T13:00',
    'Closed now. Opens today at 13:00.',
    '今は受付時間外です。次は今日の 13:00 からです。',
  ],
  [
    '2026-10-06T00:00',
    'Closed now. Opens tomorrow (Tuesday) at 0:00.',
    '今は受付時間外です。次は明日（火曜日）の 0:00 からです。',
  ],
  [
    '2026-10-07T09:00',
    'Closed now. Opens Wednesday at 9:00.',
    '今は受付時間外です。次は水曜日 9:00 からです。',
  ],
  ['2026-10-11T09:00', 'Closed now. Opens Sunday at 9:00.', '今は受付時間外です。次は日曜日 9:00 からです。'],
  [
    '2026-10-12T09:00',
    'Closed now. Opens on Monday, October 12 at 9:00.',
    '今は受付時間外です。次は10月12日（月曜日） 9:00 からです。',
  ],
])('R42, R51: closed, and opens at %s', (opens, en, ja) => {
  expect(asked({ nextOpens: tokyo(opens) })).toEqual([en, ja]);
});

test('R42, R51: day and night, and not within 60 days', () => {
  expect(asked({ open: true })).toEqual(['Open now, day and night', '受付中（24時間）']);
  expect(asked({})).toEqual([
    'Closed now. No opening is planned in the next 60 days.',
    '今は受付時間外です。これから60日間、受付の予定はありません。',
  ]);
});

test('R51: "today" and "tomorrow" are those of the support centre, wherever the server is', () => {
  const at = new Date('2026-10-04T20:00:00Z');
  const opening = { open: false, at, nextOpens: new Date('2026-10-05T00:00:00Z') };
  expect(openingInWords({ ...opening, timeZone: 'Asia/Tokyo' }, 'en')).toBe(
    'Closed now. Opens today at 9:00.',
  );
  expect(openingInWords({ ...opening, timeZone: 'Europe/Berlin' }, 'en')).toBe(
    'Closed now. Opens tomorrow (Monday) at 2:00.',
  );
});

const usual = ['09:00-12:00', '13:00-17:00'];
const whole = ['00:00-12:00', '12:00-24:00'];
test.each([
  [{}, 'japan', 'No weekly hours', '決まった受付時間はありません'],
  [
    { monday: usual, tuesday: usual, wednesday: usual, thursday: usual, friday: ['09:00-15:00'] },
    'japan',
    'Mon–Thu 9:00–12:00, 13:00–17:00; Fri 9:00–15:00 (except national holidays)',
    '月–木曜日 9:00–12:00・13:00–17:00、金曜日 9:00–15:00（祝日を除く）',
  ],
  [
    { monday: ['10:00-12:00'], wednesday: ['10:00-12:00'], saturday: whole, sunday: whole },
    'none',
    'Mon, Wed 10:00–12:00; Sat, Sun around the clock',
    '月・水曜日 10:00–12:00、土・日曜日 24時間',
  ],
  [
    Object.fromEntries(
      ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [
        day,
        whole,
      ]),
    ),
    'none',
    'Every day, around the clock',
    '毎日、24時間',
  ],
] as const)('R51: the week in one line %#', (hours, holidays, en, ja) => {
  const desk = deskSchema.parse({ hours, holidays });
  expect(weekInWords(desk.hours, 'en', desk.holidays)).toBe(en);
  expect(weekInWords(desk.hours, 'ja', desk.holidays)).toBe(ja);
});

test('R51: Kyoto’s week', () => {
  const { hours, holidays } = deskSchema.parse({});
  expect(weekInWords(hours, 'en', holidays)).toBe('Weekdays 9:00–17:00 (except national holidays)');
  expect(weekInWords(hours, 'ja', holidays)).toBe('平日 9:00–17:00（祝日を除く）');
});

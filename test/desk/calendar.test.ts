import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Days, kyoto, said, setCalendar, settingsOf } from './calendar-stage.ts';

const tokyo = (moment: string): string => `${moment}+09:00`;
/** Closing days over the year's end, as universities have them. */
const yearEnd: Days = Object.fromEntries(
  ['2026-12-29', '2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02', '2027-01-03'].map((day) => [
    day,
    'closed',
  ]),
);

describeOnEveryDatabase('the calendar of the support centre', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  const words = async (...moments: readonly string[]): Promise<string[]> => {
    const all: string[] = [];
    for (const moment of moments) all.push((await said(database.db, tokyo(moment))).en);
    return all;
  };

  test('R41: opens and closes to the second', async () => {
    await setCalendar(database.db, kyoto);
    // 2026-10-05 is a Monday.
    expect(
      await words(
        '2026-10-05T08:59:59',
        '2026-10-05T08:59:59.999',
        '2026-10-05T09:00:00',
        '2026-10-05T16:59:59.999',
        '2026-10-05T17:00:00',
      ),
    ).toEqual([
      'Closed now. Opens today at 9:00.',
      'Closed now. Opens today at 9:00.',
      'Open now, until 17:00',
      'Open now, until 17:00',
      'Closed now. Opens tomorrow (Tuesday) at 9:00.',
    ]);
    expect(await said(database.db, tokyo('2026-10-05T12:00:00'))).toEqual({
      open: true,
      closes: '2026-10-05T08:00:00.000Z',
      opens: '2026-10-06T00:00:00.000Z',
      en: 'Open now, until 17:00',
      ja: '受付中（17:00まで）',
    });
  });

  test('R42, R51: over a weekend and a holiday it says which day, in both languages', async () => {
    await setCalendar(database.db, kyoto);
    expect(await said(database.db, tokyo('2026-10-02T17:00:00'))).toMatchObject({
      en: 'Closed now. Opens Monday at 9:00.',
      ja: '今は受付時間外です。次は月曜日 9:00 からです。',
    });
    expect(await said(database.db, tokyo('2026-10-04T23:59:59'))).toMatchObject({
      en: 'Closed now. Opens tomorrow (Monday) at 9:00.',
      ja: '今は受付時間外です。次は明日（月曜日）の 9:00 からです。',
    });
    // Health and Sports Day, Monday 2026-10-12.
    expect(await words('2026-10-09T17:00:00', '2026-10-12T12:00:00')).toEqual([
      'Closed now. Opens Tuesday at 9:00.',
      'Closed now. Opens tomorrow (Tuesday) at 9:00.',
    ]);
  });

  test('R41: holidays in lieu and between two holidays, and Golden Week', async () => {
    await setCalendar(database.db, kyoto);
    // Wednesday 2026-05-06 stands for Sunday the 3rd; Tuesday 2026-09-22 lies between two; Monday 2027-03-22.
    expect(await words('2026-05-06T10:00:00', '2026-09-22T10:00:00', '2027-03-22T10:00:00')).toEqual([
      'Closed now. Opens tomorrow (Thursday) at 9:00.',
      'Closed now. Opens Thursday at 9:00.',
      'Closed now. Opens tomorrow (Tuesday) at 9:00.',
    ]);
    expect(await words('2026-05-01T16:59:59', '2026-05-01T17:00:00', '2026-05-04T10:00:00')).toEqual([
      'Open now, until 17:00',
      'Closed now. Opens Thursday at 9:00.',
      'Closed now. Opens Thursday at 9:00.',
    ]);
    // 2027: Thursday 29 April, then Monday to Wednesday.
    expect(await words('2027-04-30T12:00:00', '2027-04-30T17:00:00')).toEqual([
      'Open now, until 17:00',
      'Closed now. Opens Thursday at 9:00.',
    ]);
  });

  test('R41, R42: closing days over the year’s end, across two years', async () => {
    await setCalendar(database.db, kyoto, { days: yearEnd });
    expect(await words('2026-12-28T16:59:59', '2026-12-28T17:00:00', '2026-12-31T23:59:59')).toEqual([
      'Open now, until 17:00',
      'Closed now. Opens on Monday, January 4 at 9:00.',
      'Closed now. Opens Monday at 9:00.',
    ]);
    expect(await said(database.db, tokyo('2026-12-28T17:00:00'))).toMatchObject({
      opens: '2027-01-04T00:00:00.000Z',
      ja: '今は受付時間外です。次は1月4日（月曜日） 9:00 からです。',
    });
    expect(await words('2027-01-03T12:00:00', '2027-01-04T09:00:00')).toEqual([
      'Closed now. Opens tomorrow (Monday) at 9:00.',
      'Open now, until 17:00',
    ]);
  });

  test('R41: special openings on a Saturday and on a holiday, and a closing day on a working day', async () => {
    const days = { '2026-10-03': '10:00-12:00', '2026-10-12': '13:00-16:00', '2026-10-06': 'closed' };
    await setCalendar(database.db, kyoto, { days });
    expect(
      await words(
        '2026-10-02T17:00:00',
        '2026-10-03T10:00:00',
        '2026-10-03T12:00:00',
        '2026-10-05T17:00:00',
        '2026-10-06T10:00:00',
        // The operator's word counts before the holiday's, and its hours are not the week's.
        '2026-10-12T09:30:00',
        '2026-10-12T13:00:00',
        '2026-10-12T16:00:00',
      ),
    ).toEqual([
      'Closed now. Opens tomorrow (Saturday) at 10:00.',
      'Open now, until 12:00',
      'Closed now. Opens Monday at 9:00.',
      'Closed now. Opens Wednesday at 9:00.',
      'Closed now. Opens tomorrow (Wednesday) at 9:00.',
      'Closed now. Opens today at 13:00.',
      'Open now, until 16:00',
      'Closed now. Opens tomorrow (Tuesday) at 9:00.',
    ]);
  });

  test('R41: breaks close it, hours without a gap are one', async () => {
    const monday = ['09:00-12:00', '13:00-15:00', '15:00-17:30'];
    await setCalendar(database.db, settingsOf({ monday }));
    expect(
      await words('2026-10-05T11:59:59', '2026-10-05T12:00:00', '2026-10-05T13:00:00', '2026-10-05T15:00:00'),
    ).toEqual([
      'Open now, until 12:00',
      'Closed now. Opens today at 13:00.',
      'Open now, until 17:30',
      'Open now, until 17:30',
    ]);
    // What opens next is not the middle of what is open now.
    expect((await said(database.db, tokyo('2026-10-05T14:00:00'))).opens).toBe('2026-10-12T00:00:00.000Z');
  });

  test('R41: around the clock, and open past midnight', async () => {
    const always = ['00:00-24:00'];
    const week = { monday: always, tuesday: always, wednesday: always, thursday: always };
    const everyDay = { ...week, friday: always, saturday: always, sunday: always };
    await setCalendar(database.db, settingsOf(everyDay));
    expect(await said(database.db, tokyo('2026-10-06T00:00:00'))).toEqual({
      open: true,
      closes: undefined,
      opens: undefined,
      en: 'Open now, day and night',
      ja: '受付中（24時間）',
    });
    await setCalendar(database.db, settingsOf(everyDay), { days: { '2026-10-12': 'closed' } });
    expect(await said(database.db, tokyo('2026-10-06T10:00:00'))).toMatchObject({
      closes: '2026-10-11T15:00:00.000Z',
      opens: '2026-10-12T15:00:00.000Z',
      en: 'Open now, until Sunday at midnight',
      ja: '受付中（日曜日 24:00まで）',
    });
    await setCalendar(database.db, settingsOf({ monday: ['18:00-24:00'], tuesday: ['00:00-02:00'] }));
    expect(await words('2026-10-05T23:59:59', '2026-10-06T00:00:00', '2026-10-06T02:00:00')).toEqual([
      'Open now, until Tuesday at 2:00',
      'Open now, until 2:00',
      'Closed now. Opens Monday at 18:00.',
    ]);
  });

  test('R42: never open within 60 days says so; on the 60th day it is found', async () => {
    await setCalendar(database.db, settingsOf({ monday: [] }));
    expect(await said(database.db, tokyo('2026-10-05T10:00:00'))).toEqual({
      open: false,
      closes: undefined,
      opens: undefined,
      en: 'Closed now. No opening is planned in the next 60 days.',
      ja: '今は受付時間外です。これから60日間、受付の予定はありません。',
    });
    await setCalendar(database.db, settingsOf({ monday: [] }), { days: { '2026-12-04': '10:00-11:00' } });
    expect(await words('2026-10-05T23:59:59', '2026-10-04T23:59:59')).toEqual([
      'Closed now. Opens on Friday, December 4 at 10:00.',
      'Closed now. No opening is planned in the next 60 days.',
    ]);
  });

  test.each([
    // Clocks go forward on Sunday 2027-03-28 at 2:00, and back on Sunday 2027-10-31 at 3:00.
    ['2027-03-26T16:00:00Z', 'Closed now. Opens Monday at 9:00.', '2027-03-29T07:00:00.000Z'],
    ['2027-03-29T06:59:59Z', 'Closed now. Opens today at 9:00.', '2027-03-29T07:00:00.000Z'],
    ['2027-10-29T15:00:00Z', 'Closed now. Opens Monday at 9:00.', '2027-11-01T08:00:00.000Z'],
    ['2027-11-01T07:59:59Z', 'Closed now. Opens today at 9:00.', '2027-11-01T08:00:00.000Z'],
  ])('R41: 9:00 is 9:00 on the wall, in summer and in winter (%s)', async (moment, en, opens) => {
    await setCalendar(database.db, kyoto, { timeZone: 'Europe/Berlin' });
    expect(await said(database.db, moment)).toMatchObject({ open: false, en, opens });
    expect((await said(database.db, opens)).en).toBe('Open now, until 17:00');
  });

  test('R41: a day of 23 and one of 25 hours are open from midnight to midnight; hours that do not exist are none', async () => {
    const sunday = ['00:00-24:00'];
    await setCalendar(database.db, settingsOf({ sunday }), { timeZone: 'Europe/Berlin' });
    for (const [from, to] of [
      ['2027-03-27T23:00:00.000Z', '2027-03-28T22:00:00.000Z'],
      ['2027-10-30T22:00:00.000Z', '2027-10-31T23:00:00.000Z'],
    ] as const) {
      expect(await said(database.db, from)).toMatchObject({ closes: to, en: 'Open now, until midnight' });
      expect((await said(database.db, new Date(Date.parse(from) - 1).toISOString())).opens).toBe(from);
      expect((await said(database.db, to)).open).toBe(false);
    }
    const night = settingsOf({ sunday: ['02:00-03:00'] });
    await setCalendar(database.db, night, { timeZone: 'Europe/Berlin' });
    // 2027-03-28 has no 2:30.
    expect((await said(database.db, '2027-03-27T12:00:00Z')).opens).toBe('2027-04-04T00:00:00.000Z');
  });
});

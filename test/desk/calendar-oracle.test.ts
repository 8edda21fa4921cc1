import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type WeekHours, weekdays } from '../../src/i18n/opening.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Days, said, setCalendar, settingsOf } from './calendar-stage.ts';

// Clocks change at 2:00 or 3:00 in these, in Lord Howe by half an hour; Kathmandu is at +05:45.
const timeZones = [
  'Asia/Tokyo',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
];
const quarter = 15 * 60_000;
const day = 24 * 60 * 60_000;

/** A calendar on the wall: the day, and the time of day as text, of a moment. */
function wallOf(timeZone: string): (moment: number) => { date: string; time: string } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (moment) => {
    const [date = '', time = ''] = format.format(moment).split(' ');
    return { date, time };
  };
}

/** Looks at the wall clock every quarter of an hour; knows neither intervals nor the database. */
function oracle(hours: WeekHours, days: Days, timeZone: string) {
  const wall = wallOf(timeZone);
  const openAt = (moment: number): boolean => {
    const { date, time } = wall(moment);
    const special = days[date];
    const weekday = weekdays[(new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7] ?? 'monday';
    const list = special === undefined ? hours[weekday] : special === 'closed' ? [] : [special];
    return list.some((one) => {
      const [opens = '', closes = ''] = one.split('-');
      return `${opens}:00` <= time && time < `${closes}:00`;
    });
  };
  return (at: number): { open: boolean; closes: string | undefined; opens: string | undefined } => {
    const open = openAt(at);
    const last = wall(Date.parse(`${wall(at).date}T12:00:00Z`) + 60 * day).date;
    let [closes, opens]: (number | undefined)[] = [];
    let before = open;
    for (let next = (Math.floor(at / quarter) + 1) * quarter; opens === undefined; next += quarter) {
      // The day of the wall, and not 60 times 24 hours.
      if (wall(next).date > last) break;
      const now = openAt(next);
      if (open && before && !now) closes ??= next;
      if (!before && now) opens = next;
      before = now;
    }
    const text = (moment: number | undefined): string | undefined =>
      moment === undefined ? undefined : new Date(moment).toISOString();
    return {
      open,
      closes: closes !== undefined && closes < at + 14 * day ? text(closes) : undefined,
      opens: text(opens),
    };
  };
}

// Neither hours that a day does not have, nor hours that it has twice.
const times = ['00:00', '05:15', '08:30', '09:00', '11:45', '12:00', '13:00', '17:00', '22:30', '24:00'];
const hoursOfDay = fc
  .uniqueArray(fc.nat(times.length - 1), { maxLength: 6 })
  .map((picked) => picked.toSorted((a, b) => a - b).map((index) => times[index] ?? ''))
  .map((sorted) =>
    sorted.flatMap((from, index) => {
      const to = sorted[index + 1];
      return to === undefined || index % 3 === 1 ? [] : [`${from}-${to}`];
    }),
  );
const week = fc.oneof(
  fc.record(Object.fromEntries(weekdays.map((name) => [name, hoursOfDay]))),
  fc
    .constantFrom(['00:00-24:00'], ['00:00-12:00', '12:00-24:00'], [])
    .map((each) => Object.fromEntries(weekdays.map((name) => [name, each]))),
) as fc.Arbitrary<unknown> as fc.Arbitrary<WeekHours>;
// Around the changes of clocks, the year's end and the day that only some years have.
const around = [
  '2027-03-14',
  '2027-03-28',
  '2027-04-04',
  '2027-10-03',
  '2027-10-31',
  '2026-12-31',
  '2028-02-28',
];
const situation = fc.record({
  hours: week,
  timeZone: fc.constantFrom(...timeZones),
  moments: fc.constantFrom(...around).chain((date) =>
    fc.array(
      fc
        .oneof(
          fc.integer({ min: -3 * day, max: 3 * day }).map((offset) => Math.floor(offset / 1000) * 1000),
          // On the quarter, a second before it, and one after.
          fc
            .tuple(fc.integer({ min: -288, max: 288 }), fc.constantFrom(-1, 0, 1))
            .map(([quarters, second]) => quarters * quarter + second * 1000),
        )
        .map((offset) => Date.parse(date) + offset),
      { minLength: 3, maxLength: 3 },
    ),
  ),
  days: fc
    .array(
      fc.tuple(
        fc.constantFrom(...around),
        fc.integer({ min: -4, max: 70 }),
        fc.constantFrom('closed', '09:00-12:00', '00:00-24:00', '22:30-24:00', '00:00-05:15'),
      ),
      { maxLength: 40 },
    )
    .map((list) =>
      Object.fromEntries(
        list.map(([date, offset, what]) => [
          new Date(Date.parse(date) + offset * day).toISOString().slice(0, 10),
          what,
        ]),
      ),
    ),
});

describeOnEveryDatabase('the calendar and a clock on the wall', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('R41, R42: agree on open, on the end and on the next opening, whatever the hours and the zone', async () => {
    await fc.assert(
      fc.asyncProperty(situation, async ({ hours, days, timeZone, moments }) => {
        await setCalendar(database.db, settingsOf(hours as never), { timeZone, days });
        const expected = oracle(hours, days, timeZone);
        for (const moment of moments) {
          const at = new Date(moment).toISOString();
          const { open: isOpen, closes, opens } = await said(database.db, at);
          expect({ at, open: isOpen, closes, opens }).toEqual({ at, ...expected(moment) });
        }
      }),
      { numRuns: 60 },
    );
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createCalendar } from '../../src/desk/calendar/calendar.ts';
import { nationalHolidays } from '../../src/desk/calendar/holidays.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { kyoto } from './calendar-stage.ts';

// The embedded database lives in the process and has its clock.
describe('the calendar of a node whose clock is wrong (on Postgres)', () => {
  let database: TestDatabase;
  const RealDate = Date;
  beforeAll(async () => {
    database = await openTestPostgres();
  });
  afterEach(() => {
    globalThis.Date = RealDate;
  });
  afterAll(() => database.close());

  test.each([-400, 400])('F10, R41: by %i days: the database’s counts', async (days) => {
    const calendar = createCalendar({ db: database.db, settings: kyoto, timeZone: 'Asia/Tokyo' });
    const { rows } = await sql<{ at: string; today: string }>`select now()::text as at,
      to_char(now() at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as today`.execute(database.db);
    const { at: told = '', today = '' } = rows[0] ?? {};
    const truth = RealDate.parse(told);
    const wrong = (): number => RealDate.now() + days * 86_400_000;
    globalThis.Date = class extends RealDate {
      constructor(...given: []) {
        super(...((given.length > 0 ? given : [wrong()]) as []));
      }
      static override now(): number {
        return wrong();
      }
    } as DateConstructor;
    expect(Math.abs(Date.now() - truth)).toBeGreaterThan(399 * 86_400_000);
    const { at } = await calendar.opening();
    expect(Math.abs(at.getTime() - truth)).toBeLessThan(300_000);
    expect(await calendar.today()).toBe(today);
    await calendar.sync();
    const year = Number(today.slice(0, 4));
    expect((await calendar.days('2000-01-01')).map(({ day }) => day)).toEqual(
      nationalHolidays(year - 1, year + 2).map(({ day }) => day),
    );
  });
});

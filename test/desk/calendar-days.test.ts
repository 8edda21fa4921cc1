import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createCalendar, type DayInput } from '../../src/desk/calendar/calendar.ts';
import { nationalHolidays } from '../../src/desk/calendar/holidays.ts';
import { keepHolidays } from '../../src/desk/calendar/week.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { kyoto, settingsOf } from './calendar-stage.ts';

const origin = { requestId: 'r1', address: '192.0.2.1', node: 'n1' };
const lead = { accountId: 'account-of-the-lead' };
const name = { en: 'Foundation day', ja: '創立記念日' };

describeOnEveryDatabase('the days of the calendar', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('desk_days').execute();
  });
  afterAll(() => database.close());

  const calendar = (settings = kyoto, timeZone = 'Asia/Tokyo') =>
    createCalendar({ db: database.db, settings, timeZone });
  const soon = async (days: number): Promise<string> => {
    const { rows } = await sql<{ day: string }>`select to_char((now() at time zone 'Asia/Tokyo')::date
      + ${days}::integer, 'YYYY-MM-DD') as day`.execute(database.db);
    return rows[0]?.day ?? '';
  };
  const events = (event: 'desk.hours-set' | 'desk.day-set' | 'desk.day-removed') =>
    database.db
      .selectFrom('audit_events')
      .select(['actor', 'details'])
      .where('event', '=', event)
      .orderBy('id')
      .execute();
  const refused = async (input: Partial<DayInput>): Promise<string> => {
    const day = await soon(30);
    return calendar()
      .setDay(lead, { day, name, ...input }, origin)
      .then(
        () => 'done',
        (error: Error) => error.message,
      );
  };

  test('R41: a start writes hours and holidays as configured, and says so in the audit log when they change', async () => {
    await calendar().sync();
    const year = Number((await soon(0)).slice(0, 4));
    const holidays = await calendar().days(`${year - 1}-01-01`);
    expect(holidays.map(({ day, name: told, source }) => ({ day, name: told, source }))).toEqual(
      nationalHolidays(year - 1, year + 2).map((each) => ({ ...each, source: 'holiday' })),
    );
    const before = (await events('desk.hours-set')).length;
    // Nodes that start together, and one that starts again.
    await Promise.all([calendar().sync(), calendar().sync(), calendar().sync()]);
    expect(await events('desk.hours-set')).toHaveLength(before);
    const saturdays = settingsOf({ saturday: ['10:00-12:00'] });
    await Promise.all([calendar(saturdays).sync(), calendar(saturdays).sync()]);
    const after = await events('desk.hours-set');
    expect(after).toHaveLength(before + 1);
    expect(after.at(-1)).toEqual({
      actor: 'system',
      details: { hours: 'Sat 10:00–12:00', timeZone: 'Asia/Tokyo' },
    });
    expect(await calendar().days(`${year - 1}-01-01`)).toEqual([]);
    expect(await calendar(saturdays).week()).toEqual({ words: 'Sat 10:00–12:00', asConfigured: true });
    expect((await calendar().week()).asConfigured).toBe(false);
    await calendar(kyoto, 'Europe/Berlin').sync();
    expect((await calendar().opening()).timeZone).toBe('Europe/Berlin');
    await calendar().sync();
    expect(await calendar().days(`${year - 1}-01-01`)).toHaveLength(holidays.length);
  });

  test('R41: with the year come the holidays of a further one, on nodes that go on; the operator’s days stay', async () => {
    await calendar().sync();
    const mine = await soon(3);
    await calendar().setDay(lead, { day: mine, name }, origin);
    expect(await keepHolidays(database.db)).toBe(0);
    // As it was a year ago.
    const year = Number((await soon(0)).slice(0, 4));
    await database.db
      .deleteFrom('desk_days')
      .where('source', '=', 'holiday')
      .where('day', '>=', `${year + 2}`)
      .execute();
    const missing = nationalHolidays(year + 2, year + 2).length;
    expect(await keepHolidays(database.db)).toBe(missing);
    expect(await keepHolidays(database.db)).toBe(0);
    expect((await calendar().days(mine, mine)).map(({ source }) => source)).toContain('operator');
    await calendar(settingsOf({ monday: ['09:00-17:00'] })).sync();
    expect(await keepHolidays(database.db)).toBe(0);
    await calendar().sync();
  });

  test('R41: closing days in a row and special openings, each with its names and in the audit log', async () => {
    const [first, last, saturday] = [await soon(10), await soon(12), await soon(20)];
    await calendar().setDay(lead, { day: first, until: last, name }, origin);
    // As an input method writes it, and without the leading nought.
    const typed = {
      opens: '９：３０',
      closes: '24:00',
      name: { en: ' Open  campus ', ja: 'オープンキャンパス' },
    };
    await calendar().setDay(
      lead,
      { day: saturday.replaceAll('-0', '/').replaceAll('-', '/'), ...typed },
      origin,
    );
    expect(await calendar().days(first, saturday)).toEqual([
      { day: first, source: 'operator', name },
      { day: await soon(11), source: 'operator', name },
      { day: last, source: 'operator', name },
      {
        day: saturday,
        source: 'operator',
        hours: { opens: '09:30', closes: '24:00' },
        name: { en: 'Open campus', ja: 'オープンキャンパス' },
      },
    ]);
    expect((await events('desk.day-set')).slice(-2)).toEqual([
      { actor: lead.accountId, details: { day: last, kind: 'closed', name: name.en } },
      {
        actor: lead.accountId,
        details: { day: saturday, kind: 'open', opens: '09:30', closes: '24:00', name: 'Open campus' },
      },
    ]);
    // The same day again is replaced; taken back, it is gone, once.
    await calendar().setDay(lead, { day: saturday, name }, origin);
    expect(await calendar().days(saturday, saturday)).toEqual([{ day: saturday, source: 'operator', name }]);
    const twice = await Promise.allSettled([1, 2].map(() => calendar().removeDay(lead, saturday, origin)));
    expect(twice.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await events('desk.day-removed')).at(-1)).toEqual({
      actor: lead.accountId,
      details: { day: saturday, kind: 'closed' },
    });
    await expect(calendar().removeDay(lead, saturday, origin)).rejects.toThrow('day_unknown');
  });

  test('R41: a holiday is nobody’s to remove', async () => {
    await calendar().sync();
    const [holiday] = await calendar().days(await soon(1));
    expect(holiday?.source).toBe('holiday');
    await expect(calendar().removeDay(lead, holiday?.day ?? '', origin)).rejects.toThrow('day_unknown');
  });

  test('R41: what is no day, no hours or has no name is refused, and nothing is written', async () => {
    const recorded = (await events('desk.day-set')).length;
    const [yesterday, far] = [await soon(-1), await soon(61)];
    for (const day of ['', 'tomorrow', '2027-02-29', '2027-13-01', '2027-00-10', '27-01-04', yesterday])
      expect([day, await refused({ day })]).toEqual([day, 'day_malformed']);
    for (const until of ['x', yesterday, far]) expect(await refused({ until })).toBe('day_malformed');
    for (const [opens, closes] of [
      ['9:00', ''],
      ['', '17:00'],
      ['17:00', '9:00'],
      ['9:00', '9:00'],
      ['9', '17'],
      ['24:00', '24:00'],
      ['09:60', '17:00'],
      ['9:00', '24:30'],
    ] as const)
      expect([opens, closes, await refused({ opens, closes })]).toEqual([opens, closes, 'hours_malformed']);
    expect(await refused({ name: { en: ' \n', ja: '日' } })).toBe('day_name_missing');
    expect(await refused({ name: { en: 'Day', ja: '' } })).toBe('day_name_missing');
    expect(await refused({ name: { en: 'x'.repeat(101), ja: '日' } })).toBe('day_name_too_long');
    expect(await calendar().days(yesterday)).toEqual([]);
    expect(await events('desk.day-set')).toHaveLength(recorded);
  });

  test('R41: one person cannot open today and approve alone: the pages open nothing on the day itself', async () => {
    const today = await soon(0);
    expect(await refused({ day: today, opens: '00:00', closes: '24:00' })).toBe('day_too_soon');
    expect(await refused({ day: today, until: await soon(2), opens: '00:00', closes: '24:00' })).toBe(
      'day_too_soon',
    );
    // Closing at once is possible, and not taken back by one person either.
    expect(await refused({ day: today })).toBe('done');
    expect((await calendar().opening()).open).toBe(false);
    await expect(calendar().removeDay(lead, today, origin)).rejects.toThrow('day_too_soon');
    expect(await calendar().days(today, today)).toHaveLength(1);
    // Whoever has the command line has the database anyway.
    await calendar().removeDay({ cli: 'cli:root' }, today, undefined);
    await calendar().setDay(
      { cli: 'cli:root' },
      { day: today, opens: '0:00', closes: '24:00', name },
      undefined,
    );
    expect((await calendar().opening()).open).toBe(true);
    expect((await events('desk.day-set')).at(-1)?.actor).toBe('cli:root');
    await calendar().removeDay({ cli: 'cli:root' }, today, undefined);
  });
});

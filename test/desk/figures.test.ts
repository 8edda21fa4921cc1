import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import { deskSchema } from '../../src/config/sections/desk.ts';
import type { Db } from '../../src/db/open.ts';
import { createFigures, type Figures } from '../../src/desk/figures.ts';
import { csvCell, figuresCsv } from '../../src/staff/figures-csv.ts';
import { figuresModel } from '../../src/staff/figures-page.ts';
import { figureWords } from '../../src/staff/figures-words.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

/** A case as it was at the desk, every moment given. */
interface Told {
  filed: string;
  state?: 'open' | 'approved' | 'done' | 'refused' | 'withdrawn' | 'expired';
  reason?: string;
  source?: 'user' | 'desk' | 'not-me';
  withPassword?: boolean;
  /** Identity checks: when, and by which method. */
  checks?: readonly (readonly [at: string, method: string])[];
  /** Approvals: by whom, and whether outside hours. */
  approvals?: readonly (readonly [by: string, breakGlass: boolean])[];
  passAt?: string;
}

/** The same moments were written by triggers; here they are given, so the triggers rest. */
async function tell(db: Db, told: Told): Promise<void> {
  const id = newId();
  const { filed, state = 'done', reason = 'lost-device', source = 'user', withPassword = false } = told;
  await sql`insert into desk_cases (id, number, account_id, login_id, reason, source, with_password, locale, state,
    created_at) values (${id}, ${id}, 'user', 'user', ${reason}, ${source}, ${withPassword}, 'ja', ${state},
    ${filed}::timestamptz)`.execute(db);
  let check = '';
  for (const [at, method] of told.checks ?? []) {
    check = newId();
    await sql`insert into identity_checks (id, case_id, method, evidence, checked_by, checked_at)
      values (${check}, ${id}, ${method}, 'card', 'staff', ${at}::timestamptz)`.execute(db);
  }
  for (const [by, breakGlass] of told.approvals ?? []) {
    await sql`insert into desk_approvals (id, case_id, check_id, approved_by, break_glass)
      values (${newId()}, ${id}, ${check}, ${by}, ${breakGlass})`.execute(db);
  }
  if (told.passAt === undefined) return;
  await sql`insert into setup_passes (id, case_id, account_id, digest, issued_by, issued_at, expires_at)
    values (${newId()}, ${id}, 'user', 'digest', 'staff', ${told.passAt}::timestamptz,
      ${told.passAt}::timestamptz + interval '1 hour')`.execute(db);
}

describeOnEveryDatabase('the figures', (open) => {
  let database: TestDatabase;
  let figures: Figures;
  const checks = deskSchema.parse({}).identity_checks;
  const words = figureWords('en', checks);
  const of = (from: string, to = from) => figures.read({ from, to });

  beforeAll(async () => {
    database = await open();
    const { db } = database;
    figures = createFigures({ db });
    for (const id of ['user', 'staff'])
      await sql`insert into accounts (id, login_id, kind) values (${id}, ${id}, 'ecs')`.execute(db);
    for (const table of ['identity_checks', 'desk_approvals', 'setup_passes'])
      await sql`alter table ${sql.table(table)} disable trigger ${sql.ref(`${table}_sound`)}`.execute(db);
  });
  afterAll(() => database.close());

  test('are all nothing where there was no case, and the page and the file say so', async () => {
    const standing = await figures.standing();
    expect(standing).toMatchObject({ waiting: 0, passesOut: 0, timeZone: 'Asia/Tokyo' });
    expect(standing.first).toBeUndefined();
    expect(standing.oldestMinutes).toBeUndefined();
    const period = figures.period({}, standing);
    expect(period).toEqual({ from: standing.present, to: standing.present });
    const none = await figures.read(period);
    expect(none).toMatchObject({
      cases: 0,
      passes: 0,
      twoPeople: 0,
      breakGlass: 0,
      byMonth: [],
      byMethod: [],
    });
    expect([none.filingToCheck, none.checkToPass]).toEqual([undefined, undefined]);
    const model = figuresModel(none, standing, words);
    expect(model.plots).toEqual([]);
    expect(model.months).toHaveLength(1);
    const lines = figuresCsv(none, standing, words).split('\r\n');
    expect(lines[0]).toBe('\uFEFFfrom,to,table,month,item,name,value');
    expect(lines).toContain(
      `${period.from},${period.to},numbers,,median_minutes_check_to_pass,${words.number('checkToPass')},`,
    );
  });

  test('of one case are its own times, whoever reads them', async () => {
    const filed = '2019-05-07T01:00:00Z';
    await tell(database.db, {
      filed,
      withPassword: true,
      checks: [['2019-05-07T01:30:00Z', 'video']],
      approvals: [['staff', false]],
      passAt: '2019-05-07T01:37:00Z',
    });
    const may = await of('2019-05');
    expect(may).toMatchObject({
      cases: 1,
      passes: 1,
      twoPeople: 0,
      breakGlass: 0,
      filingToCheck: 30,
      checkToPass: 7,
    });
    expect(may.byMonth).toEqual([{ month: '2019-05', state: 'done', cases: 1 }]);
    expect(may.byReason).toEqual([{ reason: 'lost-device', cases: 1 }]);
    expect(may.byMethod).toEqual([{ method: 'video', cases: 1 }]);
    expect(may.bySource.filter(({ cases }) => cases > 0)).toEqual([{ source: 'sign-in', cases: 1 }]);
    const standing = await figures.standing();
    expect(standing.first).toBe('2019-05');
    const plot = figuresModel(may, standing, words).plots.find(({ id }) => id === 'method');
    expect(plot?.rows).toEqual([
      {
        name: 'By video, showing the card',
        values: [1],
        total: 1,
        bars: [{ x: 0, width: 100, pattern: 'filled' }],
      },
    ]);
  });

  test('count a month from its first to its last moment in the time zone of the centre', async () => {
    // 2020-03-01 00:00 in Tokyo is 15:00 of the day before in UTC; 2020 was a leap year.
    for (const filed of ['2020-02-29T14:59:59.999Z', '2020-02-29T15:00:00Z', '2020-03-31T14:59:59.999Z'])
      await tell(database.db, { filed });
    await tell(database.db, { filed: '2020-03-31T15:00:00Z', state: 'refused' });
    const cases = async (month: string) => (await of(month)).cases;
    expect([await cases('2020-02'), await cases('2020-03'), await cases('2020-04')]).toEqual([1, 2, 1]);
    expect((await of('2020-02', '2020-04')).byMonth).toEqual([
      { month: '2020-02', state: 'done', cases: 1 },
      { month: '2020-03', state: 'done', cases: 2 },
      { month: '2020-04', state: 'refused', cases: 1 },
    ]);
    // The year's end lies at 15:00 UTC too.
    await tell(database.db, { filed: '2020-12-31T15:30:00Z', state: 'expired' });
    expect([await cases('2020-12'), await cases('2021-01')]).toEqual([0, 1]);
    await sql`update desk_calendar set time_zone = 'UTC'`.execute(database.db);
    expect([await cases('2020-12'), await cases('2021-01'), await cases('2020-02')]).toEqual([1, 0, 2]);
    await sql`update desk_calendar set time_zone = 'Asia/Tokyo'`.execute(database.db);
  });

  test('R41, R43: medians, methods, two people and break-glass are of the same cases', async () => {
    const { db } = database;
    const at = (minutes: number): string => new Date(Date.UTC(2021, 5, 1, 0, minutes)).toISOString();
    const pass = (check: number, issued: number, more: Partial<Told> = {}): Promise<void> =>
      tell(db, { filed: at(0), checks: [[at(check), 'in-person']], passAt: at(issued), ...more });
    await pass(10, 15);
    await pass(20, 60, {
      approvals: [
        ['staff', true],
        ['user', true],
      ],
    });
    await pass(40, 50, {
      approvals: [
        ['staff', false],
        ['user', false],
      ],
      state: 'withdrawn',
      reason: 'not-me',
      source: 'not-me',
    });
    // Checked twice: the wait is from the first, the method is the last one's.
    await tell(db, {
      filed: at(0),
      checks: [
        [at(100), 'video'],
        [at(300), 'call-back'],
      ],
      state: 'open',
      source: 'desk',
    });
    // Never checked: no part of any median.
    await tell(db, { filed: at(0), state: 'refused', reason: 'other' });

    const june = await of('2021-06');
    expect(june).toMatchObject({
      cases: 5,
      passes: 3,
      twoPeople: 2,
      breakGlass: 1,
      filingToCheck: 30,
      checkToPass: 10,
    });
    expect(june.byMethod.toSorted((a, b) => b.cases - a.cases)).toEqual([
      { method: 'in-person', cases: 3 },
      ...june.byMethod.filter(({ cases }) => cases === 1),
    ]);
    expect(june.byMethod.map(({ method }) => method ?? 'none').toSorted()).toEqual([
      'call-back',
      'in-person',
      'none',
    ]);
    for (const part of [june.byMonth, june.byState, june.byReason, june.byMethod, june.bySource])
      expect(part.reduce((sum, { cases }) => sum + cases, 0)).toBe(5);
    expect(june.bySource).toEqual([
      { source: 'form', cases: 3 },
      { source: 'sign-in', cases: 0 },
      { source: 'desk', cases: 1 },
      { source: 'not-me', cases: 1 },
    ]);
    const standing = await figures.standing();
    expect(standing.waiting).toBe(1);
    expect(standing.oldestMinutes).toBe(Math.floor((standing.at.getTime() - Date.UTC(2021, 5, 1)) / 60_000));
    // A bar's parts follow each other, and the longest month fills the plot.
    const [months] = figuresModel(june, standing, words).plots;
    expect(months?.rows).toEqual([
      {
        name: 'June 2021',
        values: [2, 1, 2],
        total: 5,
        bars: [
          { x: 0, width: 40, pattern: 'filled' },
          { x: 40, width: 20, pattern: 'striped' },
          { x: 60, width: 40, pattern: 'outlined' },
        ],
      },
    ]);
  });

  test('the file holds no formula, whatever a method is called, and every number of the page', async () => {
    await tell(database.db, { filed: '2022-01-10T00:00:00Z', checks: [['2022-01-10T01:00:00Z', '=1+1']] });
    await tell(database.db, { filed: '2022-01-11T00:00:00Z', checks: [['2022-01-11T01:00:00Z', 'evil']] });
    const named = {
      id: 'evil',
      name: { en: '=HYPERLINK("http://evil.example","x")', ja: '＝悪意' },
      bring: { en: '-', ja: '-' },
      evidence: [],
    };
    const january = await of('2022-01');
    const standing = await figures.standing();
    const file = (locale: 'en' | 'ja') => figuresCsv(january, standing, figureWords(locale, [named]));
    const start = '2022-01,2022-01,cases_by_identity_check,,';
    expect(file('en')).toContain(`\r\n${start}evil,"'=HYPERLINK(""http://evil.example"",""x"")",1\r\n`);
    expect(file('en')).toContain(`\r\n${start}'=1+1,'=1+1,1\r\n`);
    expect(file('ja')).toContain(`\r\n${start}evil,'＝悪意,1\r\n`);
    expect(file('en')).toContain(
      '\r\n2022-01,2022-01,cases_by_month_and_state,2022-01,done,Set up anew,2\r\n',
    );
    for (const [cell, written] of [
      ['+1', "'+1"],
      ['-1', "'-1"],
      ['@a', "'@a"],
      ['\ta', "'\ta"],
      ['\ra', '"\'\ra"'],
      ['a,"b"', '"a,""b"""'],
      ['a\nb', '"a\nb"'],
      ['plain', 'plain'],
    ] as const)
      expect(csvCell(cell)).toBe(written);
    expect(csvCell(-1)).toBe('-1');
  });

  test('desk.figures-read: whoever takes them out is written down, whoever looks is not', async () => {
    const period = { from: '2022-01', to: '2022-02' };
    await figures.read(period);
    const origin = { requestId: 'r', address: '192.0.2.1', node: 'n' };
    expect((await figures.take({ accountId: 'staff', origin }, period)).cases).toBe(2);
    const events = await database.db
      .selectFrom('audit_events')
      .select(['actor', 'result', 'details'])
      .where('event', '=', 'desk.figures-read')
      .execute();
    expect(events).toEqual([{ actor: 'staff', result: 'success', details: period }]);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCalendar } from '../../src/desk/calendar/calendar.ts';
import { notice, words } from '../portal/support.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { collectingLogger } from '../support/logger.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import type { Answer } from '../support/user-agent.ts';
import { atDesk, staffMember } from './support.ts';

const path = '/operator/calendar';

describeOnEveryDatabase('the operator’s page of the calendar', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  let year: number;
  beforeAll(async () => {
    database = await open();
    const retired = { en: 'never', ja: '休み' };
    cluster = await startCluster(database, {
      logger: log.logger,
      config: { branding: { support_centre: { name: { en: 'Desk', ja: '窓口' }, hours: retired } } },
    });
    const { desk } = cluster.config;
    const calendar = createCalendar({ db: database.db, settings: desk, timeZone: 'Asia/Tokyo' });
    year = Number((await calendar.today()).slice(0, 4)) + 1;
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const row = (page: Answer, day: string, source = 'operator') =>
    page.html.querySelector(`[data-day="${day}"][data-source=${source}]`);
  const button = (page: Answer, day: string): Record<string, string> =>
    Object.fromEntries(
      row(page, day)!
        .querySelectorAll('input[type=hidden], button')
        .map((each) => [each.getAttribute('name') ?? '', each.getAttribute('value') ?? '']),
    );
  const events = (actor: string) =>
    database.db
      .selectFrom('audit_events')
      .select(['event', 'details', 'address'])
      .where('actor', '=', actor)
      .where('event', 'like', 'desk.day-%')
      .orderBy('id')
      .execute();

  test('R41, R51: shows hours, opening and holidays; adds days in a row and takes one back, without scripts', async () => {
    const lead = await staffMember(cluster, ['desk-lead']);
    const { browser, page } = await atDesk(cluster, lead, { path });
    expect([page.status, page.page]).toEqual([200, 'operator-calendar']);
    // The hours come from the calendar; the setting of earlier releases has no effect.
    expect(words(page)).toContain('Weekdays 9:00–17:00 (except national holidays)');
    expect(words(page)).not.toContain('never');
    expect(page.html.querySelector('[data-opening]')?.textContent).toMatch(/^(Open|Closed) now/);
    const holidays = page.html.querySelectorAll('[data-source=holiday]');
    expect(holidays.length).toBeGreaterThan(15);
    const newYear = row(page, `${year}-01-01`, 'holiday')!;
    expect(newYear.querySelector('[lang=en]')?.textContent).toBe("New Year's Day");
    expect(newYear.querySelector('[lang=ja]')?.textContent).toBe('元日');
    expect(newYear.textContent).toContain('closed all day');
    expect(newYear.querySelector('button')).toBeNull();

    const name = { name_en: 'New Year holidays', name_ja: '年末年始' };
    const [first, last] = [`${year}-01-01`, `${year}-01-03`];
    const added = await browser.submit(page, { day: first, until: last, opens: '', closes: '', ...name });
    expect([added.status, added.page, added.url.pathname]).toEqual([200, 'operator-calendar', path]);
    expect(notice(added)).toBe('The day is in the calendar.');
    expect(added.html.querySelectorAll('[data-source=operator]')).toHaveLength(3);
    expect(row(added, last)?.textContent).toContain('年末年始');
    expect(row(added, `${year}-01-01`, 'holiday')?.textContent).toContain('Another entry counts');
    // Reloaded, it says so no more.
    expect(notice(await browser.open(path))).toBeUndefined();

    const special = { day: `${year}-01-03`, until: '', opens: '１０：００', closes: '12:00', ...name };
    const opened = await browser.submit(added, special);
    expect(row(opened, last)?.textContent).toContain('open 10:00–12:00');
    expect(opened.html.querySelectorAll('[data-source=operator]')).toHaveLength(3);

    const remove = button(opened, last);
    expect(remove).toMatchObject({ day: last, action: 'remove' });
    expect(row(opened, last)?.querySelector('button')?.getAttribute('aria-label')).toMatch(
      /^Remove: .* January 3$/,
    );
    const removed = await browser.follow(await browser.request(path, { form: remove }));
    expect([notice(removed), row(removed, last)]).toEqual(['The day is as the week says again.', null]);
    // A double click says the same.
    expect(notice(await browser.follow(await browser.request(path, { form: remove })))).toBe(notice(removed));
    const recorded = await events(lead.id);
    expect(recorded.map(({ event }) => event.replace('desk.day-', ''))).toEqual([
      ...Array.from({ length: 4 }, () => 'set'),
      'removed',
    ]);
    expect(recorded.at(-1)).toMatchObject({ address: '127.0.0.1', details: { day: last, kind: 'open' } });
  });

  test('R41: what is wrong stands at its field, what was typed stays, also in the other language', async () => {
    const operator = await staffMember(cluster, ['operator']);
    const { browser, page } = await atDesk(cluster, operator, { path });
    const typed = { day: `${year}-08-16`, until: '', opens: '', closes: '', name_en: 'Bon', name_ja: '' };
    const value = (answer: Answer, field: string): string | undefined =>
      answer.html.querySelector(`#${field}`)?.getAttribute('value');
    for (const [fault, field, wrong] of [
      ['day_name_missing', 'name_ja', {}],
      ['day_name_missing', 'name_en', { name_en: ' ', name_ja: 'お盆' }],
      ['day_malformed', 'day', { day: '8/16', name_ja: 'お盆' }],
      ['day_malformed', 'day', { until: `${year}-08-15`, name_ja: 'お盆' }],
      ['hours_malformed', 'opens', { opens: '10:00', name_ja: 'お盆' }],
    ] as const) {
      const answer = await browser.submit(page, { ...typed, ...wrong });
      expect([answer.status, answer.page, answer.fault]).toEqual([400, 'operator-calendar', fault]);
      expect(answer.html.querySelector(`.field-fault`)?.id).toBe(`${field}-fault`);
      const expected = { ...typed, ...wrong };
      for (const [name, text] of Object.entries(expected)) expect(value(answer, name) ?? '').toBe(text);
    }
    const other = await browser.submit(page, { ...typed, lang: 'ja' });
    expect([other.html.querySelector('html')?.getAttribute('lang'), value(other, 'name_en')]).toEqual([
      'ja',
      'Bon',
    ]);
    expect(words(other)).toContain('平日 9:00–17:00（祝日を除く）');
    expect(row(other, `${year}-01-01`, 'holiday')?.textContent).toContain('1月1日');
    expect(await events(operator.id)).toEqual([]);
  });

  test('R41: nobody opens the present day on the page', async () => {
    const lead = await staffMember(cluster, ['desk-lead', 'operator']);
    const { browser, page } = await atDesk(cluster, lead, { path });
    const { desk } = cluster.config;
    const calendar = createCalendar({ db: database.db, settings: desk, timeZone: 'Asia/Tokyo' });
    const typed = { day: await calendar.today(), until: '', name_en: 'Now', name_ja: '今' };
    const answer = await browser.submit(page, { ...typed, opens: '0:00', closes: '24:00' });
    expect([answer.status, answer.fault]).toEqual([422, 'day_too_soon']);
    const closed = await browser.submit(page, typed);
    expect([closed.page, closed.html.querySelector('[data-opening]')?.getAttribute('data-opening')]).toEqual([
      'operator-calendar',
      'closed',
    ]);
    // No button that leads nowhere, but why; whoever sends its form nevertheless is refused.
    expect(row(closed, typed.day)?.querySelector('button')).toBeNull();
    expect(row(closed, typed.day)?.querySelector('[data-settled]')?.textContent).toContain(
      'cannot be removed here',
    );
    const hidden = closed.html
      .querySelectorAll('#page-form input[type=hidden]')
      .map((each) => [each.getAttribute('name') ?? '', each.getAttribute('value') ?? '']);
    const form = { ...Object.fromEntries(hidden), day: typed.day, action: 'remove' };
    const back = await browser.follow(await browser.request(path, { form }));
    expect([back.status, back.fault]).toEqual([422, 'day_too_soon']);
    // The form that adds has nothing of the button that removes.
    expect(back.html.querySelector('#day')?.getAttribute('value')).toBeUndefined();
  });

  test('R51: the start says once that the hours of `branding` have no effect any more', () => {
    const warned = log.lines().filter(({ event }) => event === 'config.superseded');
    expect(warned).toEqual([
      expect.objectContaining({ setting: 'branding.support_centre.hours', by: 'desk.hours' }),
    ]);
  });
});

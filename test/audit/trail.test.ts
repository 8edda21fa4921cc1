import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { recordAudit } from '../../src/audit/audit.ts';
import { createTrail } from '../../src/desk/trail.ts';
import { alwaysOpen } from '../factors/pass-stage.ts';
import { atAccount, words } from '../portal/support.ts';
import { atDesk, type Staff, staffMember } from '../staff/support.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import type { Arrival, UserAgent } from '../support/user-agent.ts';
import { origin } from './helpers.ts';

describeOnEveryDatabase('what the desk leaves behind', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { config: { desk: alwaysOpen }, logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Searches, opens a case and records a check. */
  async function checkedCase(who: Staff, staff: Staff): Promise<{ browser: UserAgent; page: Arrival }> {
    const { browser, page } = await atDesk(cluster, staff);
    const account = await browser.submit(page, { login_id: who.loginId, action: 'search' });
    const opened = await browser.submit(account, { reason: 'lost-device', action: 'open' });
    const check = 'in-person:university-card';
    return { browser, page: await browser.submit(opened, { check, note: '', action: 'check' }) };
  }
  const historyOf = async (who: Staff, locale: string): Promise<string> => {
    await database.db
      .updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', who.id)
      .execute();
    const { browser } = await atAccount(cluster, who);
    return words(await browser.open(`/account/history?lang=${locale}`));
  };

  test('R44: the user reads what the support centre did, in either language, and of nobody who works there', async () => {
    const who = await staffMember(cluster, [], { mail: true, app: true });
    const staff = await staffMember(cluster, ['desk']);
    const { browser, page } = await checkedCase(who, staff);
    const refused = await browser.submit(page, { action: 'refuse', reason: 'not-the-holder', note: '' });
    expect(refused.fault).toBeUndefined();
    const { number } = await database.db
      .selectFrom('desk_cases')
      .select('number')
      .where('account_id', '=', who.id)
      .executeTakeFirstOrThrow();
    const english = await historyOf(who, 'en');
    for (const said of [
      'The support centre looked at what is set up for your ID.',
      `The support centre opened case ${number} for your ID.`,
      `The support centre made sure who is asking, in case ${number}.`,
      `The support centre closed case ${number} without a setup pass: somebody else was asking.`,
    ])
      expect(english).toContain(said);
    const japanese = await historyOf(who, 'ja');
    expect(japanese).toContain(`サポート窓口が、本人確認をしました（受付 ${number}）。`);
    for (const secret of [staff.loginId, staff.id]) {
      expect(english).not.toContain(secret);
      expect(japanese).not.toContain(secret);
    }
    // Nor from where they did it: of all these lines the login alone has a place.
    const lines = (await historyLines(who)).filter((line) => line.includes('support centre'));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).not.toContain('127.0.0.1');
    // Each act was told by mail, with the case's number and without the staff (R44).
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.filter(({ to }) => to.includes(who.address));
    const texts = await Promise.all(mails.map(async ({ parsed }) => (await parsed).text ?? ''));
    const about = texts.filter((text) => text.includes(number));
    expect(about).toHaveLength(3);
    expect(about.join()).toContain('Reason: The person asking is not the holder of the ID');
    for (const text of texts) expect(text).not.toContain(staff.loginId);
  });

  async function historyLines(who: Staff): Promise<string[]> {
    await database.db
      .updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', who.id)
      .execute();
    const { browser } = await atAccount(cluster, who);
    const page = await browser.open('/account/history?lang=en');
    return page.html.querySelectorAll('.history li').map((line) => line.textContent);
  }

  test('R44, R43: lead and auditor read who did what on which case; the desk and users do not; A51: the pass is nowhere', async () => {
    const who = await staffMember(cluster, [], { mail: true });
    const staff = await staffMember(cluster, ['desk']);
    const { browser: desk, page: checked } = await checkedCase(who, staff);
    const issued = await desk.submit(checked, { action: 'approve' });
    expect(issued.page).toBe('desk-pass');
    // A51: the pass is on that page, once, and nowhere else.
    const pass = issued.html.querySelector('main')?.textContent.replace(/[^0-9]+/g, '') ?? '';
    const [digits = ''] = /(?:\d{4}\s*){4}/.exec(words(issued)) ?? [];
    const plain = digits.replace(/\s/g, '');
    expect([plain.length, pass.includes(plain)]).toEqual([16, true]);
    await cluster.mailsSettled();
    const everywhere = [
      log.text(),
      JSON.stringify(await database.db.selectFrom('audit_events').selectAll().execute()),
      JSON.stringify(await database.db.selectFrom('setup_passes').selectAll().execute()),
      JSON.stringify(await database.db.selectFrom('mails').select('model').execute()),
      ...(await Promise.all(cluster.smtp.mails.map(async ({ parsed }) => (await parsed).text ?? ''))),
    ].map((text) => text.replace(/[\s-]/g, ''));
    for (const text of everywhere) expect(text).not.toContain(plain);
    expect((await desk.open('/desk/trail')).fault).toBe('staff_role_missing');
    for (const role of ['desk-lead', 'auditor'] as const) {
      const reader = await staffMember(cluster, [role]);
      const { page } = await atDesk(cluster, reader, { path: '/desk/trail' });
      expect(page.page).toBe('desk-trail');
      const said = words(page);
      for (const part of [
        'Issued a setup pass.',
        'Approved the case.',
        'Recorded an identity check: In person, at the desk, student or staff card.',
        'Opened a case: Device lost or broken.',
        `By: ${staff.loginId}`,
        `ID: ${who.loginId}`,
        'Was not allowed to do this: GET /desk/trail.',
      ])
        expect(said).toContain(part);
      const link = page.html.querySelector('a[href^="/desk/cases/"]')?.getAttribute('href') ?? '';
      const browser = (await atDesk(cluster, reader, { path: link })).page;
      expect(browser.page).toBe('desk-case');
      const japanese = words((await atDesk(cluster, reader, { path: '/desk/trail?lang=ja' })).page);
      expect(japanese).toContain('設定パスを発行しました。');
    }
  });

  test('R41, R44: what was approved outside hours is flagged, and every kind of act has words', async () => {
    const trail = createTrail(database.db);
    const details = { case: 'gone', number: 'XXXX-XXXX', breakGlass: true, needed: 2 };
    await recordAudit(database.db, origin, {
      event: 'desk.approved',
      result: 'success',
      actor: 'system',
      details,
    });
    expect((await trail.read()).rows[0]).toMatchObject({
      event: 'desk.approved',
      breakGlass: true,
      by: 'system',
    });
    const reader = await staffMember(cluster, ['auditor']);
    const { page } = await atDesk(cluster, reader, { path: '/desk/trail' });
    expect(page.html.querySelectorAll('[data-mark=break-glass]')).toHaveLength(1);
    expect(words(page)).toContain('By: the program');

    const by = { result: 'success', actor: reader.id } as const;
    const day = { day: '2027-01-04', name: 'Desk' };
    await recordAudit(
      database.db,
      origin,
      { ...by, event: 'desk.day-set', details: { ...day, kind: 'open', opens: '09:00', closes: '12:00' } },
      { ...by, event: 'desk.day-removed', details: { ...day, kind: 'closed' } },
      {
        ...by,
        event: 'staff.refused',
        result: 'failure',
        details: { act: 'approve', reason: 'desk_closed' },
      },
      {
        ...by,
        event: 'desk.case-filed',
        accountId: reader.id,
        details: { reason: 'not-me', password: false },
      },
    );
    const { browser, page: later } = await atDesk(cluster, reader, { path: '/desk/trail?lang=en' });
    for (const part of [
      'Set 2027-01-04 in the calendar: special opening, 9:00–12:00.',
      'Took 2027-01-04 out of the calendar; it was set there as: closed all day.',
      'Was not allowed to do this: approve a case. Reason: The support centre is closed now.',
    ])
      expect(words(later)).toContain(part);
    // Who pressed the link of a mail is not known: it is nobody's act.
    const pressed = later.html.querySelector('.history li')?.textContent;
    expect(pressed).toContain('The link “this was not me” in a mail was pressed.');
    expect(pressed).toContain(`ID: ${reader.loginId}`);
    expect(pressed).not.toContain('By:');
    expect(words(await browser.open('/desk/trail?lang=ja'))).toContain(
      '操作：受付を承認する、理由：今は受付時間外です',
    );
  });

  test('R44: the trail is read 50 at a time, back to its beginning, and no login is in it', async () => {
    await sql`insert into audit_events (event, result, actor, details)
      select case when n % 2 = 0 then 'desk.account-searched' else 'password.verified' end, 'success', 'system', '{}'
      from generate_series(1, 120) n`.execute(database.db);
    const trail = createTrail(database.db);
    const pages: number[] = [];
    const ids: string[] = [];
    let before: string | undefined;
    do {
      const { rows, earlier } = await trail.read(before);
      pages.push(rows.length);
      ids.push(...rows.map(({ id }) => id));
      expect(rows.filter(({ event }) => event.startsWith('password'))).toEqual([]);
      before = earlier;
    } while (before !== undefined);
    expect(pages.slice(0, -1).every((length) => length === 50)).toBe(true);
    expect(pages.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(ids.length);
    // What is no number of an event shows the newest.
    expect((await trail.read('1 or 1=1')).rows[0]?.id).toBe(ids[0]);
  });
});

import { queueLength } from '../../src/desk/cases/shapes.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { claimsAt, eventsOf, type Person } from '../login/visits.ts';
import { forgetCodes } from '../staff/support.ts';
import { appCode, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase } from '../support/databases.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import {
  burst,
  caseIdOf,
  type DeskScene,
  deskScene,
  livePasses,
  type Member,
  refusing,
  seenCard,
} from './desk-scene.ts';
import { faultIn, testLog } from './support.ts';

const path = '/help/support';
const numberOn = (answer: Answer): string => answer.html.querySelector('[data-case]')?.textContent ?? '';

describeOnEveryDatabase('R36, R40: the support path, from outside', (open) => {
  let scene: DeskScene;
  let desk: Member;
  let networks = 0;
  beforeAll(async () => {
    scene = await deskScene(open);
    desk = await scene.member('desk');
  }, 60_000);
  afterAll(() => scene.close());

  /** A form without a password, from a network of its own. */
  async function file(loginId: string): Promise<Answer> {
    const browser = new UserAgent(scene.cluster, { node: networks % 2 });
    const page = await browser.request(path);
    networks += 1;
    return browser.post(
      page,
      { login_id: loginId, reason: 'lost-device' },
      { localAddress: `127.9.${Math.floor(networks / 250)}.${(networks % 250) + 1}` },
    );
  }
  /** After the password, at the page of the case that was filed there. */
  async function fileSignedIn(who: Person): Promise<Arrival> {
    const browser = new UserAgent(scene.cluster, { node: 1 });
    const help = await browser.submit(await browser.password(who.loginId), { action: 'help' });
    expect(help.page).toBe('help-support');
    return browser.submit(help, { action: 'file', reason: 'lost-device' });
  }

  test('A33: filing on and on tells nothing of an ID: neither what staff has opened nor what its owner has filed', async () => {
    const known = await scene.person();
    const seen: Record<string, number[]> = {};
    for (const loginId of [known.loginId, 'nobody-at-all']) {
      const numbers: string[] = [];
      for (let n = 0; n < 8; n += 1) {
        // What happens meanwhile to the ID that is somebody's.
        if (n === 3 && loginId === known.loginId) await fileSignedIn(known);
        if (n === 5 && loginId === known.loginId) {
          await sql`update desk_cases set state = 'expired', closed_at = now() where account_id = ${known.id}
            and state = 'open'`.execute(scene.db);
          await scene.opened(desk, known);
        }
        numbers.push(numberOn(await file(loginId)));
      }
      // Which answers are alike, and nothing else, is what an outsider sees.
      seen[loginId] = numbers.map((number) => numbers.indexOf(number));
    }
    expect(seen[known.loginId]).toEqual([0, 1, 2, 3, 4, 4, 4, 4]);
    expect(seen['nobody-at-all']).toEqual(seen[known.loginId]);
  });

  test('A32: strangers who flood an ID, or the queue, keep out nobody who knows the password', async () => {
    const who = await scene.person();
    for (let n = 0; n < 6; n += 1) await file(who.loginId);
    for (const { id } of await scene.db
      .selectFrom('desk_cases')
      .select('id')
      .where('account_id', '=', who.id)
      .execute())
      await scene.act(desk, id, refusing);
    await sql`insert into desk_cases (id, number, login_id, reason, source, locale, created_at)
      select gen_random_uuid()::text, 'F' || n, 'flood' || n, 'other', 'user', 'en', now() - interval '3 days'
      from generate_series(1, 220) n`.execute(scene.db);
    const filed = await fileSignedIn(who);
    expect(filed.page).toBe('help-case');
    const queue = await desk.browser.open('/desk');
    expect(queue.html.querySelectorAll('tr[data-case]')).toHaveLength(queueLength);
    expect(queue.body).toContain(numberOn(filed));
    await sql`update desk_cases set state = 'expired' where login_id like 'flood%'`.execute(scene.db);
  });

  test('C45, A51: what is typed as an ID, or stands as a name or a note, is text on every page, file and mail of the desk', async () => {
    const marks = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '=HYPERLINK("http://evil.example")',
      "+cmd|' /C calc'!A0",
      '{{7*7}}<%= 7*7 %>',
      'a\r\nBcc: evil@mail.example',
      '\u202Egpj.exe',
    ];
    for (const mark of marks) expect((await file(mark)).status).toBe(200);
    const who = await scene.person();
    await sql`update accounts set name_en = ${`${marks[0]} ${marks[2]}`}, name_ja = ${`${marks[1]}\r\nX-Evil: 1`} where id = ${who.id}`.execute(
      scene.db,
    );
    const opened = await scene.opened(desk, who);
    await desk.browser.submit(opened, { ...seenCard, note: `${marks[0]} ${marks[4]}` });
    await scene.act(desk, caseIdOf(opened), {
      ...refusing,
      reason: 'other',
      refusal_note: `${marks[1]} ${marks[3]}`,
    });
    const lead = await scene.member('desk-lead', 'operator');
    await scene.calendar(lead, {
      action: 'continue',
      day: '2099-01-05',
      name_en: marks[0] ?? '',
      name_ja: `${marks[1]} ${marks[6]}`,
    });
    for (const where of [
      '/desk',
      '/desk/closed',
      '/desk/trail',
      '/operator/calendar',
      `/desk/accounts/${who.id}`,
      opened.url.pathname,
    ]) {
      const page = await lead.browser.open(where);
      expect([where, page.status]).toEqual([where, 200]);
      for (const bad of ['<script>alert', '<img src=x', '\u202E'])
        expect([where, page.body.includes(bad)]).toEqual([where, false]);
      expect([where, page.html.querySelectorAll('[onerror]').length]).toEqual([where, 0]);
      expect(String(page.headers['content-security-policy'])).toContain("script-src 'self'");
    }
    for (const query of [
      '?from=2026-01%0d%0aX-Evil:1&to=2026-02',
      '?from="><script>&to=2026-02',
      '?from=..%2F..&to=x',
      '?from[]=1',
    ]) {
      const csv = await lead.browser.request(`/desk/figures.csv${query}`);
      expect([[200, 400].includes(csv.status), csv.headers['x-evil']]).toEqual([true, undefined]);
      if (csv.status === 400) continue;
      expect(csv.headers['content-disposition']).toMatch(
        /^attachment; filename="figures-\d{4}-\d\d-\d{4}-\d\d\.csv"$/,
      );
      for (const line of csv.body.slice(1).split('\r\n'))
        for (const cell of line.split(',')) expect(cell).not.toMatch(/^[=+@]/);
    }
    await scene.cluster.mailsSettled();
    for (const { parsed, to } of scene.cluster.smtp.mails) {
      const mail = await parsed;
      expect([...mail.headers.keys()].filter((name) => /evil|bcc/.test(name))).toEqual([]);
      expect(to.join()).not.toContain('evil');
      expect(String(mail.html)).not.toMatch(/<script|<img src=x/);
    }
    await sql`delete from desk_days`.execute(scene.db);
  });

  test('C01: with the password alone no page of the support path proves anything, in any order', async () => {
    const who = await scene.person();
    const digits = await scene.passFor(desk, who);
    const { browser, page } = await scene.atPass(who);
    const wrong = String((BigInt(digits) + 1n) % 10n ** 16n).padStart(16, '0');
    for (const fields of [
      { setup_pass: wrong },
      { setup_pass: '' },
      { setup_pass: digits.slice(1) },
      { setup_pass: `${digits}0` },
      { setup_pass: `' or 1=1 --` },
      { page: 'set-up-mail', email: 'thief@mail.example' },
      { page: 'set-up-mail-code', code: '00000000' },
      { page: 'set-up-app', code: appCode() },
      { page: 'help-case' },
      { action: 'file', reason: 'other' },
      { action: 'skip' },
      { setup_pass_id: 'x', setup_pass: wrong },
    ]) {
      const answer = await browser.submit(page, fields);
      expect([fields, answer.page, answer.callback]).toEqual([fields, 'set-up-pass', undefined]);
    }
    expect(
      (await browser.open(page.url.pathname.replace('/interaction/', '/authorize/'))).callback,
    ).toBeUndefined();
    expect(
      (await livePasses(scene.db, who)) === 1 &&
        !(await eventsOf(scene.db, who.id)).includes('setup-pass.verified'),
    ).toBe(true);
  });

  test('R8, C05: guessing passes pauses like guessing codes, over both nodes and by bursts; it switches nothing off and touches nobody else', async () => {
    const [who, other] = [await scene.person(), await scene.person()];
    const digits = await scene.passFor(desk, who);
    const [late, ...logins] = [
      await scene.atPass(who),
      await scene.atPass(who),
      await scene.atPass(who, 1),
      await scene.atPass(who),
    ];
    const guesses = await Promise.all(
      logins.map(({ browser, page }, n) =>
        scene.presses(browser, page, { setup_pass: String(1000 + n).padStart(16, '4') }, 8),
      ),
    );
    const answers = await burst(guesses.flat());
    expect(answers.filter((answer) => faultIn(answer) === 'setup_pass_wrong')).toHaveLength(10);
    const events = await eventsOf(scene.db, who.id);
    expect(events.filter((event) => event === 'setup-pass.refused')).toHaveLength(10);
    // The right one waits too; the pass, the app and the mail are as they were.
    expect((await late.browser.submit(late.page, { setup_pass: digits })).fault).toBe('factor_paused');
    expect(await livePasses(scene.db, who)).toBe(1);
    expect(events).not.toContain('factor.disabled');
    await forgetCodes(scene.db, other.id);
    const free = new UserAgent(scene.cluster);
    const arrived = await free.submit(await free.password(other.loginId), { code: appCode() });
    expect(await claimsAt(free, arrived)).toMatchObject({ acr: expect.any(String) });
  });

  test('A40, R35: a reset by mail elsewhere ends a set-up behind a pass; who claimed it needs the password anew', async () => {
    const who = await scene.person();
    const digits = await scene.passFor(desk, who);
    const { browser, page } = await scene.atPass(who);
    const opened = await browser.submit(page, { setup_pass: digits });
    const sent = scene.cluster.smtp.mails.length;
    const waiting = await browser.submit(opened, { email: `thief-${who.address}` });
    const code = await scene.cluster.mailedCode(`thief-${who.address}`, sent);
    const owner = new UserAgent(scene.cluster, { node: 1 });
    const reset = await owner.submit(await owner.password(who.loginId), { action: 'lost-app' });
    expect(reset.page).toBe('reset');
    const mailed = await scene.cluster.mailedCode(who.address, sent);
    expect((await owner.submit(reset, { code: mailed, reason: 'device-failure' })).page).toBe('reset-done');
    for (const node of [0, 1]) {
      const late = await browser.submit(waiting, { code }, { node });
      expect([late.callback, late.page]).toEqual([undefined, 'sign-in']);
    }
    const { rows } = await sql<{ address: string }>`select address from mail_factors
      where account_id = ${who.id} and state = 'active'`.execute(scene.db);
    expect(rows).toEqual([{ address: who.address }]);
  });

  test('C21: a session or a browser that somebody else has planted is none of staff', async () => {
    const who = await scene.person('desk');
    const thief = new UserAgent(scene.cluster);
    const planted = await thief.open('/desk');
    expect(planted.page).toBe('sign-in');
    const victim = new UserAgent(scene.cluster, { jar: await thief.jar.clone() });
    await forgetCodes(scene.db, who.id);
    let page = await victim.open(planted.url.pathname);
    page = await victim.submit(page, { login_id: who.loginId, password: testPassword });
    page = await victim.submit(page, { code: appCode() });
    expect(page.page).toBe('desk-queue');
    for (const node of [0, 1]) {
      thief.node = node;
      expect((await thief.open('/desk')).page).toBe('sign-in');
    }
  });

  testLog(() => scene.log);
});

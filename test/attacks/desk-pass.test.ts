import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { readSetUpPass } from '../../src/factors/setup-pass/value.ts';
import { accountId, eventsOf, person } from '../login/visits.ts';
import { atAccount } from '../portal/support.ts';
import { forgetCodes } from '../staff/support.ts';
import { testAppSecret, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  approving,
  burst,
  caseIdOf,
  type DeskScene,
  deskScene,
  everyTable,
  livePasses,
  type Member,
  passOn,
} from './desk-scene.ts';
import { testLog } from './support.ts';

describeOnEveryDatabase('R40: what staff is shown, and where a setup pass is', (open) => {
  let scene: DeskScene;
  let desk: Member;
  let colleague: Member;
  /** Digits that were shown. */
  const shown: string[] = [];
  beforeAll(async () => {
    scene = await deskScene(open);
    [desk, colleague] = [await scene.member('desk'), await scene.member('desk-lead')];
    colleague.browser.node = 1;
  }, 60_000);
  afterAll(() => scene.close());

  function keep(page: Pick<Answer, 'html'>): string {
    const digits = passOn(page);
    expect(readSetUpPass(digits)).toEqual({ digits });
    shown.push(digits);
    return digits;
  }

  test('the pass is in one answer: not in its address, a cache, a cookie, a reload, the way back or anywhere after', async () => {
    const who = await scene.person();
    const page = await scene.checked(desk, who);
    const answer = await desk.browser.post(page, approving);
    const digits = keep(answer);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['referrer-policy']).toMatch(/no-referrer|same-origin/);
    const groups = [digits, digits.slice(0, 8), digits.slice(8), digits.replace(/(\d{4})(?=\d)/g, '$1 ')];
    const { 'content-length': _, ...headers } = answer.headers;
    const addresses = answer.html.querySelectorAll('a, form, link, script, img').map((one) => one.attributes);
    for (const text of [
      JSON.stringify(headers),
      JSON.stringify(addresses),
      await desk.browser.jar.getCookieString(scene.cluster.issuer),
    ])
      for (const group of groups) expect(text).not.toContain(group);
    // Reload, language, back, forward, on both nodes and by a colleague.
    for (const node of [0, 1]) {
      const lang = { ...desk.browser.fields(page), lang: 'ja' };
      for (const later of [
        await desk.browser.post(page, approving, { node }),
        await desk.browser.request(page.url.pathname, { form: lang, node }),
        await desk.browser.request(page.url.pathname, { node }),
        await desk.browser.request(`${page.url.pathname}?lang=ja`, { node }),
        await scene.look(colleague, caseIdOf(page)),
      ])
        expect([
          passOn(later),
          later.body.includes(digits.slice(0, 4)) && later.body.includes(digits.slice(-4)),
        ]).toEqual(['', false]);
    }
    expect((await desk.browser.post(page, approving)).fault).toBe('case_changed');
  });

  test('staff sees no seed, code or whole address; no pass is in the database, the log, a mail or a history', async () => {
    const lead = await scene.member('desk-lead', 'auditor', 'operator');
    const who = await scene.person();
    const other = await person(scene.cluster, { mail: true });
    const bodies: string[] = [];
    const page = await scene.checked(lead, who);
    bodies.push(page.body);
    const answer = await lead.browser.post(page, approving);
    const digits = keep(answer);
    // A code on its way to the user, an address that is being proven.
    const user = new UserAgent(scene.cluster);
    const sent = scene.cluster.smtp.mails.length;
    await user.password(other.loginId);
    const code = await scene.cluster.mailedCode(other.address, sent);
    const otherId = await accountId(scene.db, other);
    for (const path of [
      '/desk',
      `/desk/accounts/${who.id}`,
      `/desk/accounts/${otherId}`,
      page.url.pathname,
      '/desk/closed',
      '/desk/figures',
      '/desk/figures.csv',
      '/desk/trail',
      '/operator',
      '/operator/calendar',
    ]) {
      const got = await lead.browser.request(path);
      expect([path, got.status]).toEqual([path, 200]);
      bodies.push(got.body);
      expect([path, got.headers['cache-control']]).toEqual([path, 'no-store']);
    }
    await forgetCodes(scene.db, who.id);
    const { browser: own } = await atAccount(scene.cluster, who);
    const history = await own.open('/account/history');
    expect(history.page).toBe('account-history');
    await scene.cluster.mailsSettled();
    const mails = await Promise.all(
      scene.cluster.smtp.mails.map(
        async ({ parsed }) => JSON.stringify((await parsed).text) + JSON.stringify((await parsed).html),
      ),
    );
    const seen = [...bodies, answer.body].join('\n');
    for (const secret of [who.address, other.address, testAppSecret, code])
      expect(seen).not.toContain(secret);
    const stored = await everyTable(scene.db);
    expect(stored).toContain(who.id);
    for (const one of [...shown, digits])
      for (const form of [one, one.replace(/(\d{4})(?=\d)/g, '$1 '), one.replace(/(\d{4})(?=\d)/g, '$1-')])
        for (const text of [stored, scene.log.text(), history.body, ...bodies, ...mails])
          expect(text.includes(form)).toBe(false);
  });

  test('found on paper, at a browser that somebody has left signed in: not without the password', async () => {
    const who = await scene.person();
    const digits = await scene.passFor(desk, who);
    const left = new UserAgent(scene.cluster);
    expect((await left.password(who.loginId, 'ordinary')).callback).toBeDefined();
    let page = await left.submit(await left.start('important'), { action: 'help' });
    page = await left.submit(page, { action: 'use-set-up-pass' });
    expect(page.page).toBe('set-up-pass');
    for (const password of ['', digits, 'correct-Horse-Battery-8'])
      expect((await left.submit(page, { setup_pass: digits, password })).page).toBe('set-up-pass');
    expect(await livePasses(scene.db, who)).toBe(1);
    expect(await eventsOf(scene.db, who.id)).not.toContain('setup-pass.verified');
    const opened = await left.submit(page, { setup_pass: digits, password: testPassword });
    expect(opened.page).toBe('set-up-mail');
  });

  test('typed in and taken back at once, on two nodes: one of the two, and neither after', async () => {
    for (let round = 0; round < 3; round += 1) {
      const who = await scene.person();
      const caseId = caseIdOf(await scene.checked(desk, who));
      const digits = passOn(await scene.act(desk, caseId, approving));
      const { browser, page } = await scene.atPass(who, 1);
      const casePage = await scene.look(desk, caseId);
      const answers = await burst([
        ...(await scene.presses(desk.browser, casePage, { action: 'withdraw' }, 4)),
        ...(await scene.presses(browser, page, { setup_pass: digits }, 4)),
      ]);
      const taken = answers.slice(0, 4).filter(({ status }) => status === 303).length;
      const { rows } = await sql<{ used: boolean; voided: boolean }>`select used_at is not null as used,
        voided_at is not null as voided from setup_passes where case_id = ${caseId}`.execute(scene.db);
      expect(rows).toEqual([{ used: taken === 0, voided: taken === 1 }]);
      const now = await browser.open(page.url.pathname);
      expect(now.page).toBe(taken === 1 ? 'set-up-pass' : 'set-up-mail');
      const again = desk.browser.request(casePage.url.pathname, {
        form: { ...desk.browser.fields(casePage), action: 'withdraw' },
      });
      expect((await again).fault).toBe('case_changed');
    }
  });

  testLog(() => scene.log);
});

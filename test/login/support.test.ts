import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Db } from '../../src/db/open.ts';
import { burstForms } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, mailsTo, passTime, type Person, person } from './visits.ts';

const numberOn = (answer: Answer): string => answer.html.querySelector('[data-case]')?.textContent ?? '';
const buttons = (answer: Answer): string[] =>
  answer.html
    .querySelectorAll('form#page-form button[name=action]')
    .map((button) => button.getAttribute('value') ?? '');

describeOnEveryDatabase('asking the support centre in a login', (open) => {
  let database: TestDatabase;
  let db: Db;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function atHelp(who: Person, from: string, client = 'important'): Promise<[UserAgent, Arrival]> {
    const browser = new UserAgent(cluster);
    let page = await browser.password(who.loginId, client);
    if (from === 'reset') page = await browser.submit(page, { action: 'lost-app' });
    expect(page.page).toBe(from);
    const help = await browser.submit(page, { action: from === 'app-code' ? 'lost-app' : 'help' });
    expect(help.page).toBe('help-support');
    return [browser, help];
  }
  const casesOf = (who: Person) =>
    db
      .selectFrom('desk_cases')
      .selectAll()
      .where('login_id', '=', who.loginId)
      .orderBy('created_at')
      .execute();

  test('R36: with the password given: a form of two fields, a number, a mail, and the login goes on as if nothing was', async () => {
    const who = await person(cluster, { mail: true });
    const [browser, help] = await atHelp(who, 'mail-code');
    expect(help.html.querySelectorAll('form#page-form fieldset').map((field) => field.id)).toEqual([
      'reason',
      'check',
    ]);
    expect(buttons(help)).toEqual(['file', 'continue', 'use-set-up-pass', 'cancel']);
    for (const { id, bring } of cluster.config.desk.identity_checks) {
      expect(help.html.querySelector(`#check-${id}`)).not.toBeNull();
      expect(help.html.querySelector('main')?.textContent).toContain(bring.en);
    }
    expect(help.html.querySelector('[data-opening]')?.textContent).toMatch(/^(Open now|Closed now)/);

    const without = await browser.submit(help, { action: 'file', check: 'video' });
    expect([without.status, without.page, without.fault]).toEqual([400, 'help-support', 'reason_missing']);
    expect(without.html.querySelector('#check-video')?.hasAttribute('checked')).toBe(true);
    const turned = await browser.submit(without, { lang: 'ja', reason: 'no-mail', check: 'video' });
    expect([turned.page, turned.headers['content-language']]).toEqual(['help-support', 'ja']);
    for (const chosen of ['#reason-no-mail', '#check-video'])
      expect(turned.html.querySelector(chosen)?.hasAttribute('checked')).toBe(true);
    expect(await casesOf(who)).toEqual([]);

    const filed = await browser.post(turned, { action: 'file', reason: 'no-mail', check: 'video' });
    // Reloading the answer files nothing.
    expect(filed.status).toBe(303);
    const page = await browser.follow(filed);
    expect([page.page, page.headers['content-language']]).toEqual(['help-case', 'ja']);
    expect(numberOn(page)).toMatch(/^[2-9B-Z]{4}-[2-9B-Z]{4}$/);
    const inEnglish = await browser.submit(page, { lang: 'en' });
    expect([inEnglish.headers['content-language'], numberOn(inEnglish)]).toEqual(['en', numberOn(page)]);
    expect(numberOn(await browser.open(page.url.pathname))).toBe(numberOn(page));
    expect(await casesOf(who)).toMatchObject([
      {
        number: numberOn(page),
        account_id: await accountId(db, who),
        reason: 'no-mail',
        wished_check: 'video',
        with_password: true,
        locale: 'ja',
        source: 'user',
        state: 'open',
      },
    ]);

    // Back to where it was: the code that was mailed before is the one to type, and is not mailed again (R9).
    await passTime(db, await accountId(db, who), 60);
    const back = await browser.submit(page, { action: 'continue' });
    expect(back.page).toBe('mail-code');
    const done = await browser.submit(back, { code: await cluster.mailedCode(who.address) });
    expect(await claimsAt(browser, done)).toMatchObject({ amr: ['pwd', 'mca'] });
    await cluster.mailsSettled();
    const kinds = (await mailsTo(db, who.address)).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['notice', 'sign-in-code']);
    const notices = cluster.smtp.mails.filter(({ to }) => to.includes(who.address));
    const texts = await Promise.all(notices.map(async ({ parsed }) => (await parsed).text ?? ''));
    expect(texts.filter((text) => text.includes(numberOn(page)))).toHaveLength(1);
  });

  test('S6, R36: what is filed in a step-up does not say that the password was given', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    expect((await browser.password(who.loginId, 'ordinary')).callback).toBeDefined();
    const asked = await browser.start('important');
    expect(asked.page).toBe('app-code');
    const help = await browser.submit(asked, { action: 'lost-app' });
    expect(help.page).toBe('help-support');
    const form = { action: 'file', reason: 'lost-device' };
    const answers = await burstForms(browser, help, [form, form]);
    expect(answers).toHaveLength(2);
    expect(await casesOf(who)).toMatchObject([
      { account_id: await accountId(db, who), with_password: false, reason: 'lost-device', source: 'user' },
    ]);
    const filed = await browser.open(help.url.pathname);
    expect([filed.page, numberOn(filed)]).toEqual(['help-case', (await casesOf(who))[0]?.number]);
  });

  test('R36: asked again, at once on two nodes or in another login, it is the same case and one mail', async () => {
    const who = await person(cluster, { app: true, mail: true });
    const [browser, help] = await atHelp(who, 'reset');
    const form = { action: 'file', reason: 'lost-device' };
    const answers = await burstForms(
      browser,
      help,
      Array.from({ length: 8 }, () => form),
    );
    for (const { status } of answers) expect([303, 409]).toContain(status);
    expect(answers.some(({ status }) => status === 303)).toBe(true);
    const filed = await browser.open(help.url.pathname);
    const [another, again] = await atHelp(who, 'reset');
    const second = await another.submit(again, { ...form, reason: 'other' });
    expect([filed.page, second.page]).toEqual(['help-case', 'help-case']);
    expect([numberOn(filed), numberOn(second)]).toEqual(Array.from({ length: 2 }, () => numberOn(filed)));
    expect((await casesOf(who)).map(({ number }) => number)).toEqual([numberOn(filed)]);
    await cluster.mailsSettled();
    const told = (await mailsTo(db, who.address)).filter(({ kind }) => kind === 'notice');
    expect(told).toHaveLength(1);
    // From the answer any other way still signs in, and the form can be gone back to.
    expect(buttons(filed)).toEqual(['continue', 'use-mail', 'use-set-up-pass', 'cancel']);
    const app = await browser.submit(filed, { action: 'continue' });
    expect(app.page).toBe('app-code');
    expect((await browser.submit(app, { code: appCode() })).callback).toBeDefined();
    const mail = await another.submit(second, { action: 'use-mail' });
    expect(mail.page).toBe('mail-code');
  });

  test('R36, C01: the pages about help prove nothing: no form of theirs ends a login or shows another’s case', async () => {
    const who = await person(cluster, { app: true });
    const [browser, help] = await atHelp(who, 'app-code');
    // A way that is not offered is no reason to keep anybody out; an unknown reason is.
    const odd = await browser.submit(help, { action: 'file', reason: 'not-me', check: 'x' });
    expect([odd.fault, await casesOf(who)]).toEqual(['reason_missing', []]);
    const page = await browser.submit(help, {
      action: 'file',
      reason: 'other',
      check: '__proto__',
      login_id: 'mail1',
      account: 'someone',
      code: appCode(),
      password: testPassword,
    });
    expect(await casesOf(who)).toMatchObject([{ wished_check: null, account_id: await accountId(db, who) }]);
    for (const fields of [
      { page: 'finish' },
      { page: 'app-code', code: appCode() },
      { action: 'file', reason: 'other' },
      { action: 'resend' },
      { page: 'help-support', action: 'file', reason: 'other' },
    ]) {
      const answer = await browser.submit(page, fields);
      expect([answer.page, answer.callback]).toEqual(['help-case', undefined]);
    }
    expect(await casesOf(who)).toHaveLength(1);
    const resumed = await browser.open(page.url.pathname.replace('interaction', 'authorize'));
    expect([resumed.page, resumed.callback]).toEqual(['help-case', undefined]);
    const stranger = new UserAgent(cluster);
    const peeked = await stranger.open(page.url.pathname);
    expect([peeked.page, peeked.body.includes(numberOn(page))]).toEqual(['error', false]);
    // Before the password there is no such page to send, and no such action.
    const first = await stranger.start();
    const sent = await stranger.submit(first, { page: 'help-support', action: 'file', reason: 'other' });
    expect([sent.status, sent.page]).toEqual([409, 'sign-in']);
  });

  test('R36, R40: whoever has a setup pass goes from the form to where it is typed in, and back', async () => {
    const who = await person(cluster, { app: true });
    const [browser, help] = await atHelp(who, 'app-code');
    const pass = await browser.submit(help, { action: 'use-set-up-pass' });
    expect(pass.page).toBe('set-up-pass');
    const asked = await browser.submit(pass, { action: 'help' });
    const filed = await browser.submit(asked, { action: 'file', reason: 'new-device' });
    expect(filed.page).toBe('help-case');
    expect((await browser.submit(filed, { action: 'use-set-up-pass' })).page).toBe('set-up-pass');
    const back = await browser.submit(pass, { action: 'back' });
    expect(back.page).toBe('app-code');
    expect((await browser.submit(back, { code: appCode() })).callback).toBeDefined();
  });
});

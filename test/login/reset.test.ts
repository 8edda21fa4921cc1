import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { weekInWords } from '../../src/i18n/opening.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import {
  accountId,
  claimsAt,
  codeOfMail,
  eventsOf,
  mailsTo,
  type Person,
  passTime,
  person,
} from './visits.ts';

const mfa = 'https://refeds.org/profile/mfa';
const essential = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [mfa] } } }) };
const shownKey = (page: Arrival): string =>
  page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';

describeOnEveryDatabase('an app that cannot be used', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** At the page of the reset, with the code that was mailed for it. */
  async function atReset(
    who: Person,
    parameters: Record<string, string> = {},
    index = 0,
  ): Promise<{ browser: UserAgent; page: Arrival; code: string }> {
    const browser = new UserAgent(cluster);
    const app = await browser.password(who.loginId, 'important', parameters);
    const page = await browser.submit(app, { action: 'lost-app' });
    expect([app.page, page.page]).toEqual(['app-code', 'reset']);
    return { browser, page, code: await codeOfMail(cluster, who.address, index) };
  }

  const factorsOf = async (id: string): Promise<unknown[]> =>
    Promise.all([
      database.db
        .selectFrom('app_factors')
        .select('name')
        .where('account_id', '=', id)
        .where('state', '=', 'active')
        .execute(),
      database.db
        .selectFrom('mail_factors')
        .select('address')
        .where('account_id', '=', id)
        .where('state', '=', 'active')
        .execute(),
    ]);

  test('R35, R37: password, mail code and reason reset everything but the address, and a new app follows in the same sitting', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const elsewhere = new UserAgent(cluster);
    const signedIn = await elsewhere.submit(await elsewhere.password(who.loginId), { code: appCode(-1) });
    expect(signedIn.callback).toBeDefined();

    const { browser, page, code } = await atReset(who);
    const unsaid = await browser.submit(page, { code });
    expect([unsaid.status, unsaid.page, unsaid.fault]).toEqual([400, 'reset', 'reason_missing']);
    const done = await browser.submit(unsaid, { code, reason: 'device-failure' });
    // A reset does not sign in by itself: the login goes on, with the mail code as its factor.
    expect([done.page, done.callback]).toEqual(['reset-done', undefined]);
    expect(await factorsOf(id)).toEqual([[], [{ address: who.address }]]);
    // The key stays the same however often the page is asked for.
    expect(shownKey(await browser.open(page.url.pathname))).toBe(shownKey(done));
    const arrival = await browser.submit(done, {
      code: appCode(0, shownKey(done)),
      device_name: 'New phone',
    });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: mfa });
    expect(await factorsOf(id)).toEqual([[{ name: 'New phone' }], [{ address: who.address }]]);
    // Other sessions are over; this one goes on.
    expect((await elsewhere.start('important')).page).toBe('sign-in');
    expect((await browser.start('important')).callback).toBeDefined();

    expect(await eventsOf(database.db, id)).toEqual(
      expect.arrayContaining(['factor.reset', 'factor.app-enrolled']),
    );
    const { details } = await database.db
      .selectFrom('audit_events')
      .select('details')
      .where('account_id', '=', id)
      .where('event', '=', 'factor.reset')
      .executeTakeFirstOrThrow();
    expect(details).toMatchObject({ reason: 'device-failure' });
    // The code's mail says what the code does; another tells that it was done.
    const mails = (await mailsTo(database.db, who.address)).map(({ kind }) => kind);
    expect(mails).toEqual(expect.arrayContaining(['reset-code', 'notice']));
  });

  test('R35: without a new app the login ends with what was proven; the next one asks for mail', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser, page, code } = await atReset(who);
    const done = await browser.submit(page, { code, reason: 'other' });
    const arrival = await browser.submit(done, { action: 'skip' });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'mca'] });
    const next = new UserAgent(cluster, { node: 1 });
    const asked = await next.password(who.loginId);
    expect([asked.page, asked.html.querySelector('[value=use-app]')]).toEqual(['mail-code', null]);
    // Nothing is offered in the login of the reset, and the reset is no first setup (R15).
    const sent = await next.submit(asked, { code: await codeOfMail(cluster, who.address, 1) });
    expect(sent.callback).toBeDefined();
  });

  test('R32, R35: a service that needs more than a mail code is reached through the new app, and only so', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser, page, code } = await atReset(who, essential);
    const done = await browser.submit(page, { code, reason: 'not-transferred' });
    expect([done.page, done.html.querySelector('[value=skip]')]).toEqual(['reset-done', null]);
    const forced = await browser.submit(done, { action: 'skip' });
    expect([forced.page, forced.fault, forced.callback]).toEqual(['reset-done', 'action_unknown', undefined]);
    const arrival = await browser.submit(forced, { code: appCode(0, shownKey(forced)) });
    expect(await claimsAt(browser, arrival)).toMatchObject({ acr: mfa });
  });

  test('A03, C15: no order of clicks resets or signs in without the code of this login', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const { browser, page, code } = await atReset(who);
    const path = page.url.pathname;
    // Straight on, and around.
    expect((await browser.open(path.replace('/interaction/', '/authorize/'))).page).toBe('reset');
    for (const fields of [{ action: 'skip' }, { action: 'use-app' }, { action: 'lost-app' }])
      expect((await browser.submit(page, fields)).callback).toBeUndefined();
    // The code of the reset is none for signing in (C07), nor the other way round.
    const mail = await browser.submit(await browser.open(path), { action: 'use-mail' });
    expect(mail.page).toBe('mail-code');
    expect((await browser.submit(mail, { code })).fault).toBe('code_wrong');
    const plain = await codeOfMail(cluster, who.address, 1);
    const back = await browser.submit(await browser.submit(mail, { action: 'use-app' }), {
      action: 'lost-app',
    });
    expect((await browser.submit(back, { code: plain, reason: 'other' })).fault).toBe('code_wrong');
    // Another browser has no part in it (C21), nor a form without its token.
    const stranger = new UserAgent(cluster, { node: 1 });
    expect((await stranger.submit(page, { code, reason: 'other' })).page).toBe('error');
    expect(await factorsOf(id)).toEqual([[{ name: expect.any(String) }], [{ address: who.address }]]);
  });

  test('R33: doubled, late and repeated: one mail, one reset, and every answer leads on', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    const app = await browser.password(who.loginId);
    const twice = await Promise.all(
      [0, 1].map((node) => browser.post(app, { action: 'lost-app' }, { node })),
    );
    expect(twice.map(({ status }) => status)).toEqual([expect.any(Number), expect.any(Number)]);
    const page = await browser.open(app.url.pathname);
    await browser.open(app.url.pathname);
    expect(page.page).toBe('reset');
    expect(await mailsTo(database.db, who.address)).toHaveLength(1);
    const code = await codeOfMail(cluster, who.address, 0);
    const answers = await Promise.all(
      [0, 1].map((node) => browser.post(page, { code, reason: 'other' }, { node })),
    );
    for (const { status } of answers) expect(status).toBeLessThan(500);
    const events = await eventsOf(database.db, id);
    expect(events.filter((event) => event === 'factor.reset')).toHaveLength(1);
    // The back button: the earlier page's form is not applied to the page that is next.
    const late = await browser.submit(page, { code, reason: 'other' });
    expect([late.status, late.page]).toEqual([409, 'reset-done']);
    const skips = await Promise.all([0, 1].map((node) => browser.post(late, { action: 'skip' }, { node })));
    expect(
      skips.filter(({ headers }) => String(headers.location).includes('/authorize/')).length,
    ).toBeGreaterThan(0);
  });

  test('C15: in a login that stands on an earlier session the reset asks for the password too', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    expect((await browser.password(who.loginId, 'ordinary')).callback).toBeDefined();
    const app = await browser.start('important');
    const page = await browser.submit(app, { action: 'lost-app' });
    expect(page.html.querySelector('input[name=password]')).not.toBeNull();
    const code = await codeOfMail(cluster, who.address, 0);
    const reset = { code, reason: 'other' };
    expect((await browser.submit(page, reset)).fault).toBe('password_missing');
    expect((await browser.submit(page, { ...reset, password: 'wrong' })).fault).toBe('password_wrong');
    expect(await factorsOf(id)).toEqual([[{ name: expect.any(String) }], [{ address: who.address }]]);
    const done = await browser.submit(page, { ...reset, password: testPassword });
    expect(done.page).toBe('reset-done');
    // The session that the login stands on goes on with it.
    const arrival = await browser.submit(done, { action: 'skip' });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'mca'] });
  });

  test('R36: without a registered address the same button says where and when to go, and leads back', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const app = await browser.password(who.loginId);
    const help = await browser.submit(app, { action: 'lost-app' });
    expect([help.status, help.page]).toEqual([200, 'help-support']);
    const { name } = cluster.config.branding.support_centre;
    const { hours, holidays } = cluster.config.desk;
    expect(help.html.textContent).toContain(name.en);
    expect(help.html.textContent).toContain(weekInWords(hours, 'en', holidays));
    // Asked for again, and in the other language, it is the same page.
    expect((await browser.open(app.url.pathname)).page).toBe('help-support');
    expect((await browser.submit(help, { lang: 'ja' })).html.textContent).toContain(
      weekInWords(hours, 'ja', holidays),
    );
    const back = await browser.submit(help, { action: 'back' });
    expect(back.page).toBe('app-code');
    expect((await browser.submit(back, { code: appCode() })).callback).toBeDefined();
    expect(await mailsTo(database.db, who.address)).toEqual([]);
  });

  test('D11, R36: while changes are frozen there is no reset', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const freeze = (hours: number) =>
      database.db
        .updateTable('accounts')
        .set({ changes_frozen_until: new Date(Date.now() + hours * 3_600_000) })
        .where('id', '=', id)
        .execute();
    const { browser, page, code } = await atReset(who);
    await freeze(24);
    const held = await browser.submit(page, { code, reason: 'other' });
    expect([held.page, held.fault]).toEqual(['reset', 'changes_frozen']);
    const anew = new UserAgent(cluster);
    expect((await anew.submit(await anew.password(who.loginId), { action: 'lost-app' })).page).toBe(
      'help-support',
    );
    // Any way that works still signs in (R30).
    const mail = await browser.submit(held, { action: 'use-mail' });
    await passTime(database.db, id, 0);
    const signIn = await codeOfMail(cluster, who.address, 1);
    expect((await browser.submit(mail, { code: signIn })).callback).toBeDefined();
  });

  test('R15: who has nothing left is told what to do, and cannot set up with the password alone', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await database.db
      .updateTable('app_factors')
      .set({ state: 'removed' })
      .where('account_id', '=', id)
      .execute();
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect([page.status, page.page, page.fault]).toEqual([200, 'set-up-pass', undefined]);
    expect(page.html.textContent).toContain(cluster.config.branding.support_centre.name.en);
    expect(page.html.textContent).toContain('Weekdays 9:00–17:00 (except national holidays)');
    expect(page.html.querySelector('main button[value=help]')).not.toBeNull();
    expect((await browser.submit(page, { email: who.address })).callback).toBeUndefined();
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import { alwaysOpen, issuePass, passesOf, passState } from '../factors/pass-stage.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, codeOfMail, mailsTo, passTime, type Person, person } from './visits.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

const origin = { requestId: 'test', address: '127.0.0.1', node: 'test' };
const shownKey = (page: Arrival): string =>
  page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
const interactionOf = (page: Arrival): string => page.url.pathname.split('/').at(-1) ?? '';
const buttons = (page: Arrival): (string | undefined)[] =>
  page.html.querySelectorAll('button[name=action]').map((button) => button.getAttribute('value'));

describeOnEveryDatabase('the age of what a set-up in a login rests on', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  let secondFactor: SecondFactor;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, config: { desk: alwaysOpen } });
    const { sealer, config } = cluster;
    secondFactor = createSecondFactor({ db: database.db, sealer, config, handOver: () => undefined });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Lets time pass for a login: everything that it has proven is so much older. */
  const age = async (page: Arrival, minutes: number): Promise<void> => {
    await sql`update sign_ins set password_at = password_at - make_interval(mins => ${minutes}),
      factor_at = factor_at - make_interval(mins => ${minutes})
      where interaction = ${interactionOf(page)}`.execute(database.db);
  };
  const signInOf = async (page: Arrival): Promise<SignIn> => {
    const signIn = await secondFactor.findSignIn(interactionOf(page));
    if (signIn === undefined) throw new Error('no login');
    return signIn;
  };
  const factorsOf = async (who: Person): Promise<string[]> => {
    const { ways } = await secondFactor.holderOf(await accountId(database.db, who));
    return ways.toSorted();
  };
  const giveAgain = (browser: UserAgent, page: Arrival, who: Person, password = testPassword) =>
    browser.submit(page, { login_id: who.loginId, password });

  test('S6: a step-up asks who never set anything up for the password, before any address, key or mail', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    expect((await browser.password(who.loginId, 'ordinary')).callback).toBeDefined();
    browser.node = 1;
    const asked = await browser.start('important');
    expect([asked.page, asked.html.querySelector('[name=login_id]')?.getAttribute('value')]).toEqual([
      'sign-in',
      who.loginId,
    ]);
    for (const form of [
      { page: 'set-up-mail', email: who.address },
      { page: 'set-up-mail', action: 'no-mail' },
      { page: 'set-up-app-only', acknowledge: 'yes' },
      { page: 'set-up-app', code: '123456' },
      { page: 'set-up-mail-code', code: '12345678' },
    ]) {
      const answer = await browser.submit(asked, form);
      expect([answer.page, answer.callback, answer.status]).toEqual(['sign-in', undefined, 409]);
    }
    expect((await giveAgain(browser, asked, who, 'wrong')).page).toBe('sign-in');
    expect(await mailsTo(database.db, who.address)).toEqual([]);
    const setUp = await giveAgain(browser, asked, who);
    expect(setUp.page).toBe('set-up-mail');
    const code = await browser.submit(setUp, { email: who.address });
    const before = Math.floor(Date.now() / 1000) - 60;
    const arrival = await browser.submit(code, { code: await codeOfMail(cluster, who.address, 0) });
    const claims = await claimsAt(browser, arrival);
    expect(claims).toMatchObject({ acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] });
    expect(Number(claims.auth_time)).toBeGreaterThan(before);
  });

  test('S6: a set-up by mail that was left for six minutes goes on with the password only', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const address = await browser.password(who.loginId);
    await age(address, 6);
    const refused = await browser.submit(address, { email: who.address });
    expect([refused.page, refused.status]).toEqual(['sign-in', 409]);
    expect((await browser.open(address.url.pathname)).page).toBe('sign-in');
    expect(await mailsTo(database.db, who.address)).toEqual([]);

    const again = await giveAgain(browser, refused, who);
    expect(again.page).toBe('set-up-mail');
    const waiting = await browser.submit(again, { email: who.address });
    const code = await codeOfMail(cluster, who.address, 0);
    await age(waiting, 6);
    browser.node = 1;
    for (const form of [{ code }, { action: 'resend' }, { action: 'change-address' }])
      expect((await browser.submit(waiting, form)).page).toBe('sign-in');
    expect(await factorsOf(who)).toEqual([]);
    expect(await mailsTo(database.db, who.address)).toHaveLength(1);
    // The mail took its time: with the password the same code still counts.
    const back = await giveAgain(browser, await browser.open(waiting.url.pathname), who);
    expect(back.page).toBe('set-up-mail-code');
    expect((await browser.submit(back, { code })).callback).toBeDefined();
    expect(await factorsOf(who)).toEqual(['mail']);
  });

  test('S6: the key of an app that somebody may have seen meanwhile is not the one that is set up', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const only = await browser.submit(await browser.password(who.loginId), { action: 'no-mail' });
    await age(only, 6);
    expect((await browser.submit(only, { acknowledge: 'yes' })).page).toBe('sign-in');
    const understood = await giveAgain(browser, await browser.open(only.url.pathname), who);
    expect(understood.page).toBe('set-up-app-only');
    const app = await browser.submit(understood, { acknowledge: 'yes' });
    const seen = shownKey(app);
    expect(seen).not.toBe('');
    await age(app, 6);
    const refused = await browser.submit(app, { code: appCode(0, seen) });
    expect([refused.page, shownKey(refused)]).toEqual(['sign-in', '']);
    const anew = await giveAgain(browser, refused, who);
    const other = await browser.submit(anew, { acknowledge: 'yes' });
    expect(other.page).toBe('set-up-app');
    expect(shownKey(other)).not.toBe(seen);
    expect((await browser.submit(other, { code: appCode(0, seen) })).fault).toBe('code_wrong');
    expect((await browser.submit(other, { code: appCode(0, shownKey(other)) })).callback).toBeDefined();
  });

  test('S6: a setup pass that was typed in and left opens nothing without the password', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    const pass = await issuePass(database.db, passesOf(cluster, database.db), id);
    const browser = new UserAgent(cluster);
    const help = await browser.submit(await browser.password(who.loginId), { action: 'help' });
    const page = await browser.submit(help, { action: 'use-set-up-pass' });
    await age(page, 6);
    // The page itself asks for the password now.
    const stale = await browser.submit(page, { setup_pass: pass.digits });
    expect([stale.page, stale.fault]).toEqual(['set-up-pass', 'password_missing']);
    expect((await passState(database.db, pass)).used).toBe(false);
    const opened = await browser.submit(stale, { setup_pass: pass.digits, password: testPassword });
    expect(opened.page).toBe('set-up-mail');
    await age(opened, 6);
    const address = `new-${who.address}`;
    const refused = await browser.submit(opened, { email: address });
    expect(refused.page).toBe('sign-in');
    expect(await mailsTo(database.db, address)).toEqual([]);
    const back = await giveAgain(browser, refused, who);
    expect(back.page).toBe('set-up-mail');
    const sent = cluster.smtp.mails.length;
    const code = await browser.submit(back, { email: address });
    const done = await browser.submit(code, { code: await cluster.mailedCode(address, sent) });
    expect(done.callback).toBeDefined();
    expect((await passState(database.db, pass)).finished).toBe(true);
  });

  test('S6: a reset by mail asks for the password that was given too long ago', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { action: 'lost-app' });
    expect(page.page).toBe('reset');
    const code = await codeOfMail(cluster, who.address, 0);
    await age(page, 6);
    const form = { code, reason: 'other' };
    const stale = await browser.submit(page, form);
    expect([stale.page, stale.fault]).toEqual(['reset', 'password_missing']);
    expect(await factorsOf(who)).toEqual(['app', 'mail']);
    const done = await browser.submit(stale, { ...form, password: testPassword });
    expect(done.page).toBe('reset-done');
    // S7: the app after it rests on that code for five minutes.
    const key = shownKey(done);
    await age(done, 6);
    const refused = await browser.submit(done, { code: appCode(0, key) });
    expect([refused.page, shownKey(refused)]).toEqual(['mail-code', '']);
    expect(await factorsOf(who)).toEqual(['mail']);
  });

  test('S6: what was young when the page was asked for is looked at again in the transaction that counts', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { email: who.address });
    const code = await codeOfMail(cluster, who.address, 0);
    const read = await signInOf(page);
    expect(read.passwordStale).toBe(false);
    await age(page, 6);
    const context = { locale: 'en' as const, device: 'a browser' };
    const { enrolment, passes } = secondFactor;
    const only = await browser.submit(await new UserAgent(cluster).password(who.loginId), {});
    expect(only.callback).toBeUndefined();
    await passTime(database.db, read.account.id, 60);
    const withKey: SignIn = {
      ...read,
      pendingApp: { factorId: 'none', secretSealed: Buffer.from('none') },
    };
    for (const act of [
      () => enrolment.enrolMail(read, code, context, origin),
      () => enrolment.acknowledge(read, 'en', origin),
      () => secondFactor.sendCode(read, 'set-up', who.address, context, origin),
      () => passes.claim(withKey, '0000000000000000', origin),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'fresh_sign_in_needed' });
    expect(await factorsOf(who)).toEqual([]);
    expect(await mailsTo(database.db, who.address)).toHaveLength(1);
  });

  test('S7: what a login offers is taken up within five minutes; later the factor is proven again, or it is skipped', async () => {
    const who = await person(cluster);
    const first = new UserAgent(cluster);
    const setUp = await first.submit(await first.password(who.loginId), { email: who.address });
    await first.submit(setUp, { code: await codeOfMail(cluster, who.address, 0) });
    const offers = async (index: number) => {
      // The offer comes once; for this test it comes anew.
      await sql`update offers set shown_at = null where account_id = ${await accountId(database.db, who)}`.execute(
        database.db,
      );
      const browser = new UserAgent(cluster);
      const page = await browser.submit(await browser.password(who.loginId), {
        code: await codeOfMail(cluster, who.address, index),
      });
      expect(page.page).toBe('set-up-app');
      return { browser, page, key: shownKey(page) };
    };
    const skipped = await offers(1);
    await age(skipped.page, 6);
    // Skipped from the page as it was.
    expect((await skipped.browser.submit(skipped.page, { action: 'skip' })).callback).toBeDefined();
    await passTime(database.db, await accountId(database.db, who), 60);

    const { browser, page, key } = await offers(2);
    const read = await signInOf(page);
    await age(page, 50);
    browser.node = 1;
    const late = await browser.submit(page, { code: appCode(0, key) });
    expect([late.page, late.status, late.callback]).toEqual(['mail-code', 409, undefined]);
    expect(buttons(late)).toContain('skip');
    await expect(
      secondFactor.furtherSetUp.addApp(read, appCode(0, key), 'Phone', origin, 'en'),
    ).rejects.toMatchObject({ code: 'fresh_sign_in_needed' });
    expect(await factorsOf(who)).toEqual(['mail']);
    // One new code, however often the page is looked at.
    await browser.open(page.url.pathname);
    const again = await browser.open(page.url.pathname);
    const offered = await browser.submit(again, { code: await codeOfMail(cluster, who.address, 3) });
    expect(offered.page).toBe('set-up-app');
    expect(shownKey(offered)).not.toBe(key);
    const taken = await browser.submit(offered, { code: appCode(0, shownKey(offered)) });
    expect(await claimsAt(browser, taken)).toMatchObject({ amr: ['pwd', 'mca'] });
    expect(await factorsOf(who)).toEqual(['app', 'mail']);
  });

  test('S7: an address that is offered, or asked about, is taken up in the same five minutes', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await sql`update app_factors set proven_at = proven_at - interval '91 days' where account_id = ${id}`.execute(
      database.db,
    );
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { code: appCode() });
    expect(page.page).toBe('set-up-mail');
    const read = await signInOf(page);
    await age(page, 6);
    const late = await browser.submit(page, { email: who.address });
    expect([late.page, buttons(late).includes('skip')]).toEqual(['app-code', true]);
    expect(await mailsTo(database.db, who.address)).toEqual([]);
    for (const act of [
      () => secondFactor.sendCode(read, 'set-up', who.address, { locale: 'en', device: '' }, origin),
      () => secondFactor.furtherSetUp.addMail(read, '12345678', origin, 'en'),
      () => secondFactor.offers.confirmAddress(read, origin),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'fresh_sign_in_needed' });
    await sql`update app_factors set last_step = 0 where account_id = ${id}`.execute(database.db);
    const offered = await browser.submit(late, { code: appCode() });
    expect(offered.page).toBe('set-up-mail');
    const waiting = await browser.submit(offered, { email: who.address });
    await age(waiting, 6);
    const code = await codeOfMail(cluster, who.address, 0);
    expect((await browser.submit(waiting, { code })).page).toBe('app-code');
    expect(await factorsOf(who)).toEqual(['app']);
    const skipped = await browser.submit(await browser.open(waiting.url.pathname), { action: 'skip' });
    expect(await claimsAt(browser, skipped)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
  });
});

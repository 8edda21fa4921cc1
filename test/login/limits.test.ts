import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkConfiguration } from '../../src/config/load.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import {
  codeOfMail,
  mailsTo,
  accountId,
  claimsAt,
  eventsOf,
  type Person,
  passTime,
  person,
  wrongCode,
} from './visits.ts';

describeOnEveryDatabase('how often a code may be tried', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const atMailCode = async (who: Person, node = 0) => {
    const browser = new UserAgent(cluster, { node });
    const sent = (await mailsTo(database.db, who.address)).filter(
      ({ challenge_id: code }) => code !== null,
    ).length;
    const page = await browser.password(who.loginId);
    expect(page.page).toBe('mail-code');
    return { browser, page, code: await codeOfMail(cluster, who.address, sent) };
  };
  /** Wrong codes one after the other; the page of the last one. */
  const wrongCodes = async (browser: UserAgent, page: Arrival, code: string, times: number) => {
    let answer = page;
    for (let count = 0; count < times; count += 1)
      answer = await browser.submit(answer, { code: wrongCode(code) });
    return answer;
  };

  test('R8: a mailed code is good for ten minutes from when it was made, and not a second longer', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    const early = await atMailCode(who);
    await passTime(database.db, id, 10 * 60 - 20);
    expect((await early.browser.submit(early.page, { code: early.code })).callback).toBeDefined();
    const late = await atMailCode(who);
    await passTime(database.db, id, 10 * 60);
    const refused = await late.browser.submit(late.page, { code: late.code });
    expect([refused.status, refused.page, refused.fault]).toEqual([422, 'mail-code', 'code_expired']);
    // A code out of time is no wrong guess, and a new one is to be had at once.
    const renewed = await late.browser.submit(refused, { action: 'resend' });
    expect([renewed.page, renewed.fault]).toEqual(['mail-code', undefined]);
    const code = await codeOfMail(cluster, who.address, 2);
    expect(code).not.toBe(late.code);
    expect((await late.browser.submit(renewed, { code })).callback).toBeDefined();
  });

  test('R8: five wrong tries end a code: the right one is refused then, and a new one works', async () => {
    const who = await person(cluster, { mail: true });
    const { browser, page, code } = await atMailCode(who);
    const fifth = await wrongCodes(browser, page, code, 5);
    expect([fifth.status, fifth.fault]).toEqual([422, 'code_wrong']);
    const right = await browser.submit(fifth, { code });
    expect([right.status, right.fault, right.callback]).toEqual([422, 'code_attempts_exhausted', undefined]);
    // No further code while its mail could not be sent again either (C11).
    expect((await browser.submit(right, { action: 'resend' })).fault).toBe('resend_too_soon');
    await passTime(database.db, await accountId(database.db, who), 31);
    const renewed = await browser.submit(right, { action: 'resend' });
    const sent = await codeOfMail(cluster, who.address, 1);
    expect((await browser.submit(renewed, { code: sent })).callback).toBeDefined();
  });

  test('R8: what is no code at all is no try', async () => {
    const who = await person(cluster, { mail: true });
    const { browser, page, code } = await atMailCode(who);
    for (const typed of ['', '   ', '123456', '123456789', 'abcdefgh', '1234567x'])
      expect((await browser.submit(page, { code: typed })).status).toBeGreaterThanOrEqual(400);
    await wrongCodes(browser, page, code, 4);
    expect(
      (await browser.submit(page, { code: `${code.slice(0, 4)} ${code.slice(4)}` })).callback,
    ).toBeDefined();
  });

  test('R8: ten wrong codes in an hour pause the step, over interactions, factors and nodes, and not the account', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const first = new UserAgent(cluster);
    const app = await first.password(who.loginId);
    for (let count = 0; count < 5; count += 1)
      expect((await first.submit(app, { code: wrongCode(appCode()) })).fault).toBe('code_wrong');
    const other = new UserAgent(cluster, { node: 1 });
    const mail = await other.submit(await other.password(who.loginId), { action: 'use-mail' });
    const code = await cluster.mailedCode(who.address);
    await wrongCodes(other, mail, code, 4);
    expect((await wrongCodes(other, mail, code, 1)).fault).toBe('code_wrong');

    // The eleventh is not compared, be it right; the login that was half done is over.
    const paused = await first.submit(app, { code: appCode() });
    expect([paused.status, paused.page, paused.fault]).toEqual([429, 'sign-in', 'factor_paused']);
    const wait = Number(paused.headers['retry-after']);
    expect(wait).toBeGreaterThan(3500);
    expect(wait).toBeLessThanOrEqual(3600);
    expect(paused.html.querySelector('[data-fault]')?.textContent).toContain('not locked');
    // Neither a new login nor the other way gets round it; only whoever knows the password is told.
    const anew = new UserAgent(cluster, { node: 1 });
    expect((await anew.password(who.loginId)).fault).toBe('factor_paused');
    const guess = await anew.submit(await anew.start(), { login_id: who.loginId, password: 'wrong' });
    expect(guess.fault).toBe('wrong_credentials');
    expect((await other.submit(mail, { action: 'resend' })).fault).toBe('factor_paused');
    // An ordinary service asks for no factor: it stays open (R8: the step pauses, not the account).
    const ordinary = await new UserAgent(cluster).password(who.loginId, 'ordinary');
    expect(ordinary.callback).toBeDefined();
    expect(await eventsOf(database.db, id)).toContain('factor.paused');

    await passTime(database.db, id, 3600);
    const later = new UserAgent(cluster);
    const arrival = await later.submit(await later.password(who.loginId), { code: appCode() });
    expect(await claimsAt(later, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
  });

  test('R8: while the step is paused a step-up mails nothing and says why', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    await browser.password(who.loginId, 'ordinary');
    const { page, code, browser: other } = await atMailCode(who);
    const exhausted = await wrongCodes(other, page, code, 5);
    await passTime(database.db, await accountId(database.db, who), 31);
    const renewed = await other.submit(exhausted, { action: 'resend' });
    const next = await codeOfMail(cluster, who.address, 1);
    await wrongCodes(other, renewed, next, 5);
    const before = await mailsTo(database.db, who.address);
    const paused = await browser.start('important');
    expect([paused.status, paused.page, paused.fault]).toEqual([429, 'mail-code', 'factor_paused']);
    expect((await browser.submit(paused, { code: '12345678' })).fault).toBe('factor_paused');
    expect((await browser.submit(paused, { action: 'resend' })).fault).toBe('factor_paused');
    expect(await mailsTo(database.db, who.address)).toEqual(before);
    expect((await browser.start('ordinary')).callback).toBeDefined();
  });

  test('R8: wrong codes of a setup count too, and a right one takes nothing from the count of others', async () => {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { email: who.address });
    const code = await cluster.mailedCode(who.address);
    expect((await wrongCodes(browser, page, code, 4)).fault).toBe('code_wrong');
    expect((await browser.submit(page, { code })).callback).toBeDefined();
    for (const tries of [5, 1]) {
      const { browser: again, page: next, code: mailed } = await atMailCode(who);
      expect((await wrongCodes(again, next, mailed, tries)).fault).toBe('code_wrong');
    }
    expect((await new UserAgent(cluster).password(who.loginId)).fault).toBe('factor_paused');
  });

  test('R4: a code issued to one user is refused for another, also in the same browser', async () => {
    const [one, two] = [await person(cluster, { mail: true }), await person(cluster, { mail: true })];
    const browser = new UserAgent(cluster);
    const pages = [await browser.start('important'), await browser.start('optional')];
    const asked: Arrival[] = [];
    for (const [index, who] of [one, two].entries()) {
      const credentials = { login_id: who.loginId, password: testPassword };
      asked.push(await browser.submit(pages[index] as Arrival, credentials));
    }
    const codes = [await cluster.mailedCode(one.address), await cluster.mailedCode(two.address)];
    expect(codes[0]).not.toBe(codes[1]);
    const swapped = await browser.submit(asked[1] as Arrival, { code: codes[0] ?? '' });
    expect([swapped.fault, swapped.callback]).toEqual(['code_wrong', undefined]);
    expect((await browser.submit(swapped, { code: codes[1] ?? '' })).callback).toBeDefined();
  });
});

describe('the limits an operator may set', () => {
  const withMailCodes = (mailCodes: object) => () =>
    checkConfiguration(
      {
        issuer: 'http://127.0.0.1:3000',
        secrets: { current: randomBytes(48).toString('base64') },
        mail: { smtp_url: 'smtp://127.0.0.1:25', from_address: 'no-reply@idp.example' },
        mail_codes: mailCodes,
      },
      [],
      { embedded: true },
    );

  test.each([{ lifetime_minutes: 3 }, { lifetime_minutes: 10 }, { max_attempts: 3 }])(
    'R8: %j is taken',
    (codes) => {
      expect(withMailCodes(codes)).not.toThrow();
    },
  );

  test.each([
    { lifetime_minutes: 2 },
    { lifetime_minutes: 11 },
    { max_attempts: 6 },
    { mails_per_15_minutes: 6 },
    { mails_per_day: 21 },
    { resend_cooldown_seconds: 5 },
  ])('R8, R9: %j is refused', (codes) => {
    expect(withMailCodes(codes)).toThrow();
  });
});

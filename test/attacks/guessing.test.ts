import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  ageMails,
  atFactor,
  burstForms,
  codeIn,
  countOf,
  faultIn,
  gained,
  nothing,
  recordsOf,
  resumePath,
  type Subject,
  wrongCode,
  testLog,
} from './support.ts';

describeOnEveryDatabase('guessing a code', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  let repeats: number;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
    repeats = database.kind === 'postgres' ? 20 : 2;
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const countersOf = ({ accountId }: Subject) =>
    cluster.nodes[0]!.db.selectFrom('limits')
      .select(['key', 'hits'])
      .where('key', 'like', `factor:%${accountId}%`)
      .execute();

  /** Five wrong codes, one after the other, by turns on the nodes. */
  async function fiveWrong(browser: UserAgent, page: Answer, right: string): Promise<Answer> {
    let answer = page;
    for (let guess = 1; guess <= 5; guess += 1) {
      answer = await browser.post(page, { code: wrongCode(right, guess) }, { node: guess % 2 });
      expect([answer.status, answer.page]).toEqual([422, 'mail-code']);
    }
    return answer;
  }

  test('A09 R8: after five wrong codes the right one is refused, and another can be had', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    const right = await cluster.mailedCode(subject.address);
    await fiveWrong(browser, page, right);
    for (const node of [0, 1]) {
      const refused = await browser.post(page, { code: right }, { node });
      expect([refused.status, refused.fault]).toEqual([422, 'code_attempts_exhausted']);
      expect(refused.html.querySelector('button[name=action][value=resend]')).not.toBeNull();
    }
    expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
    const records = await recordsOf(cluster, subject);
    expect(gained(before, records)).toEqual(nothing);
    expect([
      countOf(records, 'mail-code.refused', 'wrong'),
      countOf(records, 'mail-code.refused', 'exhausted'),
      countOf(records, 'mail-code.verified'),
    ]).toEqual([5, 2, 0]);

    await cluster.mailsSettled();

    const mails = cluster.smtp.mails.length;
    await ageMails(cluster, subject, 31);
    const renewed = await browser.submit(page, { action: 'resend' });
    const second = await cluster.mailedCode(subject.address, mails);
    expect(second).not.toBe(right);
    const { callback } = await browser.submit(renewed, { code: second });
    expect((await browser.redeem(callback as URL)).status).toBe(200);
  });

  test('A09 R2 R8: however the ID is spelled, the wrong codes of an account are one count', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const signIn = async (loginId: string): Promise<{ browser: UserAgent; page: Answer }> => {
      const browser = new UserAgent(cluster);
      const start = await browser.start();
      return { browser, page: await browser.submit(start, { login_id: loginId, password: testPassword }) };
    };
    const nul = await signIn(`${subject.loginId}\0`);
    expect([nul.page.status, nul.page.page]).toEqual([400, 'error']);
    for (const spelling of [subject.loginId.toUpperCase(), ` ${subject.loginId}\u3000`]) {
      await cluster.mailsSettled();
      const mails = cluster.smtp.mails.length;
      const { browser, page } = await signIn(spelling);
      expect(page.page).toBe('mail-code');
      await fiveWrong(browser, page, await cluster.mailedCode(subject.address, mails));
    }
    expect((await countersOf(subject)).map(({ hits }) => hits.length)).toEqual([10]);
    const fullWidth = Array.from(subject.loginId, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + 0xfee0),
    );
    const third = await signIn(fullWidth.join(''));
    expect([third.page.status, third.page.fault]).toEqual([429, 'factor_paused']);
    const records = await recordsOf(cluster, subject);
    expect(countOf(records, 'mail-code.refused', 'wrong')).toBe(10);
    expect(countOf(records, 'password.verified')).toBe(3);
    expect(gained({ ...records, sessions: 0, codes: 0 }, records)).toEqual(nothing);

    // It is the step that pauses, not the account: where no second factor is asked for, the password does (R8).
    const ordinary = await new UserAgent(cluster).password(subject.loginId, 'ordinary');
    expect(ordinary.callback?.searchParams.has('code')).toBe(true);
  });

  test('A09 R8: a pause lets neither a right code in nor a mail out', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const session = new UserAgent(cluster);
    await session.password(subject.loginId, 'ordinary');
    const held = await atFactor(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    for (let guess = 0; guess < 10; guess += 1) {
      const code = wrongCode(appCode(), 1 + guess * 997);
      expect((await browser.post(page, { code }, { node: guess % 2 })).status).toBe(422);
    }
    const before = await recordsOf(cluster, subject);
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    for (const attacked of [held, { browser, page }]) {
      const refused = await attacked.browser.post(attacked.page, { code: appCode() }, { node: 1 });
      expect([refused.status, refused.fault]).toEqual([429, 'factor_paused']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(codeIn(await attacked.browser.open(resumePath(attacked.page)))).toBeUndefined();
    }
    // A session that only lacks the factor gets no further either, and no page of it mails anything.
    const stepUp = await session.start('important');
    const token = session.fields(stepUp).csrf;
    if (token !== undefined) {
      for (const fields of [{ action: 'use-mail' }, { action: 'resend' }, { code: appCode() }]) {
        expect(codeIn(await session.submit(stepUp, fields))).toBeUndefined();
      }
    }
    expect(codeIn(await session.open(resumePath(stepUp)))).toBeUndefined();
    const after = await recordsOf(cluster, subject);
    expect(gained(before, after)).toEqual(nothing);
    expect(countOf(after, 'app-code.verified')).toBe(0);
    expect(countOf(after, 'factor.paused')).toBeGreaterThanOrEqual(1);
    expect(countOf(after, 'mail-code.sent')).toBe(countOf(before, 'mail-code.sent'));
    expect(cluster.smtp.mails.length).toBe(mails);
  });

  test('A10 R8: of 200 parallel guesses at most five are compared, whichever node they reach', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const subject = await addSubject(cluster, { mail: true });
      const before = await recordsOf(cluster, subject);
      const { browser, page } = await atFactor(cluster, subject);
      const right = await cluster.mailedCode(subject.address);
      const place = randomInt(5, 200);
      const guesses = Array.from({ length: 200 }, (_, index) =>
        index === place ? right : wrongCode(right, 1 + index * 104_729),
      );
      const answers = await burstForms(
        browser,
        page,
        guesses.map((code) => ({ code })),
      );
      expect(answers.map(({ status }) => status).filter((status) => ![303, 422].includes(status))).toEqual(
        [],
      );
      const after = await recordsOf(cluster, subject);
      const wrong = countOf(after, 'mail-code.refused', 'wrong');
      const verified = countOf(after, 'mail-code.verified');
      expect(wrong + verified).toBeLessThanOrEqual(5);
      expect(verified === 1 || wrong === 5).toBe(true);
      expect(new Set(after.events.map(({ node }) => node).filter((node) => node !== null)).size).toBe(2);
      const arrived = await browser.open(resumePath(page));
      expect(codeIn(arrived) !== undefined).toBe(verified === 1);
      if (verified === 0) {
        expect(answers.map(({ status }) => status)).not.toContain(303);
        expect(gained(before, after)).toEqual(nothing);
      }
    }
  }, 240_000);

  test('A10 R8: parallel guesses at an app code stop at the hourly limit of the account', async () => {
    for (let repeat = 0; repeat < Math.ceil(repeats / 4); repeat += 1) {
      const subject = await addSubject(cluster, { app: true });
      const before = await recordsOf(cluster, subject);
      const { browser, page } = await atFactor(cluster, subject);
      const near = [-1, 0, 1, 2].map((steps) => appCode(steps));
      const guesses = Array.from({ length: 60 }, (_, index) => wrongCode('000000', index * 7919)).filter(
        (code) => !near.includes(code),
      );
      const answers = await burstForms(
        browser,
        page,
        guesses.map((code) => ({ code })),
      );
      // Wrong, then paused; the pause ends the login, and who comes after it finds the first page.
      expect(
        answers.map(({ status }) => status).filter((status) => ![409, 422, 429].includes(status)),
      ).toEqual([]);
      expect(answers.map(faultIn).filter((fault) => fault === 'code_wrong').length).toBeLessThanOrEqual(10);
      const after = await recordsOf(cluster, subject);
      expect(countOf(after, 'app-code.refused', 'wrong')).toBe(10);
      expect((await countersOf(subject)).map(({ hits }) => hits.length)).toEqual([10]);
      expect(gained(before, after)).toEqual(nothing);
    }
  }, 120_000);

  test('A11 R5: a mail code is accepted once, even by 50 parallel requests on two nodes', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const subject = await addSubject(cluster, { mail: true });
      const before = await recordsOf(cluster, subject);
      const { browser, page } = await atFactor(cluster, subject);
      const code = await cluster.mailedCode(subject.address);
      const answers = await burstForms(
        browser,
        page,
        Array.from({ length: 50 }, () => ({ code })),
      );
      // Whoever was not first is told so, or goes on with the one login that there is.
      const onward = answers.filter(({ status }) => status === 303);
      expect(new Set(onward.map(({ headers }) => new URL(headers.location ?? '').pathname))).toEqual(
        new Set([resumePath(page)]),
      );
      const others = answers.filter(({ status }) => status !== 303).map(faultIn);
      expect(others.filter((fault) => fault !== 'code_used')).toEqual([]);
      const verified = await recordsOf(cluster, subject);
      expect(countOf(verified, 'mail-code.verified')).toBe(1);
      expect(verified.codes).toBe(0);

      // Every winner follows its redirect at once: one session, one code.
      for (const line of onward.flatMap(({ setCookie }) => setCookie))
        await browser.jar.setCookie(line, page.url.href);
      const agents = onward.map((_, index) => new UserAgent(cluster, { node: index % 2, jar: browser.jar }));
      const cookie = await browser.jar.getCookieString(new URL(resumePath(page), cluster.issuer).href);
      const followed = await Promise.all(
        agents.map((agent) => agent.request(resumePath(page), { headers: { cookie } })),
      );
      expect(followed.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
      const codes = followed.map(codeIn).filter((found) => found !== undefined);
      expect(codes.length).toBe(1);
      const after = await recordsOf(cluster, subject);
      expect(gained(before, after)).toEqual({ ...nothing, sessions: 1, codes: 1, finished: 1 });

      // I7: the winner gets its tokens, and gets them once.
      const arrived = followed.find((answer) => codeIn(answer) !== undefined);
      const callback = new URL(String(arrived?.headers.location));
      const redeemed = await Promise.all([0, 1].map((node) => browser.redeem(callback, 'important', node)));
      expect(redeemed.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400]);
    }
  }, 240_000);

  testLog(() => log);
});

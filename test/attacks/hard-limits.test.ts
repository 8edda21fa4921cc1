import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFactorPause } from '../../src/factors/verification/pause.ts';
import { releaseFactors } from '../../src/factors/enrolled/release.ts';
import { passTime } from '../login/visits.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import type { UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  ageMails,
  atFactor,
  burstForms,
  codeIn,
  countOf,
  gained,
  nothing,
  recordsOf,
  resumePath,
  type Subject,
  testLog,
  wrongCode,
} from './support.ts';

const hour = 3601;

describeOnEveryDatabase('guessing on and on', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Mails that tell the user of something (what they tell is forgotten once they have left). */
  const noticesTo = async ({ accountId }: Subject): Promise<number> => {
    const mails = await database.db
      .selectFrom('mails')
      .select('id')
      .where('account_id', '=', accountId)
      .where('kind', '=', 'notice')
      .execute();
    return mails.length;
  };
  const failuresOf = async ({ accountId }: Subject) =>
    database.db
      .selectFrom('factor_failures')
      .select(['factor', 'in_a_row', 'disabled_at'])
      .where('account_id', '=', accountId)
      .execute();
  /** As if so many wrong codes had been given before. */
  const startAt = async ({ accountId }: Subject, factor: 'mail' | 'app', count: number) =>
    database.db
      .insertInto('factor_failures')
      .values({ account_id: accountId, factor, in_a_row: count })
      .execute();
  /** Codes that are neither the present one nor one of its neighbours. */
  const wrongAppCode = (guess: number): string => {
    const near = [-1, 0, 1, 2].map((steps) => appCode(steps));
    for (let offset = 1 + guess * 997; ; offset += 1) {
      const code = wrongCode('000000', offset);
      if (!near.includes(code)) return code;
    }
  };
  const release = async ({ accountId }: Subject) =>
    releaseFactors(database.db, createFactorPause(10), accountId, 'cli:test');

  test('A12: a resend gives no try back: the tenth wrong code of the hour is the last one looked at', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    let code = await cluster.mailedCode(subject.address);
    let paused = 0;
    for (let turn = 0; turn < 10 && paused === 0; turn += 1) {
      for (let guess = 1; guess <= 4 && paused === 0; guess += 1) {
        const answer = await browser.post(page, { code: wrongCode(code, guess) }, { node: guess % 2 });
        if (answer.fault === 'factor_paused') paused = answer.status;
      }
      if (paused > 0) break;
      await ageMails(cluster, subject, 31);
      const mails = cluster.smtp.mails.length;
      await browser.submit(page, { action: 'resend' });
      code = await cluster.mailedCode(subject.address, mails);
    }
    const after = await recordsOf(cluster, subject);
    expect([paused, countOf(after, 'mail-code.refused', 'wrong')]).toEqual([429, 10]);
    expect(codeIn(await browser.submit(page, { code }))).toBeUndefined();
    expect(gained(before, after)).toEqual(nothing);
  });

  test('A13, C05: a new login gives no try back: ten an hour, and the fiftieth wrong mail code in a row is the last', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    for (let round = 0; round < 5; round += 1) {
      let held: { browser: UserAgent; code: string; page: Awaited<ReturnType<typeof atFactor>>['page'] };
      for (const login of [0, 1]) {
        const mails = cluster.smtp.mails.length;
        const { browser, page } = await atFactor(cluster, subject, { node: login });
        const code = await cluster.mailedCode(subject.address, mails);
        held = { browser, page, code };
        for (let guess = 1; guess <= 5; guess += 1) {
          const answer = await browser.post(page, { code: wrongCode(code, guess) }, { node: guess % 2 });
          const last = round === 4 && login === 1 && guess === 5;
          expect([answer.status, answer.fault]).toEqual(
            last ? [403, 'factor_disabled'] : [422, 'code_wrong'],
          );
        }
      }
      if (round < 4) {
        const third = await atFactor(cluster, subject);
        expect([third.page.status, third.page.fault]).toEqual([429, 'factor_paused']);
        expect(codeIn(await held!.browser.submit(held!.page, { code: held!.code }))).toBeUndefined();
      }
      await passTime(database.db, subject.accountId, hour);
    }
    expect(await failuresOf(subject)).toMatchObject([
      { factor: 'mail', in_a_row: 50, disabled_at: expect.any(Date) },
    ]);
    // Nothing is mailed any more, and no code is looked at; the user was told, once.
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const { browser, page } = await atFactor(cluster, subject);
    expect([page.page, codeIn(await browser.open(resumePath(page)))]).toEqual(['set-up-pass', undefined]);
    const after = await recordsOf(cluster, subject);
    expect([
      countOf(after, 'mail-code.refused', 'wrong'),
      countOf(after, 'factor.disabled'),
      countOf(after, 'mail-code.verified'),
      cluster.smtp.mails.slice(mails).filter(({ to }) => to.includes(subject.address)).length,
    ]).toEqual([50, 1, 0, 0]);
    expect(await noticesTo(subject)).toBe(1);
    expect(gained(before, after)).toEqual(nothing);

    expect(await release(subject)).toEqual({ paused: false, disabled: ['mail'] });
    const again = await atFactor(cluster, subject);
    expect(again.page.page).toBe('mail-code');
    const code = await cluster.mailedCode(subject.address, mails);
    expect(codeIn(await again.browser.submit(again.page, { code }))).toBeDefined();
    expect(await failuresOf(subject)).toEqual([]);
  }, 120_000);

  test('A14, C05: after twenty wrong app codes in a row the app is off, the right code too, and mail still signs in', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const held = await atFactor(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject, { node: 1 });
    for (let guess = 1; guess <= 20; guess += 1) {
      const answer = await browser.post(page, { code: wrongAppCode(guess) }, { node: guess % 2 });
      expect([guess, answer.status, answer.fault]).toEqual(
        guess < 20 ? [guess, 422, 'code_wrong'] : [guess, 403, 'factor_disabled'],
      );
      if (guess % 9 === 0) await passTime(database.db, subject.accountId, hour);
    }
    await passTime(database.db, subject.accountId, hour);
    for (const attacked of [held, { browser, page }]) {
      for (let guess = 0; guess < 5; guess += 1) {
        const answer = await attacked.browser.post(attacked.page, { code: appCode() }, { node: guess % 2 });
        expect([answer.status >= 400, codeIn(answer)]).toEqual([true, undefined]);
      }
    }
    const records = await recordsOf(cluster, subject);
    expect([
      countOf(records, 'app-code.refused', 'wrong'),
      countOf(records, 'app-code.verified'),
      countOf(records, 'factor.disabled'),
      countOf(records, 'sign-in.finished'),
    ]).toEqual([20, 0, 1, 0]);
    expect(await noticesTo(subject)).toBe(1);

    // The other way is not touched by it, and does not bring the app back.
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const byMail = await atFactor(cluster, subject);
    expect(byMail.page.page).toBe('mail-code');
    const code = await cluster.mailedCode(subject.address, mails);
    expect(codeIn(await byMail.browser.submit(byMail.page, { code }))).toBeDefined();
    expect((await atFactor(cluster, subject)).page.page).toBe('mail-code');
    expect(await release(subject)).toMatchObject({ disabled: ['app'] });
    const byApp = await atFactor(cluster, subject);
    expect(byApp.page.page).toBe('app-code');
    expect(codeIn(await byApp.browser.submit(byApp.page, { code: appCode() }))).toBeDefined();
  }, 60_000);

  test('A10, A14: of parallel guesses at the limit exactly as many are looked at as are left', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const { browser, page } = await atFactor(cluster, subject);
    await startAt(subject, 'app', 17);
    const forms = Array.from({ length: 24 }, (_, guess) => ({ code: wrongAppCode(guess) }));
    const answers = await burstForms(browser, page, forms);
    expect(
      answers.map(({ status }) => status).filter((status) => ![403, 409, 422, 429].includes(status)),
    ).toEqual([]);
    const records = await recordsOf(cluster, subject);
    expect([countOf(records, 'app-code.refused', 'wrong'), countOf(records, 'factor.disabled')]).toEqual([
      3, 1,
    ]);
    expect(await noticesTo(subject)).toBe(1);
  });

  test('C05: a right code ends the row, and wrong ones of another way are not part of it', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    await startAt(subject, 'app', 19);
    await startAt(subject, 'mail', 48);
    const { browser, page } = await atFactor(cluster, subject);
    expect(codeIn(await browser.submit(page, { code: appCode() }))).toBeDefined();
    expect(await failuresOf(subject)).toMatchObject([{ factor: 'mail', in_a_row: 48, disabled_at: null }]);
    const next = await atFactor(cluster, subject);
    const refused = await next.browser.post(next.page, { code: wrongAppCode(1) });
    expect([refused.status, refused.fault]).toEqual([422, 'code_wrong']);
    expect(countOf(await recordsOf(cluster, subject), 'factor.disabled')).toBe(0);
  });

  testLog(() => log);
});

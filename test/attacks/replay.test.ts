import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { burst } from '../support/burst.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { codeOfMail } from '../login/visits.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import type { Answer, UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
  ageMails,
  atFactor,
  codeIn,
  countOf,
  faultIn,
  formRequests,
  gained,
  nothing,
  recordsOf,
  resumePath,
  withinOneStep,
  wrongCode,
  testLog,
} from './support.ts';

describeOnEveryDatabase('replaying a code', (open) => {
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

  test('A17 R5: an app code is accepted once, by whichever browser and node comes first', async () => {
    for (let repeat = 0; repeat < (database.kind === 'postgres' ? 20 : 3); repeat += 1) {
      const subject = await addSubject(cluster, { app: true });
      const before = await recordsOf(cluster, subject);
      const logins = [
        await atFactor(cluster, subject, { node: 0 }),
        await atFactor(cluster, subject, { node: 1 }),
      ];
      const code = appCode();
      const requests = await Promise.all(
        logins.map(({ browser, page }) =>
          formRequests(
            browser,
            page,
            Array.from({ length: 10 }, () => ({ code })),
          ),
        ),
      );
      const answers = await burst(requests.flat());
      const winners = [answers.slice(0, 10), answers.slice(10)].map((own) =>
        own.some(({ status }) => status === 303),
      );
      expect(winners.filter(Boolean).length).toBe(1);
      const losers = answers.filter(({ status }) => status !== 303);
      expect(losers.map(faultIn).filter((fault) => fault !== 'code_used')).toEqual([]);
      for (const [index, { browser, page }] of logins.entries()) {
        // Once more, alone and on the other node: the loser is not let in later either.
        const answer = await browser.post(page, { code }, { node: 1 - index });
        expect(answer.status).toBe(winners[index] === true ? 303 : 422);
        expect(codeIn(await browser.open(resumePath(page))) !== undefined).toBe(winners[index]);
      }
      const after = await recordsOf(cluster, subject);
      expect(countOf(after, 'app-code.verified')).toBe(1);
      expect(gained(before, after)).toEqual({ ...nothing, sessions: 1, codes: 1, finished: 1 });
    }
  }, 120_000);

  test('A18 R5: after a newer step an older one is refused, though it is in the window', async () => {
    await withinOneStep(8);
    const subject = await addSubject(cluster, { app: true });
    const first = await atFactor(cluster, subject);
    expect(codeIn(await first.browser.submit(first.page, { code: appCode(0) }))).toBeDefined();
    const second = await atFactor(cluster, subject, { node: 1 });
    for (const steps of [-1, 0]) {
      const refused = await second.browser.submit(second.page, { code: appCode(steps) });
      expect([refused.status, refused.fault]).toEqual([422, 'code_used']);
    }
    expect(codeIn(await second.browser.submit(second.page, { code: appCode(1) }))).toBeDefined();
    const third = await atFactor(cluster, subject);
    for (const steps of [-1, 0, 1]) {
      expect(codeIn(await third.browser.submit(third.page, { code: appCode(steps) }))).toBeUndefined();
    }
    const records = await recordsOf(cluster, subject);
    expect([countOf(records, 'app-code.verified'), countOf(records, 'app-code.refused', 'used')]).toEqual([
      2, 5,
    ]);
  });

  test('R5: the code that set an app up is a used one', async () => {
    const subject = await addSubject(cluster);
    const { browser, page } = await atFactor(cluster, subject);
    const acknowledge = await browser.submit(page, { action: 'no-mail' });
    const app = await browser.submit(acknowledge, { acknowledge: 'yes' });
    const secret = /secret=([A-Z2-7]+)/.exec(app.body)?.[1] ?? '';
    const code = appCode(0, secret);
    expect(codeIn(await browser.submit(app, { code }))).toBeDefined();
    const next = await atFactor(cluster, subject, { node: 1 });
    const refused = await next.browser.submit(next.page, { code });
    expect([refused.status, refused.fault]).toEqual([422, 'code_used']);
    expect((await recordsOf(cluster, subject)).factors).toBe(1);
  });

  test('A22 R4: a code is good for the account, login and purpose it was mailed for', async () => {
    const [victim, attacker] = [
      await addSubject(cluster, { mail: true }),
      await addSubject(cluster, { mail: true }),
    ];
    const before = await recordsOf(cluster, victim);
    const own = await atFactor(cluster, victim);
    const victims = await cluster.mailedCode(victim.address);
    const foreign = await atFactor(cluster, attacker);
    const attackers = await cluster.mailedCode(attacker.address);
    // The same browser in two tabs, as two people: still two codes.
    await cluster.mailsSettled();
    const mailed = cluster.smtp.mails.length;
    const tab = await own.browser.password(attacker.loginId);
    const tabCode = await cluster.mailedCode(attacker.address, mailed);
    expect(new Set([victims, attackers, tabCode]).size).toBe(3);
    const crossed: [UserAgent, Answer, string][] = [
      [own.browser, own.page, attackers],
      [own.browser, own.page, tabCode],
      [own.browser, tab, victims],
      [own.browser, tab, attackers],
      [foreign.browser, foreign.page, victims],
      [foreign.browser, foreign.page, tabCode],
    ];
    for (const [browser, page, code] of crossed) {
      const answer = await browser.submit(page, { code });
      expect([answer.status, answer.fault]).toEqual([422, 'code_wrong']);
    }
    const after = await recordsOf(cluster, victim);
    expect(countOf(after, 'mail-code.refused', 'wrong')).toBe(2);
    expect(countOf(await recordsOf(cluster, attacker), 'mail-code.refused', 'wrong')).toBe(4);
    expect(gained(before, after)).toEqual(nothing);

    // Set up and sign-in: neither takes the other's code, nor that of the same set-up in another login.
    const newcomer = await addSubject(cluster);
    const [here, there] = [await atFactor(cluster, newcomer), await atFactor(cluster, newcomer)];
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const waitingHere = await here.browser.submit(here.page, { email: `x${newcomer.address}` });
    const setUpHere = await cluster.mailedCode(`x${newcomer.address}`, mails);
    const waitingThere = await there.browser.submit(there.page, { email: newcomer.address });
    const setUpThere = await cluster.mailedCode(newcomer.address, mails);
    const swapped = await there.browser.submit(waitingThere, { code: setUpHere });
    expect([swapped.status, swapped.fault]).toEqual([422, 'code_wrong']);
    expect(codeIn(await there.browser.submit(waitingThere, { code: setUpThere }))).toBeDefined();
    for (const code of [setUpHere, setUpThere]) {
      for (const page of ['set-up-mail-code', 'mail-code', 'set-up-mail']) {
        const answer = await here.browser.submit(waitingHere, { page, code });
        expect([codeIn(answer), answer.page]).toEqual([undefined, 'mail-code']);
      }
    }
    const { factors, events } = await recordsOf(cluster, newcomer);
    expect([factors, countOf({ ...after, events }, 'factor.mail-enrolled')]).toEqual([1, 1]);
  });

  test('A23 R9: a resend carries the same code, which works once; an earlier code is refused', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const { browser, page } = await atFactor(cluster, subject);
    const first = await cluster.mailedCode(subject.address);
    await cluster.mailsSettled();
    const mails = cluster.smtp.mails.length;
    const soon = await browser.submit(page, { action: 'resend' });
    expect([soon.status, soon.fault, cluster.smtp.mails.length]).toEqual([429, 'resend_too_soon', mails]);
    await ageMails(cluster, subject, 31);
    await browser.submit(page, { action: 'resend' });
    expect(await cluster.mailedCode(subject.address, mails)).toBe(first);

    // When it can be used no more, the next mail carries another.
    for (let guess = 1; guess <= 5; guess += 1) await browser.post(page, { code: wrongCode(first, guess) });
    await ageMails(cluster, subject, 31);
    await browser.submit(page, { action: 'resend' });
    const second = await codeOfMail(cluster, subject.address, 2);
    expect(second).not.toBe(first);
    const refused = await browser.submit(page, { code: first });
    expect([refused.status, refused.fault]).toEqual([422, 'code_wrong']);
    await ageMails(cluster, subject, 31);
    await browser.submit(page, { action: 'resend' }, { node: 1 });
    expect(await codeOfMail(cluster, subject.address, 3)).toBe(second);
    expect(codeIn(await browser.submit(page, { code: second }))).toBeDefined();
    const records = await recordsOf(cluster, subject);
    expect([countOf(records, 'mail-code.sent'), countOf(records, 'mail-code.verified')]).toEqual([4, 1]);
    expect(cluster.smtp.mails.filter(({ to }) => to.includes(subject.address)).length).toBe(4);
    const again = await atFactor(cluster, subject);
    const replayed = await again.browser.submit(again.page, { code: second });
    expect([replayed.status, codeIn(replayed)]).toEqual([422, undefined]);
  });

  testLog(() => log);
});

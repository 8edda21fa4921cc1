import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { burst } from '../support/burst.ts';
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
  formRequests,
  gained,
  nothing,
  recordsOf,
  resumePath,
  type Subject,
  wrongCode,
  testLog,
} from './support.ts';

describeOnEveryDatabase('requests that race', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  let repeats: number;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
    repeats = database.kind === 'postgres' ? 10 : 2;
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const mailsTo = ({ address }: Subject): number =>
    cluster.smtp.mails.filter(({ to }) => to.includes(address)).length;
  /** The code in the mail that carries the reference shown on a page: what a person does who got several. */
  const codeNamedBy = async (page: Answer, { address }: Subject): Promise<string> => {
    const reference = page.html.querySelector('[data-reference]')?.text ?? 'none';
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const texts = cluster.smtp.mails
        .filter(({ to }) => to.includes(address))
        .map(async ({ parsed }) => (await parsed).text ?? '');
      const named = (await Promise.all(texts)).findLast((text) => text.includes(reference));
      const code = /\b\d{8}\b/.exec(named ?? '')?.[0];
      if (code !== undefined) return code;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    throw new Error(`no mail with the reference ${reference} came`);
  };
  const bad = (statuses: readonly { status: number }[]): number[] =>
    statuses.map(({ status }) => status).filter((status) => status === 0 || status >= 500);

  test('R9, I4: a right password sent five times at once mails one code, and it works', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const subject = await addSubject(cluster, { mail: true });
      const browser = new UserAgent(cluster);
      const page = await browser.start();
      const credentials = { login_id: subject.loginId, password: testPassword };
      const answers = await burstForms(
        browser,
        page,
        Array.from({ length: 5 }, () => credentials),
      );
      expect(bad(answers)).toEqual([]);
      const code = await cluster.mailedCode(subject.address);
      const codePage = await browser.open(page.url.pathname);
      expect(codePage.page).toBe('mail-code');
      expect(codeIn(await browser.submit(codePage, { code }))).toBeDefined();
      expect(mailsTo(subject)).toBe(1);
      expect(countOf(await recordsOf(cluster, subject), 'mail-code.sent')).toBe(1);
    }
  });

  test('I1, A27: two accounts in one login: whoever it is in the end proves their own factor', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const people = [
        await addSubject(cluster, { mail: true }),
        await addSubject(cluster, { mail: true }),
      ] as const;
      const browser = new UserAgent(cluster);
      const page = await browser.start();
      const forms = [...people, ...people].map(({ loginId }) => ({
        login_id: loginId,
        password: testPassword,
      }));
      expect(bad(await burstForms(browser, page, forms))).toEqual([]);
      const codePage = await browser.open(page.url.pathname);
      expect(codePage.page).toBe('mail-code');
      const [here, other] = codePage.body.includes(people[0].loginId) ? people : [people[1], people[0]];
      const before = await recordsOf(cluster, other);
      if (mailsTo(other) > 0) {
        const refused = await browser.submit(codePage, { code: await cluster.mailedCode(other.address) });
        expect([codeIn(refused), refused.page]).toEqual([undefined, 'mail-code']);
      }
      await ageMails(cluster, here, 31);
      const resent = await browser.submit(codePage, { action: 'resend' });
      const arrived = await browser.submit(resent, { code: await codeNamedBy(resent, here) });
      expect(codeIn(arrived)).toBeDefined();
      expect(gained(before, await recordsOf(cluster, other))).toEqual(nothing);
      expect((await recordsOf(cluster, here)).sessions).toBe(1);
    }
  });

  test('R15, I3: of set-ups of one account in several browsers one gets through, by mail or by app', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const subject = await addSubject(cluster);
      const before = await recordsOf(cluster, subject);
      const byMail = await Promise.all(
        [0, 1].map(async (node) => {
          const { browser, page } = await atFactor(cluster, subject, { node });
          const address = `${node}.${subject.address}`;
          const waiting = await browser.submit(page, { email: address });
          return { browser, page: waiting, code: await cluster.mailedCode(address) };
        }),
      );
      const app = await atFactor(cluster, subject);
      const acknowledge = await app.browser.submit(app.page, { action: 'no-mail' });
      const appPage = await app.browser.submit(acknowledge, { acknowledge: 'yes' });
      const secret = /secret=([A-Z2-7]+)/.exec(appPage.body)?.[1] ?? '';
      const all = [...byMail, { browser: app.browser, page: appPage, code: appCode(0, secret) }];
      const requests = await Promise.all(
        all.map(({ browser, page, code }) => formRequests(browser, page, [{ code }, { code }])),
      );
      expect(bad(await burst(requests.flat()))).toEqual([]);
      const after = await recordsOf(cluster, subject);
      const one = { ...nothing, factors: 1, enrolments: 1 };
      expect({ ...gained(before, after), finished: 0 }).toEqual(one);
      let arrived = 0;
      for (const { browser, page } of all) {
        const answer = await browser.open(resumePath(page));
        if (codeIn(answer) !== undefined) arrived += 1;
        // Who was second meets the factor that there is now.
        else expect(['mail-code', 'app-code']).toContain(answer.page);
      }
      expect(arrived).toBe(1);
      expect(gained(before, await recordsOf(cluster, subject))).toEqual({
        ...one,
        sessions: 1,
        codes: 1,
        finished: 1,
      });
    }
  }, 60_000);

  test('R5, R33: right and wrong codes, resends, switches and a cancel at once end in one login or none', async () => {
    for (let repeat = 0; repeat < repeats * 2; repeat += 1) {
      const subject = await addSubject(cluster, { mail: true, app: true });
      const before = await recordsOf(cluster, subject);
      const { browser, page } = await atFactor(cluster, subject);
      const waiting = await browser.submit(page, { action: 'use-mail' });
      const code = await cluster.mailedCode(subject.address);
      await ageMails(cluster, subject, 31);
      // The code is about to end: a resend at this moment is another code.
      if (repeat % 2 === 0) {
        await cluster.nodes[0]!.db.updateTable('challenges')
          .set({ expires_at: sql<Date>`clock_timestamp() + interval '25 seconds'` })
          .where('account_id', '=', subject.accountId)
          .execute();
      }
      const forms: Record<string, string>[] = [
        { code },
        { action: 'resend' },
        { action: 'use-app' },
        { code: wrongCode(code) },
        { lang: 'ja' },
        { action: 'resend' },
        { code },
        { page: 'app-code', code: appCode() },
        { code },
        ...(repeat % 3 === 0 ? [{ action: 'cancel' }] : []),
      ];
      const answers = await burstForms(browser, waiting, forms);
      expect(bad(answers)).toEqual([]);
      const end = await browser.open(resumePath(page));
      const after = await recordsOf(cluster, subject);
      const arrived = codeIn(end) !== undefined;
      const verified = countOf(after, 'mail-code.verified') + countOf(after, 'app-code.verified');
      expect(verified).toBeLessThanOrEqual(2);
      expect(countOf(after, 'mail-code.verified')).toBeLessThanOrEqual(1);
      expect(arrived && verified === 0).toBe(false);
      const { sessions, codes, factors } = gained(before, after);
      const one = Number(arrived);
      expect({ sessions, codes, factors }).toEqual({ sessions: one, codes: one, factors: 0 });
      if (end.callback !== undefined) continue;
      // Whatever has become of the mailed code, the login is not lost.
      const byApp = end.page === 'app-code' ? end : await browser.submit(end, { action: 'use-app' });
      expect(codeIn(await browser.submit(byApp, { code: appCode() }))).toBeDefined();
    }
  }, 60_000);

  test('R14: an address changed while its code is typed leaves one factor or none, and no fault', async () => {
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const subject = await addSubject(cluster);
      const { browser, page } = await atFactor(cluster, subject);
      const waiting = await browser.submit(page, { email: subject.address });
      const code = await cluster.mailedCode(subject.address);
      const back = await browser.submit(waiting, { action: 'change-address' });
      expect(back.page).toBe('set-up-mail');
      const again = await browser.submit(back, { email: `x${subject.address}` });
      const second = await cluster.mailedCode(`x${subject.address}`);
      await cluster.nodes[0]!.db.updateTable('challenges')
        .set({ expires_at: sql<Date>`clock_timestamp() + interval '25 seconds'` })
        .where('account_id', '=', subject.accountId)
        .execute();
      const forms = [
        { code: second },
        { action: 'resend' },
        { action: 'change-address' },
        { code },
        { page: 'set-up-mail', email: `y${subject.address}` },
        { action: 'resend' },
        { code: second },
      ];
      expect(bad(await burstForms(browser, again, forms))).toEqual([]);
      const records = await recordsOf(cluster, subject);
      expect(records.factors).toBe(countOf(records, 'factor.mail-enrolled'));
      expect(records.factors).toBeLessThanOrEqual(1);
      expect(codeIn(await browser.open(resumePath(again))) !== undefined).toBe(records.factors === 1);
    }
  }, 60_000);

  test('A55, C19: an account disabled while its code is being accepted has nothing left, and no fault', async () => {
    for (let repeat = 0; repeat < repeats * 2; repeat += 1) {
      const subject = await addSubject(cluster, { mail: true });
      const { browser, page } = await atFactor(cluster, subject);
      const code = await cluster.mailedCode(subject.address);
      const { db } = cluster.nodes[0]!;
      const racing = burstForms(browser, page, [
        { code },
        { code: wrongCode(code) },
        { action: 'resend' },
        { code },
      ]);
      // Last bytes leave after 100 ms: within the milliseconds in which they are answered.
      await new Promise((resolve) => {
        setTimeout(resolve, 95 + (repeat % 10) * 3);
      });
      expect(await disableAccount(db, subject.accountId, 'test')).toBe('changed');
      expect(bad(await racing)).toEqual([]);
      expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
      await enableAccount(db, subject.accountId, 'test');
      // What was proven before counts for nothing afterwards.
      expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
      expect((await recordsOf(cluster, subject)).sessions).toBe(0);
    }
  }, 60_000);

  test('none of these requests waited for another in a circle', async () => {
    if (database.kind === 'pglite') return;
    // The server writes its statistics once a second.
    await new Promise((resolve) => {
      setTimeout(resolve, 1200);
    });
    const { rows } = await sql<{ deadlocks: number }>`
      select deadlocks::int from pg_stat_database where datname = current_database()`.execute(database.db);
    expect(rows).toEqual([{ deadlocks: 0 }]);
  });

  testLog(() => log);
});

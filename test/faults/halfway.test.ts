import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { addSubject, codeIn, countOf, recordsOf, type Subject } from '../attacks/support.ts';
import { alwaysOpen, issuePass, passesOf, passState } from '../factors/pass-stage.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';

describe('a database that goes away in the middle of a request of the login pages', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let db: Db;
  let cluster: Cluster;
  let statementsLeft = Number.POSITIVE_INFINITY;
  let fault: Fault = { mode: 'reset' };
  beforeAll(async () => {
    database = await openTestPostgres();
    const url = new URL(database.url ?? '');
    proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
    const settings = databaseSchema.parse({ connect_timeout_ms: 100 });
    db = openPostgres(
      { ...settings, url: proxy.through(url.href) },
      () => undefined,
      ({ query }) => {
        // What the node does beside the request is not counted.
        if (/clock_timestamp\(\)\) \* 1000|update mails|from "signing_keys"|advisory/.test(query.sql)) return;
        statementsLeft -= 1;
        if (statementsLeft === 0) proxy.set(fault);
      },
    );
    cluster = await startCluster(database, { handles: [db], config: { desk: alwaysOpen } });
  });
  afterAll(async () => {
    proxy.set({ mode: 'pass' });
    await cluster.close();
    await db.destroy();
    await proxy.close();
    await database.close();
  });

  /** What is asked does not arrive; or it arrives and is done, and its answer is lost. */
  const faults: [string, Fault][] = [
    ['a question', { mode: 'reset' }],
    ['an answer', { mode: 'cut', bytes: 0 }],
  ];

  /** Sends a form while the database goes away after this many statements; then it is back. */
  async function brokenAfter(statements: number, send: () => Promise<Answer>): Promise<Answer> {
    if (statements === 0) proxy.set(fault);
    else statementsLeft = statements;
    try {
      return await send();
    } finally {
      statementsLeft = Number.POSITIVE_INFINITY;
      proxy.set({ mode: 'pass' });
    }
  }
  /** Breaks the same request after 0, 1, 2 … statements until it comes through unharmed. */
  async function atEveryStatement(attempt: (statements: number) => Promise<Answer>): Promise<number> {
    for (let statements = 0; statements < 60; statements += 1) {
      const answer = await attempt(statements);
      if (answer.status < 500) return statements;
      expect([statements, answer.status, answer.fault]).toEqual([statements, 503, 'temporarily_unavailable']);
    }
    throw new Error('never came through');
  }
  async function expectOneLogin(subject: Subject, browser: UserAgent, done: Arrival): Promise<void> {
    expect([done.status, done.page, done.fault, codeIn(done)]).toEqual([
      303,
      '',
      undefined,
      expect.any(String),
    ]);
    const { claims } = await browser.redeem(done.callback as URL);
    expect(claims).toMatchObject({ sub: subject.accountId });
    const records = await recordsOf(cluster, subject);
    expect([records.sessions, countOf(records, 'sign-in.finished')]).toEqual([1, 1]);
  }
  /** The code. The node may not know that it is itself that took the mail up: then the lease has to end. */
  async function codeFor(subject: Subject): Promise<string> {
    const leasesEnd = database.db
      .updateTable('mails')
      .set({ next_attempt_at: sql<Date>`now()` })
      .where('state', '=', 'waiting')
      .where('to_address', '=', subject.address);
    const timer = setTimeout(() => void leasesEnd.execute(), 1000);
    return cluster.mailedCode(subject.address).finally(() => clearTimeout(timer));
  }
  /** What a person does on the page that says so: tries again. A dead connection may be met once more. */
  async function tryAgain(act: () => Promise<Arrival>): Promise<Arrival> {
    for (let tries = 0; ; tries += 1) {
      const answer = await act();
      if (answer.status < 500 || tries === 3) return answer;
    }
  }
  /** Opens the page where the login stands, and sends the form if it is still that page. */
  function goOn(
    browser: UserAgent,
    path: string,
    page: string,
    fields: Record<string, string>,
  ): Promise<Arrival> {
    return tryAgain(async () => {
      const shown = await browser.open(path);
      return shown.page === page ? browser.submit(shown, fields) : shown;
    });
  }
  const mailsTo = (subject: Subject): number =>
    cluster.smtp.mails.filter(({ to }) => to.includes(subject.address)).length;

  test.each(faults)(
    'R29: %s lost after the password: the page then shows where the login stands, and the code is sent once',
    async (_, lost) => {
      fault = lost;
      const broken = await atEveryStatement(async (statements) => {
        const subject = await addSubject(cluster, { mail: true });
        const browser = new UserAgent(cluster);
        const first = await browser.start();
        const login = { login_id: subject.loginId, password: testPassword };
        const answer = await brokenAfter(statements, () => browser.post(first, login));
        // The person tries again on the page that is there: the first one or already the next.
        const page = await goOn(browser, first.url.pathname, 'sign-in', login);
        expect([statements, page.page, page.fault]).toEqual([statements, 'mail-code', undefined]);
        const code = await codeFor(subject);
        await browser.open(first.url.pathname);
        await expectOneLogin(subject, browser, await browser.submit(page, { code }));
        expect([statements, mailsTo(subject)]).toEqual([statements, 1]);
        return answer;
      });
      expect(broken).toBeGreaterThan(5);
    },
  );

  test.each(faults)(
    'R5: %s lost after the code: it is taken or still good, never lost, and the login is finished once',
    async (_, lost) => {
      fault = lost;
      const broken = await atEveryStatement(async (statements) => {
        const subject = await addSubject(cluster, { mail: true });
        const browser = new UserAgent(cluster);
        const page = await browser.password(subject.loginId);
        const code = await cluster.mailedCode(subject.address);
        const answer = await brokenAfter(statements, () => browser.post(page, { code }));
        const done = await goOn(browser, page.url.pathname, 'mail-code', { code });
        await expectOneLogin(subject, browser, done);
        return answer;
      });
      expect(broken).toBeGreaterThan(5);
    },
  );

  test.each(faults.slice(1))('R30: %s lost after choosing mail: the code comes, once', async (_, lost) => {
    fault = lost;
    const broken = await atEveryStatement(async (statements) => {
      const subject = await addSubject(cluster, { mail: true, app: true });
      const browser = new UserAgent(cluster);
      const page = await browser.password(subject.loginId);
      const answer = await brokenAfter(statements, () => browser.post(page, { action: 'use-mail' }));
      const waiting = await goOn(browser, page.url.pathname, 'app-code', { action: 'use-mail' });
      expect([statements, waiting.page, waiting.fault]).toEqual([statements, 'mail-code', undefined]);
      const code = await codeFor(subject);
      await expectOneLogin(subject, browser, await browser.submit(waiting, { code }));
      expect([statements, mailsTo(subject)]).toEqual([statements, 1]);
      return answer;
    });
    expect(broken).toBeGreaterThan(3);
  });

  test.each(faults.slice(1))(
    'R14: %s lost after the code of initial setup: the address is registered and the login finished, or neither',
    async (_, lost) => {
      fault = lost;
      const broken = await atEveryStatement(async (statements) => {
        const subject = await addSubject(cluster);
        const browser = new UserAgent(cluster);
        const page = await browser.submit(await browser.password(subject.loginId), {
          email: subject.address,
        });
        const code = await cluster.mailedCode(subject.address);
        const answer = await brokenAfter(statements, () => browser.post(page, { code }));
        const done = await goOn(browser, page.url.pathname, 'set-up-mail-code', { code });
        await expectOneLogin(subject, browser, done);
        const records = await recordsOf(cluster, subject);
        expect([records.factors, countOf(records, 'factor.mail-enrolled')]).toEqual([1, 1]);
        return answer;
      });
      expect(broken).toBeGreaterThan(5);
    },
  );

  test.each(faults.slice(1))(
    'R40: %s lost after the pass, or after the code behind it: everything old ends with the new address, or nothing has changed',
    async (_, lost) => {
      fault = lost;
      const passes = passesOf(cluster, database.db);
      const wholeLogin = async (breaking: 'pass' | 'code', statements: number): Promise<Answer> => {
        const subject = await addSubject(cluster, { app: true });
        await database.db.deleteFrom('app_factors').where('account_id', '=', subject.accountId).execute();
        const pass = await issuePass(database.db, passes, subject.accountId);
        const browser = new UserAgent(cluster);
        const page = await browser.password(subject.loginId);
        const typed = { setup_pass: pass.digits };
        let answer =
          breaking === 'pass' ? await brokenAfter(statements, () => browser.post(page, typed)) : page;
        const opened = await goOn(browser, page.url.pathname, 'set-up-pass', typed);
        expect([statements, opened.page, opened.fault]).toEqual([statements, 'set-up-mail', undefined]);
        const waiting = await browser.submit(opened, { email: subject.address });
        const code = await codeFor(subject);
        if (breaking === 'code')
          answer = await brokenAfter(statements, () => browser.post(waiting, { code }));
        // A database lost before the commit leaves pass and factors as they were.
        const { finished } = await passState(database.db, pass);
        expect([statements, finished, (await recordsOf(cluster, subject)).factors]).toEqual([
          statements,
          finished,
          finished ? 1 : 0,
        ]);
        const done = await goOn(browser, page.url.pathname, 'set-up-mail-code', { code });
        await expectOneLogin(subject, browser, done);
        const records = await recordsOf(cluster, subject);
        expect([
          statements,
          records.factors,
          countOf(records, 'factor.set-up-by-pass'),
          countOf(records, 'factor.mail-enrolled'),
        ]).toEqual([statements, 1, 1, 1]);
        return answer;
      };
      for (const breaking of ['pass', 'code'] as const)
        expect(await atEveryStatement((statements) => wholeLogin(breaking, statements))).toBeGreaterThan(5);
    },
  );

  test.each(faults.slice(1))(
    'R5: %s lost after the app’s code: it is taken once, and the login is finished',
    async (_, lost) => {
      fault = lost;
      const broken = await atEveryStatement(async (statements) => {
        const subject = await addSubject(cluster, { app: true });
        const browser = new UserAgent(cluster);
        const page = await browser.password(subject.loginId);
        const answer = await brokenAfter(statements, () => browser.post(page, { code: appCode() }));
        const done = await goOn(browser, page.url.pathname, 'app-code', { code: appCode() });
        await expectOneLogin(subject, browser, done);
        return answer;
      });
      expect(broken).toBeGreaterThan(5);
    },
  );
});

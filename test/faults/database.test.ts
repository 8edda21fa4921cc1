import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOfUnknownId } from '../../src/desk/typed-id.ts';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { addSubject, codeIn, countOf, recordsOf, type Subject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { expectPageHeaders } from '../support/page-headers.ts';
import { type Answer, type Arrival, UserAgent } from '../support/user-agent.ts';

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe('a database that is away', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let db: Db;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await openTestPostgres();
    const url = new URL(database.url ?? '');
    proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
    // As the program opens it, with the timeouts that it ships with.
    db = openPostgres({ ...databaseSchema.parse({}), url: proxy.through(url.href) }, () => undefined);
    cluster = await startCluster(database, { handles: [db] });
  });
  afterEach(() => proxy.set({ mode: 'pass' }));
  afterAll(async () => {
    await cluster.close();
    await db.destroy();
    await proxy.close();
    await database.close();
  });

  async function timed(answer: Promise<Answer>): Promise<{ answer: Answer; ms: number }> {
    const started = performance.now();
    return { answer: await answer, ms: performance.now() - started };
  }
  const health = async (kind: 'live' | 'ready'): Promise<number> =>
    (await new UserAgent(cluster).request(`/health/${kind}`)).status;
  async function untilReady(expected: number, withinMs: number): Promise<void> {
    const started = performance.now();
    while ((await health('ready')) !== expected) {
      expect(await health('live')).toBe(200);
      if (performance.now() - started > withinMs)
        throw new Error(`ready was not ${expected} within ${withinMs} ms`);
      await pause(100);
    }
  }
  function expectHelp(answer: Answer, locale: 'en' | 'ja'): void {
    expect([answer.status, answer.page, answer.fault]).toEqual([503, 'error', 'temporarily_unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.html.querySelector('html')?.getAttribute('lang')).toBe(locale);
    expect(answer.html.querySelector('[data-reference]')?.text).toMatch(/^[0-9A-F]{8}$/);
    expect(answer.setCookie).toEqual([]);
    expectPageHeaders(answer, { https: false });
  }
  async function expectOneLogin(subject: Subject, browser: UserAgent, done: Arrival): Promise<void> {
    expect(codeIn(done)).toEqual(expect.any(String));
    expect((await browser.redeem(done.callback as URL)).claims).toMatchObject({ sub: subject.accountId });
    const records = await recordsOf(cluster, subject);
    expect([records.sessions, countOf(records, 'sign-in.finished')]).toEqual([1, 1]);
  }

  test.each<Fault>([{ mode: 'refuse' }, { mode: 'stall' }, { mode: 'blackhole' }])(
    'F01, F16: $mode between password and code: a page that helps within 5 s, and afterwards the same code goes on',
    async (fault) => {
      const subject = await addSubject(cluster, { mail: true });
      const browser = new UserAgent(cluster);
      // The service asks for Japanese; the browser itself would be answered in English.
      const page = await browser.password(subject.loginId, 'important', { ui_locales: 'ja' });
      const code = await cluster.mailedCode(subject.address);
      await untilReady(200, 5000);

      proxy.set(fault);
      const [posted, shown, started] = await Promise.all([
        timed(browser.post(page, { code })),
        timed(browser.request(page.url.pathname)),
        timed(new UserAgent(cluster).request(browser.authorizeUrl())),
        untilReady(503, 3100),
      ]);
      for (const { ms } of [posted, shown, started]) expect(ms).toBeLessThan(5200);
      expectHelp(posted.answer, 'ja');
      expectHelp(shown.answer, 'ja');
      expectHelp(started.answer, 'en');
      expect(posted.answer.html.querySelector('a.primary')?.getAttribute('href')).toBe(page.url.pathname);
      expect(await health('live')).toBe(200);

      proxy.set({ mode: 'pass' });
      const [again] = await Promise.all([browser.open(page.url.pathname), untilReady(200, 5000)]);
      expect([again.page, again.html.querySelector('html')?.getAttribute('lang')]).toEqual([
        'mail-code',
        'ja',
      ]);
      await expectOneLogin(subject, browser, await browser.submit(again, { code }));
    },
  );

  test('F01: a restart of one second is a slow answer and no fault', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(subject.loginId);
    proxy.set({ mode: 'refuse' });
    setTimeout(() => proxy.set({ mode: 'pass' }), 1000);
    const done = await browser.submit(page, { code: appCode() });
    await expectOneLogin(subject, browser, done);
  });

  test('F01: a restart between any two requests of a login loses nothing; at worst a page says to try again', async () => {
    const endEveryConnection = (): Promise<unknown> =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(database.db);
    /** The next request comes before the node can have noticed; on 503 it is made again, as the page says. */
    async function afterRestart<Given extends { status: number }>(act: () => Promise<Given>): Promise<Given> {
      await endEveryConnection();
      for (let tries = 0; ; tries += 1) {
        const given = await act();
        if (given.status < 500 || tries === 12) return given;
      }
    }
    for (let round = 0; round < 4; round += 1) {
      const subject = await addSubject(cluster, { mail: true });
      const browser = new UserAgent(cluster);
      const first = await afterRestart(() => browser.start());
      const login = { login_id: subject.loginId, password: testPassword };
      const page = await afterRestart(() => browser.submit(first, login));
      expect(page.page).toBe('mail-code');
      const code = await cluster.mailedCode(subject.address);
      const done = await afterRestart(() => browser.submit(page, { code }));
      const { status, claims } = await afterRestart(() => browser.redeem(done.callback as URL));
      expect([status, claims.sub]).toEqual([200, subject.accountId]);
      const records = await recordsOf(cluster, subject);
      expect([records.sessions, countOf(records, 'sign-in.finished')]).toEqual([1, 1]);
    }
    await untilReady(200, 5000);
  });

  test('F01, R42: a request for help that a database away has not taken is sent again, and filed once', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.open('/help/support');
    const form = { login_id: 'faults0001', reason: 'other' };
    proxy.set({ mode: 'refuse' });
    for (const { answer, ms } of [
      await timed(browser.post(page, form)),
      await timed(browser.request('/help/support')),
    ]) {
      expectHelp(answer, 'en');
      expect(answer.html.querySelector('a.primary')?.getAttribute('href')).toBe('/help/support');
      expect(ms).toBeLessThan(5200);
    }
    proxy.set({ mode: 'pass' });
    await untilReady(200, 5000);
    for (let sent = 0; sent < 2; sent += 1) expect((await browser.post(page, form)).page).toBe('help-case');
    const cases = database.db
      .selectFrom('desk_cases')
      .select('id')
      .where('login_id', '=', digestOfUnknownId(cluster.sealer, form.login_id));
    expect(await cases.execute()).toHaveLength(1);
  });

  test('F15: with every connection waiting for a lock, each request ends within 5 s and the node comes back', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(subject.loginId);
    await database.db.transaction().execute(async (trx) => {
      await sql`lock table sign_ins in access exclusive mode`.execute(trx);
      const waiting = Array.from({ length: 30 }, () => timed(browser.request(page.url.pathname)));
      for (const { answer, ms } of await Promise.all(waiting)) {
        expectHelp(answer, 'en');
        expect(ms).toBeLessThan(5200);
      }
    });
    const started = performance.now();
    await expectOneLogin(subject, browser, await browser.submit(page, { code: appCode() }));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

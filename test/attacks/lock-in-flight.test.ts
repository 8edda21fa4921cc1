import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { disableAccount } from '../../src/accounts/status.ts';
import { lockAccount } from '../../src/accounts/account-lock.ts';
import { accountId, passTime, person } from '../login/visits.ts';
import { atAccount } from '../portal/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import type { Answer, UserAgent } from '../support/user-agent.ts';
import {
  addSubject,
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

describeOnEveryDatabase('what is locked or over while requests are on their way', (open) => {
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

  /** As somebody does who knows the password: wrong codes until the step pauses, or the way is off. */
  async function lock(subject: Subject, how: 'paused' | 'disabled'): Promise<void> {
    if (how === 'disabled') {
      await database.db
        .insertInto('factor_failures')
        .values({ account_id: subject.accountId, factor: 'mail', in_a_row: 49 })
        .execute();
    }
    const mails = cluster.smtp.mails.length;
    for (let login = 0; login < 2; login += 1) {
      const { browser, page } = await atFactor(cluster, subject, { node: 1 });
      const code = await cluster.mailedCode(subject.address, mails);
      for (let guess = 1; guess <= 5; guess += 1) {
        const answer = await browser.post(page, { code: wrongCode(code, guess * 7) }, { node: guess % 2 });
        if (answer.fault === 'factor_disabled' && how === 'disabled') {
          // What holds from now on is the lock alone, not the hour's window.
          await passTime(database.db, subject.accountId, 1);
          return;
        }
      }
    }
  }

  /** Session, code and factor of a login are out of reach, whichever way it is gone about. */
  async function expectRefused(browser: UserAgent, page: Answer, code: string, led: string[]): Promise<void> {
    const answer = await browser.submit(page, { code });
    expect([codeIn(answer), answer.page, answer.fault]).toEqual([undefined, led[0], led[1]]);
    const answers = await burstForms(
      browser,
      page,
      Array.from({ length: 6 }, () => ({ code })),
    );
    for (const { headers } of answers) expect(headers.location ?? '').not.toContain('code=');
    for (const action of ['use-app', 'use-recovery-code', 'lost-app', 'skip', 'back'])
      expect(codeIn(await browser.submit(page, { action }))).toBeUndefined();
    expect(codeIn(await browser.open(resumePath(page)))).toBeUndefined();
  }

  test.each(['paused', 'disabled'] as const)(
    'A15: a factor %s in one login is so in the other, which had its code before; a code that was issued is redeemed',
    async (how) => {
      const subject = await addSubject(cluster, { mail: true });
      // The third login is done before the lock: its factor was proven, and its code is on its way.
      const third = await atFactor(cluster, subject);
      const arrival = await third.browser.submit(third.page, {
        code: await cluster.mailedCode(subject.address),
      });
      const { callback } = arrival;
      if (callback === undefined) throw new Error(`the login ended at ${arrival.page}`);
      await passTime(database.db, subject.accountId, 3601);
      const mails = cluster.smtp.mails.length;
      const first = await atFactor(cluster, subject);
      const code = await cluster.mailedCode(subject.address, mails);
      await lock(subject, how);
      const before = await recordsOf(cluster, subject);
      await expectRefused(
        first.browser,
        first.page,
        code,
        how === 'paused' ? ['sign-in', 'factor_paused'] : ['set-up-pass'],
      );
      expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);

      // Decided, and the same on every node and at every time (docs/decisions.md).
      const redeemed = await third.browser.redeem(callback, 'important', 1);
      expect([redeemed.status, redeemed.claims.amr]).toEqual([200, ['pwd', 'mca']]);
      expect((await third.browser.redeem(callback)).status).toBe(400);
      expect(countOf(await recordsOf(cluster, subject), 'factor.disabled')).toBe(how === 'paused' ? 0 : 1);
    },
  );

  test('A15, A55: a code of an account that is disabled meanwhile is not redeemed, nor is its login gone on with', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const done = await atFactor(cluster, subject);
    const arrival = await done.browser.submit(done.page, { code: appCode() });
    const waiting = await atFactor(cluster, subject);
    await disableAccount(database.db, subject.accountId, 'cli:test');
    for (const node of [1, 0]) {
      expect((await done.browser.redeem(arrival.callback as URL, 'important', node)).status).toBe(400);
      const late = await waiting.browser.submit(waiting.page, { code: appCode(1) }, { node });
      expect([codeIn(late), late.page]).toEqual([undefined, 'sign-in']);
    }
  });

  /** Waits until so many statements wait for a lock that another one holds. */
  async function untilWaiting(count: number): Promise<void> {
    for (let wait = 0; wait < 200; wait += 1) {
      const { rows } = await sql<{ waiting: number }>`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db);
      if ((rows[0]?.waiting ?? 0) >= count) return;
      await sleep(20);
    }
    throw new Error(`no ${count} requests are waiting`);
  }

  /** Lets one request reach the account's turn before the other; on PGlite they come one after the other. */
  async function inOrder<One, Two>(
    id: string,
    one: () => Promise<One>,
    two: () => Promise<Two>,
  ): Promise<[One, Two]> {
    if (database.kind === 'pglite') return Promise.all([one(), two()]);
    let started: Promise<[One, Two]> | undefined;
    await database.db.transaction().execute(async (trx) => {
      await lockAccount(trx, id);
      const earlier = one();
      await untilWaiting(1);
      const later = two();
      await untilWaiting(2);
      started = Promise.all([earlier, later]);
    });
    return started as Promise<[One, Two]>;
  }

  test('C50, R35: a change that an ended session had on its way is not made after its end', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const { browser: thief } = await atAccount(cluster, who);
    const { browser: owner } = await atAccount(cluster, who, { node: 1, steps: 1 });
    const sheet = await thief.open('/account/recovery-codes');
    const sessions = await owner.open('/account/sessions');
    const sheets = () =>
      database.db
        .selectFrom('recovery_sheets')
        .select('id')
        .where('account_id', '=', id)
        .where('ended_at', 'is', null)
        .execute();
    const csrf = sessions.html.querySelector('input[name=csrf]')?.getAttribute('value') ?? '';
    const [ended, made] = await inOrder(
      id,
      () => owner.request('/account/sessions', { form: { csrf, action: 'end-others' } }),
      () => thief.post(sheet),
    );
    expect(ended.status).toBe(303);
    if (database.kind === 'postgres') {
      expect(made.body).not.toContain('data-sheet');
      expect(await sheets()).toEqual([]);
    }
  });

  testLog(() => log);
});

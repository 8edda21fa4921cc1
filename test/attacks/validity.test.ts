import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import {
  addSubject,
  ageMails,
  atFactor,
  codeIn,
  countOf,
  gained,
  nothing,
  recordsOf,
  type Subject,
  withinOneStep,
  testLog,
} from './support.ts';

/** The clock of this process, and so of every node in it, is wrong by so many seconds. */
function skewNodes(seconds: number): void {
  const everythingElse = [
    ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
    ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
  ];
  jest.useFakeTimers({ now: Date.now() + seconds * 1000, doNotFake: everythingElse, advanceTimers: true });
}

/** Whether a form's body holds one code, and that is eight digits as people type them (R7). */
function readsAsEightDigits(body: string): boolean {
  const [typed, ...more] = new URLSearchParams(body).getAll('code');
  if (typed === undefined || more.length > 0 || typed.length > 64) return false;
  return /^[0-9]{8}$/.test(typed.normalize('NFKC').replace(/[\s\p{Dash}ー]/gu, ''));
}

describeOnEveryDatabase('what counts as a valid code', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2, logger: log.logger });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Signs a fresh account in with this code of its app. @returns whether it was accepted. */
  async function acceptsAppCode(code: string): Promise<boolean> {
    const subject = await addSubject(cluster, { app: true });
    const { browser, page } = await atFactor(cluster, subject);
    const answer = await browser.submit(page, { code });
    const records = await recordsOf(cluster, subject);
    expect(countOf(records, 'app-code.verified')).toBe(codeIn(answer) === undefined ? 0 : 1);
    return codeIn(answer) !== undefined;
  }

  const setChallenge = (subject: Subject, secondsLeft: number) =>
    cluster.nodes[0]!.db.updateTable('challenges')
      .set({ expires_at: sql<Date>`clock_timestamp() + make_interval(secs => ${secondsLeft})` })
      .where('account_id', '=', subject.accountId)
      .execute();

  test('A19 R26: one step before and after is accepted, no other, and by the clock of the database', async () => {
    for (const [steps, accepted] of [
      [-3, false],
      [-2, false],
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
      [3, false],
    ] as const) {
      await withinOneStep(6);
      expect([steps, await acceptsAppCode(appCode(steps))]).toEqual([steps, accepted]);
    }
    // The embedded database has no clock of its own.
    if (database.kind === 'pglite') return;
    await withinOneStep(8);
    const code = appCode();
    skewNodes(-3600);
    expect(await acceptsAppCode(code)).toBe(true);
    // What the nodes take for the present is an hour old.
    expect(await acceptsAppCode(appCode())).toBe(false);
  }, 60_000);

  test('A19: codes of 6 and of 8 digits never stand for each other', async () => {
    const byApp = await addSubject(cluster, { app: true });
    const login = await atFactor(cluster, byApp);
    for (const code of [
      `00${appCode()}`,
      `${appCode()}00`,
      `+${appCode()}`,
      appCode().slice(1),
      `0${appCode()}`,
    ]) {
      const answer = await login.browser.submit(login.page, { code });
      expect([answer.status, answer.fault]).toEqual([400, 'code_malformed']);
    }
    const byMail = await addSubject(cluster, { mail: true });
    const other = await atFactor(cluster, byMail);
    const mailed = await cluster.mailedCode(byMail.address);
    for (const code of [mailed.slice(0, 6), mailed.slice(2), `0${mailed}`, mailed.slice(1), appCode()]) {
      const answer = await other.browser.submit(other.page, { code });
      expect([answer.status, answer.fault]).toEqual([400, 'code_malformed']);
    }
    for (const subject of [byApp, byMail]) {
      const { events } = await recordsOf(cluster, subject);
      expect(events.filter(({ event }) => event.endsWith('-code.refused'))).toEqual([]);
    }
  });

  test('A20 R7: whatever is typed as a code is refused with a page, and counts at most once', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const before = await recordsOf(cluster, subject);
    const { browser, page } = await atFactor(cluster, subject);
    const right = await cluster.mailedCode(subject.address);
    const { db } = cluster.nodes[0]!;
    const triesOf = async (): Promise<number> =>
      (
        await db
          .selectFrom('challenges')
          .select('attempts')
          .where('account_id', '=', subject.accountId)
          .executeTakeFirstOrThrow()
      ).attempts;
    const freshTries = async (): Promise<void> => {
      await db
        .updateTable('challenges')
        .set({ attempts: 0 })
        .where('account_id', '=', subject.accountId)
        .execute();
      await db.deleteFrom('limits').where('key', 'like', 'factor:%').execute();
    };

    const foreignDigits = ['٠١٢٣٤٥٦٧٨٩', '०१२३४५६७८९', '０１２３４５６７８９', '𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗', '①②③④⑤⑥⑦⑧⑨'];
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(...'0123456789 -‐ー\u3000\t'.split('')), maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom(...foreignDigits.flatMap((digits) => Array.from(digits))),
        maxLength: 12,
      }),
      fc.integer({ min: 1, max: 100_000 }).map((length) => '7'.repeat(length)),
      fc.constantFrom(
        '1e7',
        '+1234567',
        '1234567a',
        'abcdefgh',
        '0x1234567',
        '-1234567',
        '+12345678',
        '12345678.0',
        'NaN',
        '👩‍👩‍👧',
        '\0',
        '%00',
        'null',
      ),
    );
    const bodies = fc.oneof(
      { weight: 4, arbitrary: texts.map((text) => `code=${encodeURIComponent(text.toWellFormed())}`) },
      texts.map((text) => `code=${encodeURIComponent(encodeURIComponent(text.toWellFormed()))}`),
      fc
        .tuple(texts, texts)
        .map((both) => both.map((text) => `code=${encodeURIComponent(text.toWellFormed())}`).join('&')),
      fc
        .constantFrom('[]', '[0]', '[a]', '[__proto__]', '[toString]', '%5B%5D', '[[', '%', '[length]')
        .map((suffix) => `code${suffix}=12345678`),
      fc.constantFrom(
        'code=%C3%28',
        'code=%ED%A0%80',
        'code=%FF%FE',
        'code=%',
        'code=%u0031',
        'code',
        '&&&=',
        'code=1;2',
      ),
    );
    const token = String(browser.fields(page).csrf);
    const allowed = new Set([400, 413, 422]);
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), async (body, otherNode) => {
        fc.pre(!body.includes(right));
        const answer = await browser.request(page.url.pathname, {
          form: `csrf=${token}&page=mail-code&action=continue&${body}`,
          node: otherNode ? 1 : 0,
        });
        const counted = await triesOf();
        if (counted > 0) await freshTries();
        expect(allowed).toContain(answer.status);
        expect(['mail-code', 'error']).toContain(answer.page);
        // Only what can be read as eight digits is compared, and then it is one try (R8).
        const compared = readsAsEightDigits(body) ? 1 : 0;
        expect([counted, answer.fault === 'code_wrong']).toEqual([compared, compared === 1]);
      }),
      { numRuns: database.kind === 'postgres' ? 300 : 150, seed: 20 },
    );
    expect(gained(before, await recordsOf(cluster, subject))).toEqual(nothing);
    // As people type it, it is the right one (R7).
    const asTyped = ` ${Array.from(right.slice(0, 4), (digit) => '０１２３４５６７８９'[Number(digit)] ?? '').join('')}－${right.slice(4)}\u3000`;
    expect(codeIn(await browser.submit(page, { code: asTyped }))).toBeDefined();
  }, 120_000);

  test('A21 R8: a mail code lives ten minutes from its issue, a resend does not add to them', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const { browser, page } = await atFactor(cluster, subject);
    const code = await cluster.mailedCode(subject.address);
    const life = async () =>
      cluster.nodes[0]!.db.selectFrom('challenges')
        .select(sql<number>`extract(epoch from expires_at - created_at)::float8`.as('seconds'))
        .where('account_id', '=', subject.accountId)
        .execute();
    expect(await life()).toEqual([{ seconds: 600 }]);
    await ageMails(cluster, subject, 31);
    await browser.submit(page, { action: 'resend' });
    expect(await life()).toEqual([{ seconds: 600 }]);

    await setChallenge(subject, -1);
    const refused = await browser.submit(page, { code });
    expect([refused.status, refused.fault]).toEqual([422, 'code_expired']);
    await setChallenge(subject, 5);
    expect(codeIn(await browser.submit(page, { code }))).toBeDefined();
  });

  test('A21 R8: the clock of the database decides, however wrong the clock of a node is', async () => {
    if (database.kind === 'pglite') return;
    for (const skew of [-3600, 1800]) {
      const late = await addSubject(cluster, { mail: true });
      const inTime = await addSubject(cluster, { mail: true });
      const logins = [await atFactor(cluster, late), await atFactor(cluster, inTime)] as const;
      const codes = [
        await cluster.mailedCode(late.address),
        await cluster.mailedCode(inTime.address),
      ] as const;
      await setChallenge(late, -1);
      await setChallenge(inTime, 20);
      skewNodes(skew);
      const refused = await logins[0].browser.submit(logins[0].page, { code: codes[0] });
      expect([refused.status, refused.page, refused.fault]).toEqual([422, 'mail-code', 'code_expired']);
      const arrived = await logins[1].browser.submit(logins[1].page, { code: codes[1] });
      expect(arrived.callback?.searchParams.has('code')).toBe(true);
      jest.useRealTimers();
    }
  });

  // The health check may look while a node's clock is wrong, and is right to complain of it.
  testLog(() => log, ['clock.wrong']);
});

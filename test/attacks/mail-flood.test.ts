import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { passTime } from '../login/visits.ts';
import { addSubject, burstForms, faultIn, type Subject, testLog } from './support.ts';

const perQuarterHour = 5;
const perDay = 20;

describeOnEveryDatabase('flooding a mailbox', (open) => {
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

  /** Codes written for the account; what tells of changes is another thing. */
  const written = async ({ accountId }: Subject): Promise<number> => {
    const rows = await database.db
      .selectFrom('mails')
      .select('id')
      .where('account_id', '=', accountId)
      .where('kind', '<>', 'notice')
      .execute();
    return rows.length;
  };
  /** A quarter of an hour later, with the cooldown over. */
  const later = ({ accountId }: Subject): Promise<void> => passTime(database.db, accountId, 16 * 60);

  const enter = (subject: Subject, node = 0): Promise<{ browser: UserAgent; page: Arrival }> => {
    const browser = new UserAgent(cluster, { node });
    return browser.password(subject.loginId).then((page) => ({ browser, page }));
  };
  /** Cools down and asks again until it is refused for another reason. @returns that reason and its wait. */
  async function untilLimited(
    subject: Subject,
    ask: () => Promise<Arrival>,
  ): Promise<{ fault: string | undefined; wait: number }> {
    for (let turn = 0; turn <= perDay; turn += 1) {
      await passTime(database.db, subject.accountId, 31);
      const answer = await ask();
      if (answer.fault === undefined) continue;
      expect(answer.status).toBe(429);
      return { fault: answer.fault, wait: Number(answer.headers['retry-after']) };
    }
    return { fault: undefined, wait: 0 };
  }

  test('A35, C11: dozens of resends, one by one and at once, are one mail; after the wait there is another', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const { browser, page } = await enter(subject);
    expect([page.page, await written(subject)]).toEqual(['mail-code', 1]);
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = await browser.submit(page, { action: 'resend' }, { node: turn % 2 });
      expect([answer.status, answer.fault]).toEqual([429, 'resend_too_soon']);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      // Neither going back nor reloading sends anything (R9).
      await browser.open(page.url.pathname);
    }
    const resend = { action: 'resend' };
    const answers = await burstForms(
      browser,
      page,
      Array.from({ length: 80 }, () => resend),
    );
    expect([...new Set(answers.map((answer) => faultIn(answer)))]).toEqual(['resend_too_soon']);
    expect(await written(subject)).toBe(1);
    await passTime(database.db, subject.accountId, 31);
    await burstForms(
      browser,
      page,
      Array.from({ length: 80 }, () => resend),
    );
    expect(await written(subject)).toBe(2);
  }, 60_000);

  test('A35, C11: the caps hold over new logins, resends, other ways, resets and browsers together', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const flows: (() => Promise<Arrival>)[] = [
      async () => {
        const { browser, page } = await enter(subject);
        return browser.submit(page, { action: 'use-mail' });
      },
      async () => {
        const { browser, page } = await enter(subject, 1);
        return browser.submit(page, { action: 'lost-app' });
      },
      async () => {
        const { browser, page } = await enter(subject);
        const mail = await browser.submit(page, { action: 'use-mail' });
        if (mail.fault !== undefined) return mail;
        const app = await browser.submit(mail, { action: 'use-app' });
        await passTime(database.db, subject.accountId, 31);
        return browser.submit(app, { action: 'use-mail' });
      },
    ];
    let turn = 0;
    const ask = (): Promise<Arrival> => {
      turn += 1;
      return (flows[turn % flows.length] ?? flows[0]!)();
    };
    for (let quarter = 1; quarter * perQuarterHour < perDay; quarter += 1) {
      const limited = await untilLimited(subject, ask);
      expect([limited.fault, await written(subject)]).toEqual([
        'mail_limit_reached',
        quarter * perQuarterHour,
      ]);
      expect(limited.wait).toBeLessThanOrEqual(15 * 60);
      await later(subject);
    }
    await untilLimited(subject, ask);
    await later(subject);
    // The day's number is reached: a quarter of an hour more does not help, and the app does as always.
    const limited = await untilLimited(subject, ask);
    expect([limited.fault, await written(subject)]).toEqual(['mail_limit_reached', perDay]);
    expect(limited.wait).toBeGreaterThan(15 * 60);
    const { page } = await enter(subject);
    expect([page.page, page.fault]).toEqual(['app-code', undefined]);
    await passTime(database.db, subject.accountId, 24 * 3600);
    expect((await flows[0]!()).fault).toBeUndefined();
  }, 90_000);

  test('A35, C11: fifty new logins mail their owner no more than five codes, and each mail is sent once', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const faults: (string | undefined)[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      // The cooldown is over now and then.
      if (turn % 4 === 0) await passTime(database.db, subject.accountId, 31);
      faults.push((await enter(subject, turn % 2)).page.fault);
    }
    expect(await written(subject)).toBe(perQuarterHour);
    expect(faults.filter((fault) => fault === undefined).length).toBeGreaterThanOrEqual(perQuarterHour);
    await arrived(subject, perQuarterHour);
  }, 60_000);

  test('A35, C11: whoever sets up floods no strangers: the caps count over every address typed', async () => {
    const subject = await addSubject(cluster);
    const victims = Array.from({ length: 12 }, (_, index) => `victim${index}-${subject.address}`);
    let sent = 0;
    for (const email of victims) {
      await passTime(database.db, subject.accountId, 31);
      const { browser, page } = await enter(subject);
      const answer = await browser.submit(page, { email });
      if (answer.fault === undefined) sent += 1;
      else expect([answer.status, answer.fault]).toEqual([429, 'mail_limit_reached']);
    }
    expect([sent, await written(subject)]).toEqual([perQuarterHour, perQuarterHour]);
    await later(subject);
    const { browser, page } = await enter(subject);
    const forms = victims.map((email) => ({ email }));
    await burstForms(browser, page, forms);
    // Each is another address, so there is no cooldown between them: the cap holds, to the letter.
    expect(await written(subject)).toBeLessThanOrEqual(2 * perQuarterHour);
    await browser.submit((await enter(subject)).page, { email: victims[0] ?? '' });
    expect(await written(subject)).toBeLessThanOrEqual(2 * perQuarterHour);
  }, 60_000);

  /** Waits until so many mails have arrived at the account's address; never more, and none twice. */
  async function arrived({ address }: Subject, count: number): Promise<void> {
    const here = () => cluster.smtp.mails.filter(({ to }) => to.includes(address));
    for (let wait = 0; wait < 200 && here().length < count; wait += 1)
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    const ids = await Promise.all(here().map(async ({ parsed }) => (await parsed).messageId));
    expect([ids.length, new Set(ids).size]).toEqual([count, count]);
  }

  testLog(() => log);
});

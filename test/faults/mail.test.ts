import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addSubject, codeIn, type Subject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import type { SmtpMode } from '../support/smtp-sink.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';

interface Waiting {
  subject: Subject;
  browser: UserAgent;
  page: Arrival;
}

describe('a mail server that is away', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let usualMs: number;
  beforeAll(async () => {
    database = await openTestPostgres();
    cluster = await startCluster(database, { nodes: 2 });
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) times.push((await askForCode()).ms);
    usualMs = Math.max(...times);
  });
  afterAll(async () => {
    cluster.smtp.mode = 'ok';
    await cluster.close();
    await database.close();
  });

  /** Gives the password of somebody whose only way is mail. */
  async function askForCode(): Promise<{ waiting: Waiting; ms: number }> {
    const subject = await addSubject(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const started = performance.now();
    const page = await browser.password(subject.loginId);
    const ms = performance.now() - started;
    expect([page.status, page.page, page.fault]).toEqual([200, 'mail-code', undefined]);
    return { waiting: { subject, browser, page }, ms };
  }
  /** What the page says of the mail, once it says this. */
  async function untilPageSays({ browser, page }: Waiting, delivery: string): Promise<Arrival> {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const shown = await browser.open(page.url.pathname);
      expect([shown.status, shown.page]).toEqual([200, 'mail-code']);
      if (shown.html.querySelector('[data-delivery]')?.getAttribute('data-delivery') === delivery)
        return shown;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    throw new Error(`the page never said ${delivery}`);
  }
  const mailsTo = ({ subject }: Waiting): number =>
    cluster.smtp.mails.filter(({ to }) => to.includes(subject.address)).length;
  async function expectAppUserUnaffected(): Promise<void> {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster, { node: 1 });
    const started = performance.now();
    const done = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    expect(codeIn(done)).toEqual(expect.any(String));
    expect(performance.now() - started).toBeLessThan(usualMs * 2 + 1500);
  }

  test('F06, F07, F08: the page answers at once and says how it stands; the code comes when the server is back, once', async () => {
    const waiting: Waiting[] = [];
    // The first one also breaks the connections that are open, so that each is met anew.
    for (const mode of ['down', 'stall', 'temporary', 'greylist'] satisfies SmtpMode[]) {
      cluster.smtp.mode = mode;
      const asked = await askForCode();
      expect([mode, asked.ms < usualMs + 1500]).toEqual([mode, true]);
      await expectAppUserUnaffected();
      const shown = await untilPageSays(asked.waiting, 'retrying');
      // Still the page for the code: it may come any moment, and other ways are offered as before.
      expect(shown.html.querySelector('#code')).not.toBeNull();
      waiting.push(asked.waiting);
    }
    expect(waiting.map(mailsTo)).toEqual([0, 0, 0, 0]);

    cluster.smtp.mode = 'ok';
    await Promise.all(
      waiting.map(async (each) => {
        await untilHandedOver(each);
        const shown = await untilPageSays(each, 'handed-over');
        const code = await cluster.mailedCode(each.subject.address);
        expect(codeIn(await each.browser.submit(shown, { code }))).toEqual(expect.any(String));
      }),
    );
    expect(waiting.map(mailsTo)).toEqual([1, 1, 1, 1]);
  });

  test('F08: an address that the server refuses is told to the user, and not tried again', async () => {
    cluster.smtp.mode = 'refuse';
    const { waiting, ms } = await askForCode();
    expect(ms).toBeLessThan(usualMs + 500);
    const shown = await untilPageSays(waiting, 'refused');
    // The server's own words are for operators.
    expect(shown.body).not.toContain(cluster.smtp.refusal);
    cluster.smtp.mode = 'ok';
    const {
      state,
      server_reply: reply,
      attempts,
    } = await database.db
      .selectFrom('mails')
      .selectAll()
      .where('to_address', '=', waiting.subject.address)
      .executeTakeFirstOrThrow();
    expect({ state, reply, attempts }).toEqual({
      state: 'refused',
      reply: expect.stringContaining('550'),
      attempts: 1,
    });
    expect(mailsTo(waiting)).toBe(0);
  });

  test.each([
    ['RCPT', '504 5.5.2 <25aea30808b2>: Helo command rejected: need fully-qualified hostname'],
    ['RCPT', '554 5.7.1 <user@mail.example>: Relay access denied'],
    ['MAIL', '550 5.7.1 sender not allowed'],
    // Reads like the recipient's, but is said of the sender.
    ['MAIL', '550 5.1.1 User unknown'],
    ['DATA', '554 5.7.1 looks like spam'],
  ] as const)(
    'S19: at %s, %s: a delay on our side, and the code comes when the relay is mended',
    async (at, reply) => {
      cluster.smtp.mode = 'say';
      cluster.smtp.said = { at, reply };
      const { waiting } = await askForCode();
      const shown = await untilPageSays(waiting, 'retrying');
      expect(shown.html.querySelector('[data-delivery]')?.text).toContain('delayed on our side');
      expect(shown.html.querySelector('#code')).not.toBeNull();
      expect(shown.body).not.toContain('may not exist');
      cluster.smtp.mode = 'ok';
      await untilHandedOver(waiting);
      const code = await cluster.mailedCode(waiting.subject.address);
      expect(codeIn(await waiting.browser.submit(shown, { code }))).toEqual(expect.any(String));
      const factor = await database.db
        .selectFrom('mail_factors')
        .select('failures')
        .where('address', '=', waiting.subject.address)
        .executeTakeFirstOrThrow();
      expect(factor.failures).toBe(0);
    },
  );

  test('F08: a connection that breaks before the answer costs at most one more copy, of the same code', async () => {
    cluster.smtp.mode = 'reset';
    const { waiting } = await askForCode();
    await untilPageSays(waiting, 'retrying');
    cluster.smtp.mode = 'ok';
    await untilHandedOver(waiting);
    const codes = await Promise.all(
      cluster.smtp.mails
        .filter(({ to }) => to.includes(waiting.subject.address))
        .map(async ({ parsed }) => /\b\d{8}\b/.exec((await parsed).text ?? '')?.[0]),
    );
    expect(codes.length).toBeLessThanOrEqual(2);
    expect(new Set(codes).size).toBe(1);
    expect(codeIn(await waiting.browser.submit(waiting.page, { code: codes[0] ?? '' }))).toEqual(
      expect.any(String),
    );
  });

  /** The retry comes five seconds after the first failure. */
  async function untilHandedOver({ subject }: Waiting): Promise<void> {
    for (let attempt = 0; attempt < 120; attempt += 1) {
      const mail = await database.db
        .selectFrom('mails')
        .select('state')
        .where('to_address', '=', subject.address)
        .executeTakeFirst();
      if (mail?.state === 'handed-over') return;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    throw new Error(`the mail to ${subject.address} was never handed over`);
  }
});

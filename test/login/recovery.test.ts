import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, codeOfMail, eventsOf, mailsTo, type Person, person } from './visits.ts';

const origin = { requestId: 'test', address: '127.0.0.1', node: 'test', userAgent: 'Firefox' };
const mailOnly = JSON.stringify({
  id_token: { acr: { essential: true, values: ['urn:nijo:acr:mail-otp'] } },
});

describeOnEveryDatabase('a code of the printed sheet', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  async function withSheet(ways: { mail?: boolean; app?: boolean }): Promise<{
    who: Person;
    id: string;
    number: string;
    codes: string[];
  }> {
    const who = await person(cluster, ways);
    const id = await accountId(database.db, who);
    const { sealer, config } = cluster;
    const { recoveryCodes } = createSecondFactor({
      db: database.db,
      sealer,
      config,
      handOver: () => undefined,
    });
    return { who, id, ...(await recoveryCodes.make({ accountId: id, origin, locale: 'en' })) };
  }
  /** At the page that waits for a code of the sheet. */
  async function atSheet(who: Person, node = 0): Promise<{ browser: UserAgent; page: Arrival }> {
    const browser = new UserAgent(cluster, { node });
    const page = await browser.submit(await browser.password(who.loginId), { action: 'use-recovery-code' });
    expect(page.page).toBe('recovery-code');
    return { browser, page };
  }

  test('R30: a code of the sheet serves once for a login, as people write it, and changes nothing else', async () => {
    const { who, id, number, codes } = await withSheet({ app: true });
    const { browser, page } = await atSheet(who);
    // The number tells the valid sheet from an earlier one (D8); without an address there is no way by mail.
    expect(page.html.textContent).toContain(number);
    expect(
      page.html.querySelectorAll('button[name=action]').map((button) => button.getAttribute('value')),
    ).toEqual(['continue', 'use-app', 'help', 'cancel']);
    for (const [typed, fault] of [
      ['', 'code_missing'],
      ['12345678', 'recovery_code_malformed'],
      ['ABCD-EFGH-JKMNP', 'recovery_code_wrong'],
    ] as const)
      expect((await browser.submit(page, { code: typed })).fault).toBe(fault);
    const written = (codes[0] ?? '').toLowerCase().replaceAll('-', ' ');
    const arrival = await browser.submit(page, { code: written });
    expect(await claimsAt(browser, arrival)).toMatchObject({
      amr: ['pwd', 'mfa'],
      acr: 'https://refeds.org/profile/mfa',
    });
    expect(await eventsOf(database.db, id)).toContain('recovery-code.verified');

    const next = await atSheet(who, 1);
    expect((await next.browser.submit(next.page, { code: codes[0] ?? '' })).fault).toBe(
      'recovery_code_wrong',
    );
    const back = await next.browser.submit(next.page, { action: 'use-app' });
    expect((await next.browser.submit(back, { code: appCode() })).callback).toBeDefined();
  });

  test('R5, C55: of parallel uses on two nodes one gets in', async () => {
    const { who, codes } = await withSheet({ app: true });
    const visits = await Promise.all([0, 1].map((node) => atSheet(who, node)));
    const ends = await Promise.all(
      visits.map(({ browser, page }) => browser.submit(page, { code: codes[3] ?? '' })),
    );
    expect(ends.filter(({ callback }) => callback !== undefined)).toHaveLength(1);
    expect(ends.find(({ callback }) => callback === undefined)?.fault).toBe('recovery_code_wrong');
  });

  test('D8: when few are left the login says so after its last step, on any node, and goes on', async () => {
    const { who, codes } = await withSheet({ app: true });
    for (const code of codes.slice(0, 6)) {
      const { browser, page } = await atSheet(who);
      expect((await browser.submit(page, { code })).callback).toBeDefined();
    }
    const { browser, page } = await atSheet(who);
    const low = await browser.submit(page, { code: codes[6] ?? '' });
    expect([low.page, low.callback]).toEqual(['codes-low', undefined]);
    expect(low.html.querySelector('h1')?.textContent).toContain('3');
    browser.node = 1;
    expect((await browser.open(low.url.pathname)).page).toBe('codes-low');
    // Twice at once, and once more: it goes on, and nothing else happens.
    const twice = await Promise.all([0, 1].map((node) => browser.post(low, {}, { node })));
    for (const { status } of twice) expect(status).toBeLessThan(500);
    const arrival = await browser.follow(twice.find(({ status }) => status === 303) ?? twice[0]!);
    expect(arrival.callback).toBeDefined();
  });

  test('R28, R30: every way that is set up is on the page; a sheet beside mail keeps the code coming by itself', async () => {
    const { who, codes } = await withSheet({ mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    expect(page.page).toBe('mail-code');
    expect(await mailsTo(database.db, who.address)).toMatchObject([
      { kind: 'notice' },
      { kind: 'sign-in-code' },
    ]);
    const sheet = await browser.submit(page, { action: 'use-recovery-code' });
    // The mailed code does not open the other page (A03).
    const mailed = await codeOfMail(cluster, who.address, 0);
    expect((await browser.submit(sheet, { code: mailed })).fault).toBe('recovery_code_malformed');
    expect((await browser.submit(page, { code: mailed })).callback).toBeUndefined();
    expect((await browser.submit(sheet, { code: codes[1] ?? '' })).callback).toBeDefined();
  });

  test('A03: a way that is not set up, or not good enough here, cannot be chosen', async () => {
    const { who } = await withSheet({ mail: true, app: true });
    const plain = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(plain.loginId);
    for (const action of ['use-recovery-code', 'use-passkey', 'use-mail', 'skip', 'back']) {
      const answer = await browser.submit(page, { action });
      expect([answer.page, answer.fault, answer.callback]).toEqual(['app-code', 'action_unknown', undefined]);
    }
    const strict = new UserAgent(cluster);
    const mail = await strict.password(who.loginId, 'important', { claims: mailOnly });
    expect(mail.page).toBe('mail-code');
    expect((await strict.submit(mail, { action: 'use-recovery-code' })).fault).toBe('action_unknown');
  });
});

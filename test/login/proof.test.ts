import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, eventsOf, mailsTo, person } from './visits.ts';

describeOnEveryDatabase('password first, then one factor, each good once', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { nodes: 2 });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** A page without what differs by chance or by what was typed. */
  const plain = (page: Answer, loginId: string): string =>
    page.body
      .replaceAll(loginId, 'ID')
      .replaceAll(page.url.pathname, 'URL')
      .replaceAll(page.url.pathname.split('/').at(-1) ?? '', 'UID')
      .replaceAll(/name="csrf" value="[^"]+"/g, 'csrf')
      .replaceAll(/nonce="[^"]+"/g, 'nonce');

  test('R3: unknown ID, wrong password, disabled account: one status, one body, and nothing of any factor', async () => {
    const known = [
      await person(cluster),
      await person(cluster, { mail: true }),
      await person(cluster, { mail: true, app: true }),
    ];
    const disabled = await person(cluster, { app: true });
    await database.db
      .updateTable('accounts')
      .set({ status: 'disabled' })
      .where('login_id', '=', disabled.loginId)
      .execute();
    const answers: [number, string][] = [];
    const attempts = [
      ...known.map(({ loginId }) => [loginId, 'wrong password']),
      [disabled.loginId, testPassword],
      ['nobody00000', testPassword],
      ['nobody00000', ''.padEnd(200, 'x')],
    ] as const;
    for (const [loginId = '', password = ''] of attempts) {
      const browser = new UserAgent(cluster);
      const page = await browser.submit(await browser.start(), { login_id: loginId, password });
      expect([page.page, page.fault]).toEqual(['sign-in', 'wrong_credentials']);
      answers.push([page.status, plain(page, loginId)]);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    for (const { address } of known) expect(await mailsTo(database.db, address)).toEqual([]);
  });

  test('R3: no page, no code and no mail of a factor before the password is right', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const signIn = await browser.start('important', { login_hint: who.loginId });
    for (const fields of [
      { page: 'app-code', code: appCode() },
      { page: 'mail-code', action: 'resend' },
      { page: 'set-up-mail', email: who.address },
      { action: 'use-mail', login_id: who.loginId },
      { login_id: who.loginId, password: 'wrong', code: appCode() },
    ]) {
      const page = await browser.submit(signIn, fields);
      expect([page.page, page.callback]).toEqual(['sign-in', undefined]);
      expect(page.body).not.toContain('use-mail');
      expect(page.body).not.toContain('mail.example');
    }
    expect(await mailsTo(database.db, who.address)).toEqual([]);
    expect(await eventsOf(database.db, await accountId(database.db, who))).toEqual([
      'account.imported',
      'password.refused',
    ]);
  });

  test('R2, R7: the ID in any dress and the code in any dress are understood', async () => {
    const who = await person(cluster, { mail: true });
    const wide = (text: string): string =>
      text.replaceAll(/[!-~]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0));
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.start(), {
      login_id: ` ${wide(who.loginId.toUpperCase())}　`,
      password: testPassword,
    });
    expect(page.page).toBe('mail-code');
    const code = await cluster.mailedCode(who.address);
    const field = page.html.querySelector('[name=code]');
    expect([field?.getAttribute('autocomplete'), field?.getAttribute('maxlength')]).toEqual([
      'one-time-code',
      undefined,
    ]);
    const typed = ` ${wide(code.slice(0, 4))}－${wide(code.slice(4))} `;
    expect((await browser.submit(page, { code: typed })).callback).toBeDefined();
  });

  test('R5: a mail code is accepted once, even by two parallel requests on two nodes', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    const code = await cluster.mailedCode(who.address);
    const answers = await Promise.all([0, 1].map((node) => browser.post(page, { code }, { node })));
    // Both may be led on to the end of this one login, but the code was taken once.
    expect(answers.every(({ status }) => status === 303 || status === 422 || status === 400)).toBe(true);
    const id = await accountId(database.db, who);
    expect((await eventsOf(database.db, id)).filter((event) => event === 'mail-code.verified')).toHaveLength(
      1,
    );
    await claimsAt(browser, await browser.open(page.url.pathname));
    // A replay in a later login is refused.
    const later = new UserAgent(cluster);
    expect((await later.submit(await later.password(who.loginId), { code })).fault).toBe('code_wrong');
  });

  test('R5: the time step of an app is accepted once, by two logins at once on two nodes', async () => {
    const who = await person(cluster, { app: true });
    const browsers = [new UserAgent(cluster, { node: 0 }), new UserAgent(cluster, { node: 1 })];
    const pages = await Promise.all(browsers.map((browser) => browser.password(who.loginId)));
    const code = appCode();
    const answers = await Promise.all(
      browsers.map((browser, index) => browser.submit(pages[index] as (typeof pages)[number], { code })),
    );
    expect(answers.filter(({ callback }) => callback !== undefined)).toHaveLength(1);
    expect(answers.map(({ fault }) => fault).filter((fault) => fault !== undefined)).toEqual(['code_used']);
  });

  test('R4: two users who ask at the same instant get different codes', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, () => person(cluster, { mail: true })));
    await Promise.all(
      people.map(({ loginId }, index) => new UserAgent(cluster, { node: index % 2 }).password(loginId)),
    );
    const codes = await Promise.all(people.map(({ address }) => cluster.mailedCode(address)));
    expect(new Set(codes).size).toBe(people.length);
    expect(codes.every((code) => /^\d{8}$/.test(code))).toBe(true);
  });

  test('C19: a code that went to an address which is no longer registered proves nothing', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { action: 'use-mail' });
    const code = await cluster.mailedCode(who.address);
    const id = await accountId(database.db, who);
    await database.db
      .updateTable('mail_factors')
      .set({ state: 'replaced', ended_at: sql<Date>`now()` })
      .where('account_id', '=', id)
      .execute();
    await database.db
      .insertInto('mail_factors')
      .values({ id: `new-${id}`, account_id: id, address: `new-${who.address}` })
      .execute();
    const refused = await browser.submit(page, { code });
    expect([refused.fault, refused.callback]).toEqual(['code_expired', undefined]);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { probeLogin } from '../../src/cli/probe-login.ts';
import {
  appCode,
  type Cluster,
  redirectUri,
  startCluster,
  testAppSecret,
  testClients,
  testPassword,
} from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, codeOfMail, eventsOf, type Person, passTime, person } from './visits.ts';

const shownKey = (page: Arrival): string =>
  page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';

describeOnEveryDatabase('what a login offers once its steps are done', (open) => {
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

  /** A first login with its setup by mail. */
  async function newcomer(): Promise<{ who: Person; id: string }> {
    const who = await person(cluster);
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { email: who.address });
    const arrival = await browser.submit(page, { code: await codeOfMail(cluster, who.address, 0) });
    // R20: no page between the setup and the service.
    expect(arrival.callback).toBeDefined();
    return { who, id: await accountId(database.db, who) };
  }
  /** The next login up to what follows its mail code. */
  async function nextLogin(
    who: Person,
    index: number,
    client = 'important',
  ): Promise<{ browser: UserAgent; page: Arrival }> {
    const browser = new UserAgent(cluster, { node: index % 2 });
    const code = await browser.password(who.loginId, client);
    expect(code.page).toBe('mail-code');
    return {
      browser,
      page: await browser.submit(code, { code: await codeOfMail(cluster, who.address, index) }),
    };
  }
  const appsOf = (id: string) =>
    database.db
      .selectFrom('app_factors')
      .select('name')
      .where('account_id', '=', id)
      .where('state', '=', 'active')
      .execute();

  test('R20: the next login offers the app once, after everything is proven, and skipping it goes on', async () => {
    const { who, id } = await newcomer();
    const { browser, page } = await nextLogin(who, 1);
    expect([page.page, page.callback]).toEqual(['set-up-app', undefined]);
    expect(page.html.querySelector('[value=skip]')).not.toBeNull();
    // Shown again, by reload or on another node, with the same key; a wrong code stays here.
    browser.node = 0;
    expect(shownKey(await browser.open(page.url.pathname))).toBe(shownKey(page));
    expect((await browser.submit(page, { code: '000000' })).fault).toBe('code_wrong');
    // The service is reached all the same, with what was proven: no offer stands in anybody's way.
    const twice = await Promise.all([0, 1].map((node) => browser.post(page, { action: 'skip' }, { node })));
    for (const { status } of twice) expect(status).toBeLessThan(500);
    const led = twice.find(({ headers }) => String(headers.location).includes('/authorize/'));
    expect(await claimsAt(browser, await browser.follow(led ?? twice[0]!))).toMatchObject({
      amr: ['pwd', 'mca'],
    });
    expect(await appsOf(id)).toEqual([]);
    expect((await eventsOf(database.db, id)).filter((event) => event === 'offer.skipped')).toHaveLength(1);
    await passTime(database.db, id, 60);
    expect((await nextLogin(who, 2)).page.callback).toBeDefined();
  });

  test('R20, R21: taken, the app is active with its first right code; the login keeps what it has proven', async () => {
    const { who, id } = await newcomer();
    const { browser, page } = await nextLogin(who, 1);
    const code = appCode(0, shownKey(page));
    const answers = await Promise.all(
      [0, 1].map((node) => browser.post(page, { code, device_name: 'My phone' }, { node })),
    );
    for (const { status } of answers) expect(status).toBeLessThan(500);
    const led = answers.find(({ headers }) => String(headers.location).includes('/authorize/'));
    const arrival = await browser.follow(led ?? (await browser.request(page.url.pathname)));
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'mca'] });
    expect(await appsOf(id)).toEqual([{ name: 'My phone' }]);
    const next = new UserAgent(cluster);
    expect((await next.password(who.loginId)).page).toBe('app-code');
    const events = await eventsOf(database.db, id);
    expect(events.filter((event) => event === 'factor.app-enrolled')).toHaveLength(1);
  });

  test('A03, R15: an offer is nothing before the factor is proven, and its key is no initial setup’s', async () => {
    const { who, id } = await newcomer();
    // The offer belongs to the login that proved its factor: another one beside it sees nothing of it.
    const other = new UserAgent(cluster);
    const waiting = await other.password(who.loginId);
    await codeOfMail(cluster, who.address, 1);
    const { browser, page } = await nextLogin(who, 2);
    expect(page.page).toBe('set-up-app');
    const fields = { ...browser.fields(page), csrf: other.fields(waiting).csrf ?? '' };
    const forged = await other.follow(
      await other.request(waiting.url.pathname, { form: { ...fields, code: appCode(0, shownKey(page)) } }),
    );
    expect([forged.page, forged.status, forged.callback]).toEqual(['mail-code', 409, undefined]);
    expect((await other.submit(waiting, { action: 'skip' })).fault).toBe('action_unknown');
    expect(await appsOf(id)).toEqual([]);
    // Whoever leaves the offer by the address of its end gets the page again, not past the provider's own check.
    const resumed = await browser.open(page.url.pathname.replace('/interaction/', '/authorize/'));
    expect(resumed.page).toBe('set-up-app');
    const cancelled = await browser.submit(resumed, { action: 'cancel' });
    expect(cancelled.callback?.searchParams.get('error')).toBe('access_denied');
  });

  test('R22, R24: app-only users are asked for an address after 90 days, at most once in 90, and can set it up at once', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    const age = (days: number) =>
      sql`update app_factors set proven_at = proven_at - make_interval(days => ${days}), last_step = 0
        where account_id = ${id}`.execute(database.db);
    const login = async (): Promise<{ browser: UserAgent; page: Arrival }> => {
      await age(0);
      const browser = new UserAgent(cluster);
      return {
        browser,
        page: await browser.submit(await browser.password(who.loginId), { code: appCode() }),
      };
    };
    expect((await login()).page.callback).toBeDefined();
    await age(91);
    const { browser, page } = await login();
    expect([page.page, page.html.querySelector('[value=no-mail]')]).toEqual(['set-up-mail', null]);
    expect((await browser.submit(page, { email: 'me@kyoto-u.ac.jp' })).fault).toBe('address_forbidden');
    const typo = await browser.submit(page, { email: `x${who.address}` });
    expect(typo.page).toBe('set-up-mail-code');
    const again = await browser.submit(typo, { action: 'change-address' });
    const code = await browser.submit(again, { email: who.address });
    const typed = await browser.submit(code, { code: await codeOfMail(cluster, who.address, 0) });
    // The factor of this login stays the app's: an added address takes nothing away.
    expect(await claimsAt(browser, typed)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    const active = await database.db
      .selectFrom('mail_factors')
      .select('address')
      .where('account_id', '=', id)
      .execute();
    expect(active).toEqual([{ address: who.address }]);
    expect((await login()).page.callback).toBeDefined();
  });

  test('R24: what is offered to people does not stop the probe', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await sql`update app_factors set proven_at = now() - interval '91 days' where account_id = ${id}`.execute(
      database.db,
    );
    const result = await probeLogin({
      issuer: cluster.issuer,
      clientId: 'important',
      clientSecret: testClients[0]?.client_secret ?? '',
      redirectUri,
      loginId: who.loginId,
      password: testPassword,
      totpSecret: testAppSecret,
      expectedAcr: 'https://refeds.org/profile/mfa',
      timeoutMs: 20_000,
    });
    expect(result).toMatchObject({ ok: true });
    expect(await eventsOf(database.db, id)).toContain('offer.skipped');
  });

  test('R24: skipped from either page, the reminder rests for 90 days', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    await sql`update app_factors set proven_at = now() - interval '91 days' where account_id = ${id}`.execute(
      database.db,
    );
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { code: appCode() });
    const code = await browser.submit(page, { email: who.address });
    const arrival = await browser.submit(code, { action: 'skip' });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] });
    await sql`update app_factors set last_step = 0 where account_id = ${id}`.execute(database.db);
    const next = new UserAgent(cluster);
    expect((await next.submit(await next.password(who.loginId), { code: appCode() })).callback).toBeDefined();
    // The code of the abandoned page proves nothing later on.
    expect((await browser.submit(code, { code: await codeOfMail(cluster, who.address, 0) })).page).toBe(
      'error',
    );
    expect(
      await database.db.selectFrom('mail_factors').select('id').where('account_id', '=', id).execute(),
    ).toEqual([]);
  });

  test('D5: an address whose mails come back is asked about while another way still works; a code that arrived is answer enough', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const failing = () =>
      database.db.updateTable('mail_factors').set({ failures: 2 }).where('account_id', '=', id).execute();
    const byApp = async (step: number): Promise<{ browser: UserAgent; page: Arrival }> => {
      const browser = new UserAgent(cluster);
      const page = await browser.submit(await browser.password(who.loginId), { code: appCode(step) });
      return { browser, page };
    };
    await failing();
    const { browser, page } = await byApp(-1);
    expect(page.page).toBe('confirm-address');
    expect(page.html.textContent).not.toContain(who.address);
    const twice = await Promise.all([0, 1].map((node) => browser.post(page, {}, { node })));
    for (const { status } of twice) expect(status).toBeLessThan(500);
    const led = twice.find(({ headers }) => String(headers.location).includes('/authorize/'));
    expect((await browser.follow(led ?? twice[0]!)).callback).toBeDefined();
    const failures = () =>
      database.db
        .selectFrom('mail_factors')
        .select('failures')
        .where('account_id', '=', id)
        .executeTakeFirst();
    expect(await failures()).toEqual({ failures: 0 });
    const events = await eventsOf(database.db, id);
    expect(events.filter((event) => event === 'factor.address-confirmed')).toHaveLength(1);
    // Once in thirty days; and whoever has just typed a code from that mailbox is not asked.
    await failing();
    expect((await byApp(0)).page.callback).toBeDefined();
    await database.db.deleteFrom('offers').where('account_id', '=', id).execute();
    const byMail = new UserAgent(cluster);
    const mail = await byMail.submit(await byMail.password(who.loginId), { action: 'use-mail' });
    const typed = await byMail.submit(mail, { code: await codeOfMail(cluster, who.address, 0) });
    expect(typed.callback).toBeDefined();
    expect(await failures()).toEqual({ failures: 0 });
  });

  test('D5: before the account’s end the address is asked about, and can be put off', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    await sql`update accounts set ends_at = now() + interval '30 days' where id = ${id}`.execute(database.db);
    const { browser, page } = await nextLogin(who, 0);
    expect(page.page).toBe('confirm-address');
    const arrival = await browser.submit(page, { action: 'skip' });
    expect(await claimsAt(browser, arrival)).toMatchObject({ amr: ['pwd', 'mca'] });
    expect((await nextLogin(who, 1)).page.callback).toBeDefined();
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { accountId, claimsAt, codeOfMail, person, wrongCode } from '../login/visits.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';

describeOnEveryDatabase('the trail that a login leaves', (open) => {
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

  /** The events of an account since its import. */
  const trailOf = (id: string) =>
    database.db
      .selectFrom('audit_events')
      .selectAll()
      .where('account_id', '=', id)
      .where('event', '!=', 'account.imported')
      .orderBy('id')
      .execute();
  const namesOf = async (id: string): Promise<string[]> =>
    (await trailOf(id)).map(({ event, result }) => `${event} ${result}`);
  const factors = async (id: string): Promise<number> => {
    const { rows } = await sql<{ count: number }>`select
      (select count(*) from mail_factors where account_id = ${id})::int
      + (select count(*) from app_factors where account_id = ${id})::int as count`.execute(database.db);
    return rows[0]?.count ?? -1;
  };

  test('C42: a login with mistakes is told step by step: who, whom, which service, how, from where, on which node', async () => {
    const who = await person(cluster, { mail: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster, { node: 1 });
    const signIn = await browser.start();
    await browser.submit(signIn, { login_id: who.loginId, password: 'wrong' });
    const page = await browser.submit(signIn, { login_id: who.loginId, password: testPassword });
    const code = await codeOfMail(cluster, who.address, 0);
    await browser.submit(page, { action: 'resend' });
    await browser.submit(page, { code: wrongCode(code) });
    browser.node = 0;
    await claimsAt(browser, await browser.submit(page, { code }));

    expect(await namesOf(id)).toEqual([
      'password.refused failure',
      'password.verified success',
      'mail-code.sent success',
      'mail-code.limited failure',
      'mail-code.refused failure',
      'mail-code.verified success',
      'sign-in.finished success',
    ]);
    const trail = await trailOf(id);
    for (const row of trail) {
      expect(row).toMatchObject({ account_id: id, client_id: 'important', address: '127.0.0.1' });
      expect(row.request_id).toMatch(/^[\w-]{8,}$/);
      expect(row.actor).toBe(row.event === 'password.refused' ? 'anonymous' : id);
      expect(Math.abs(Number(row.at) - Date.now())).toBeLessThan(60_000);
    }
    const nodes = trail.map(({ node }) => node);
    expect(new Set(nodes).size).toBe(2);
    expect(nodes[0]).not.toBe(nodes.at(-1));
    expect(trail.map(({ method }) => method)).toEqual(['pwd', 'pwd', 'mail', 'mail', 'mail', 'mail', null]);
    expect(trail.at(-1)?.details).toEqual({ acr: 'urn:nijo:acr:mail-otp' });
    // I6: no secret and no whole address in it.
    const told = JSON.stringify(trail);
    for (const secret of [testPassword, code, wrongCode(code), who.address])
      expect(told).not.toContain(secret);
  });

  test('C42: an app, a step-up, a cancelled and a refused login each leave their event once', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    await browser.password(who.loginId, 'ordinary');
    const page = await browser.start('important');
    await browser.submit(page, { code: wrongCode(appCode()) });
    await browser.submit(page, { code: appCode() });
    const other = new UserAgent(cluster);
    await other.submit(await other.password(who.loginId), { action: 'cancel' });
    await new UserAgent(cluster).password(who.loginId, 'important', {
      claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:gold'] } } }),
    });
    expect(await namesOf(id)).toEqual([
      'password.verified success',
      'sign-in.finished success',
      'app-code.refused failure',
      'app-code.verified success',
      'sign-in.finished success',
      'password.verified success',
      'sign-in.cancelled failure',
      'password.verified success',
      'sign-in.refused failure',
    ]);
  });

  test('I3: each factor set up has exactly one event of its own, in both kinds of setup', async () => {
    for (const way of ['mail', 'app'] as const) {
      const who = await person(cluster);
      const id = await accountId(database.db, who);
      const browser = new UserAgent(cluster);
      const page = await browser.password(who.loginId);
      if (way === 'mail') {
        const codePage = await browser.submit(page, { email: who.address });
        const code = await cluster.mailedCode(who.address);
        await Promise.all([0, 1].map((node) => browser.post(codePage, { code }, { node })));
      } else {
        const acknowledge = await browser.submit(page, { action: 'no-mail' });
        const app = await browser.submit(acknowledge, { acknowledge: 'yes' });
        const key = app.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
        const code = appCode(0, key);
        await Promise.all([0, 1].map((node) => browser.post(app, { code }, { node })));
      }
      const events = (await namesOf(id)).filter((name) => name.startsWith('factor.'));
      expect(events.filter((name) => name.endsWith('enrolled success'))).toEqual([
        `factor.${way}-enrolled success`,
      ]);
      expect(await factors(id)).toBe(1);
    }
  });

  test('I3: a factor whose event cannot be written is not set up, and its code is not used up', async () => {
    const who = await person(cluster);
    const id = await accountId(database.db, who);
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(who.loginId), { email: who.address });
    const code = await cluster.mailedCode(who.address);
    await sql`create function refuse_enrolment() returns trigger language plpgsql as
      $$ begin if new.event = 'factor.mail-enrolled' then raise exception 'no room'; end if; return new; end $$`.execute(
      database.db,
    );
    await sql`create trigger refuse_enrolment before insert on audit_events
      for each row execute function refuse_enrolment()`.execute(database.db);
    try {
      const failed = await browser.submit(page, { code });
      expect([failed.status, failed.page, failed.callback]).toEqual([500, 'error', undefined]);
      expect(await factors(id)).toBe(0);
      const { first_enrolled_at } = await database.db
        .selectFrom('accounts')
        .select('first_enrolled_at')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      expect(first_enrolled_at).toBeNull();
      // Neither the code nor the factor of this login counts as proven.
      expect((await browser.open(page.url.pathname)).page).toBe('set-up-mail-code');
    } finally {
      await sql`drop trigger refuse_enrolment on audit_events`.execute(database.db);
    }
    expect((await browser.submit(page, { code })).callback).toBeDefined();
    expect(await factors(id)).toBe(1);
  });

  test('I3: a code whose event cannot be written proves nothing', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(who.loginId);
    await sql`create function refuse_proof() returns trigger language plpgsql as
      $$ begin if new.event = 'app-code.verified' then raise exception 'no room'; end if; return new; end $$`.execute(
      database.db,
    );
    await sql`create trigger refuse_proof before insert on audit_events
      for each row execute function refuse_proof()`.execute(database.db);
    const code = appCode();
    try {
      const failed = await browser.submit(page, { code });
      expect([failed.status, failed.callback]).toEqual([500, undefined]);
      expect((await browser.open(page.url.pathname)).page).toBe('app-code');
    } finally {
      await sql`drop trigger refuse_proof on audit_events`.execute(database.db);
    }
    expect((await browser.submit(page, { code })).callback).toBeDefined();
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accountId, claimsAt, eventsOf, mailsTo, person, signInWithApp } from '../login/visits.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';

describeOnEveryDatabase('after a reset nothing old works', (open) => {
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

  /** From the password to the page of the reset, with the code that was mailed. */
  async function lost(
    loginId: string,
    address: string,
  ): Promise<{ browser: UserAgent; page: Arrival; code: string }> {
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.password(loginId), { action: 'lost-app' });
    expect(page.page).toBe('reset');
    return { browser, page, code: await cluster.mailedCode(address) };
  }

  test('A40, R35: session, tokens, codes and logins of before are refused on both nodes, and this login goes on', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser: owner, arrival } = await signInWithApp(cluster, who);
    if (arrival.callback === undefined) throw new Error('the owner did not arrive');
    const { tokens } = await owner.redeem(arrival.callback);
    expect(tokens.refresh_token).toBeDefined();
    const userinfo = (node: number) =>
      owner.request('/userinfo', {
        node,
        headers: { authorization: `Bearer ${tokens.access_token ?? ''}` },
      });
    expect((await userinfo(1)).status).toBe(200);
    // A second service in the same session, whose code nobody has redeemed yet.
    const unredeemed = (await owner.start('ordinary')).callback;
    const pending = new UserAgent(cluster, { node: 1 });
    const appPage = await pending.password(who.loginId);
    expect([appPage.page, unredeemed === undefined]).toEqual(['app-code', false]);

    const { browser, page, code } = await lost(who.loginId, who.address);
    const done = await browser.submit(page, { reason: 'device-failure', code });
    expect([done.page, done.fault]).toEqual(['reset-done', undefined]);

    for (const node of [0, 1]) {
      const asked = await owner.request(owner.authorizeUrl('important'), { node });
      expect(asked.status).toBe(303);
      owner.node = node;
      expect((await owner.follow(asked)).page).toBe('sign-in');
      const refreshed = await owner.tokenRequest(
        { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
        'important',
        node,
      );
      expect([refreshed.status, JSON.parse(refreshed.body)]).toEqual([
        400,
        expect.objectContaining({ error: 'invalid_grant' }),
      ]);
      expect((await userinfo(node)).status).toBe(401);
      const redeemed = await owner.redeem(unredeemed as URL, 'ordinary', node);
      expect(redeemed.status).toBe(400);
      const late = await pending.submit(appPage, { code: appCode(1) }, { node });
      expect([late.callback, late.page]).toEqual([undefined, 'sign-in']);
      const again = await browser.post(page, { reason: 'device-failure', code }, { node });
      expect(again.status).toBe(409);
    }
    // The app is gone: a login anew asks for a mailed code, and knows no other way.
    const anew = await new UserAgent(cluster, { node: 1 }).password(who.loginId);
    expect(anew.page).toBe('mail-code');
    expect(anew.body).not.toContain('use-app');

    const arrived = await browser.submit(done, { action: 'skip' });
    expect(await claimsAt(browser, arrived)).toMatchObject({ amr: ['pwd', 'mca'] });
    const id = await accountId(database.db, who);
    expect((await eventsOf(database.db, id)).filter((event) => event === 'factor.reset')).toHaveLength(1);
    expect((await mailsTo(database.db, who.address)).filter(({ kind }) => kind === 'notice')).toHaveLength(1);
  });

  test('A40: a login that arrives at the very moment of a reset is signed in nowhere afterwards', async () => {
    for (let round = 0; round < 3; round += 1) {
      const who = await person(cluster, { mail: true, app: true });
      const others = [new UserAgent(cluster, { node: 0 }), new UserAgent(cluster, { node: 1 })];
      const pages = await Promise.all(others.map((other) => other.password(who.loginId)));
      const { browser, page, code } = await lost(who.loginId, who.address);
      const [done] = await Promise.all([
        browser.submit(page, { reason: 'other', code }, { node: round % 2 }),
        ...others.map((other, index) => other.submit(pages[index] as Arrival, { code: appCode(index) })),
      ]);
      expect(done.page).toBe('reset-done');
      for (const other of others) expect((await other.start('important')).page).toBe('sign-in');
      const kept = await database.db
        .selectFrom('oidc_payloads')
        .select('model')
        .where('account_id', '=', await accountId(database.db, who))
        .execute();
      expect(kept).toEqual([]);
    }
  });

  test('A37: the mailbox alone resets nothing: without the password no page leads there', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.start('important', { login_hint: who.loginId });
    for (const fields of [
      { page: 'app-code', action: 'lost-app' },
      { page: 'reset', reason: 'other', code: '12345678' },
      { action: 'lost-app', login_id: who.loginId, password: '' },
    ])
      expect((await browser.submit(page, fields)).page).toBe('sign-in');
    expect(await mailsTo(database.db, who.address)).toEqual([]);
  });

  test('R35: of four clicks on two nodes one resets, and all lead to the same page', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const { browser, page, code } = await lost(who.loginId, who.address);
    const answers = await Promise.all(
      [0, 1, 0, 1].map((node) => browser.post(page, { reason: 'not-transferred', code }, { node })),
    );
    for (const { status } of answers) expect([303, 409, 422]).toContain(status);
    expect((await browser.open(page.url.pathname)).page).toBe('reset-done');
    const id = await accountId(database.db, who);
    expect((await eventsOf(database.db, id)).filter((event) => event === 'factor.reset')).toHaveLength(1);
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { accountId, claimsAt, eventsOf, mailsTo, type Person, person } from './visits.ts';

describeOnEveryDatabase('several tabs of one browser', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      clients: [
        ...testClients,
        { ...testClients[2], client_id: 'asking', consent: 'explicit' },
        { ...testClients[2], client_id: 'library', client_secret: undefined },
      ].map((client) => JSON.parse(JSON.stringify(client)) as Record<string, unknown>),
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const password = (who: Person) => ({ login_id: who.loginId, password: testPassword });
  const codeOf = (arrival: Arrival) => arrival.callback?.searchParams.get('code');
  const errorOf = (arrival: Arrival) => arrival.callback?.searchParams.get('error');
  /** A reload of the tab, on either node. */
  const reload = (browser: UserAgent, tab: Arrival) => {
    browser.node = 1 - browser.node;
    return browser.open(tab.url.pathname);
  };
  const tabs = async (browser: UserAgent, count: number, client?: string) => {
    const opened: Arrival[] = [];
    for (let tab = 0; tab < count; tab += 1) opened.push(await browser.start(client));
    return opened;
  };

  test('S11: one sign-in is enough for four restored tabs, at their reload', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const [first, ...others] = await tabs(browser, 4);
    const factor = await browser.submit(first!, password(who));
    expect(codeOf(await browser.submit(factor, { code: appCode() }))).toBeDefined();
    for (const tab of others) {
      const arrival = await reload(browser, tab);
      const claims = await claimsAt(browser, arrival);
      expect(claims.amr).toEqual(['pwd', 'otp', 'mfa']);
    }
    expect(await mailsTo(database.db, who.address)).toEqual([]);
  });

  test('S11: restored tabs that are reloaded at the same moment all go on, and take no session from each other', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const [first, ...others] = [
      ...(await tabs(browser, 4, 'important')),
      ...(await tabs(browser, 3, 'ordinary')),
    ];
    const factor = await browser.submit(first!, password(who));
    expect(codeOf(await browser.submit(factor, { code: appCode() }))).toBeDefined();
    const arrivals = await Promise.all(others.map((tab) => browser.open(tab.url.pathname)));
    for (const arrival of arrivals) expect([arrival.page, codeOf(arrival)]).toEqual(['', expect.any(String)]);
    expect(codeOf(await browser.start('important'))).toBeDefined();
  });

  test('S10, S11: a request that comes late, with what the session was called before, leaves the cookie alone', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const signIn = async () =>
      codeOf(await browser.submit(await browser.start('ordinary', { prompt: 'login' }), password(who)));
    expect(await signIn()).toBeDefined();
    const before = await browser.jar.getCookieString(cluster.issuer);
    expect(await signIn()).toBeDefined();
    const sessions = () =>
      database.db.selectFrom('oidc_payloads').select('id').where('model', '=', 'Session').execute();
    const stored = await sessions();
    for (const parameters of [{ prompt: 'none' }, {}]) {
      const late = await browser.request(browser.authorizeUrl('ordinary', parameters), {
        headers: { cookie: before },
      });
      expect(late.status).toBe(303);
      expect(late.setCookie.filter((line) => line.startsWith('nijo-session'))).toEqual([]);
    }
    expect(await sessions()).toHaveLength(stored.length);
    expect(codeOf(await browser.start('ordinary', { prompt: 'none' }))).toBeDefined();
  });

  test('S11: of tabs that finish at the same moment each arrives, some by "try again"', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(who)))).toBeDefined();
    const opened: Arrival[] = [];
    for (let tab = 0; tab < 4; tab += 1) opened.push(await browser.start('ordinary', { prompt: 'login' }));
    // Written before any of them has an answer: whoever comes second has the session's former identifier.
    const cookies = await browser.jar.getCookieString(cluster.issuer);
    const finished = await Promise.all(opened.map((tab) => browser.post(tab, password(who))));
    for (const [index, { headers }] of finished.entries()) {
      const path = new URL(String(headers.location), cluster.issuer).pathname;
      const own = (await browser.jar.getCookies(new URL(path, cluster.issuer).href)).filter(
        ({ path: at }) => at === path,
      );
      const cookie = [cookies, ...own.map((each) => each.cookieString())].join('; ');
      const arrival = await browser.follow(
        await browser.request(path, index === 0 ? {} : { headers: { cookie } }),
      );
      if (index > 0) expect([arrival.page, arrival.fault]).toEqual(['error', 'interaction_expired']);
      const last =
        index === 0
          ? arrival
          : await browser.open(arrival.html.querySelector('a.primary')?.getAttribute('href') ?? '');
      expect(codeOf(last)).toBeDefined();
    }
  });

  test('S11: tabs that are opened at once without a cookie all sign in, some by "try again"', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    // Each is asked before any answer is there.
    const opened = await Promise.all([1, 2, 3].map(() => browser.request(browser.authorizeUrl('ordinary'))));
    const pages: Arrival[] = [];
    for (const { setCookie, headers } of opened) {
      const cookie = setCookie.map((line) => line.split(';')[0]).join('; ');
      pages.push(
        await browser.follow(await browser.request(String(headers.location), { headers: { cookie } })),
      );
    }
    const refused = await browser.post(pages[0]!, password(who));
    expect([refused.status, refused.fault]).toEqual([403, 'form_token_invalid']);
    const again = refused.html.querySelector(`a[href="${pages[0]!.url.pathname}"]`)?.getAttribute('href');
    const drawn = await browser.open(again ?? '');
    expect(drawn.page).toBe('sign-in');
    expect(codeOf(await browser.submit(drawn, password(who)))).toBeDefined();
    for (const tab of pages.slice(1)) expect(codeOf(await reload(browser, tab))).toBeDefined();
  });

  test('S11: a tab in which the password was given goes on too; no mail is sent for each', async () => {
    const who = await person(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const [first, second, third] = await tabs(browser, 3);
    const waiting = await browser.submit(first!, password(who));
    const here = await browser.submit(second!, password(who));
    const code = await cluster.mailedCode(who.address);
    const sent = (await mailsTo(database.db, who.address)).filter(
      ({ challenge_id }) => challenge_id !== null,
    );
    // Whichever of the two codes is the newest: the other tab goes on by its session.
    const earlier = await browser.submit(waiting, { code });
    const later = await browser.submit(here, { code });
    const arrivals = [codeOf(earlier) === undefined ? await reload(browser, waiting) : earlier, later];
    for (const arrival of arrivals) expect(codeOf(arrival)).toBeDefined();
    // The password of a stale tab is no loss either: it goes on, and nothing is mailed.
    expect(codeOf(await browser.submit(third!, password(who)))).toBeDefined();
    const after = (await mailsTo(database.db, who.address)).filter(
      ({ challenge_id }) => challenge_id !== null,
    );
    expect(after).toHaveLength(sent.length);
  });

  test('S11: only what is missing is asked for: the factor, upon a session of the password', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const stale = await browser.start('important');
    const ordinary = await browser.start('ordinary');
    expect(codeOf(await browser.submit(ordinary, password(who)))).toBeDefined();
    const factor = await reload(browser, stale);
    expect(factor.page).toBe('app-code');
    expect(factor.url.pathname).not.toBe(stale.url.pathname);
    expect((await claimsAt(browser, await browser.submit(factor, { code: appCode() }))).amr).toEqual([
      'pwd',
      'otp',
      'mfa',
    ]);
  });

  test('S11: what was begun in a tab is not lost to a session that is worth less', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const factor = await browser.submit(await browser.start('important'), password(who));
    const ordinary = await browser.start('ordinary');
    expect(codeOf(await browser.submit(ordinary, password(who)))).toBeDefined();
    expect((await reload(browser, factor)).page).toBe('app-code');
    expect(codeOf(await browser.submit(factor, { code: appCode() }))).toBeDefined();
  });

  test('S11: what no session satisfies asks again: prompt=login, max_age, another account by hint', async () => {
    const who = await person(cluster, { app: true });
    const other = await person(cluster, { app: true });
    const elsewhere = new UserAgent(cluster);
    const hinted = await elsewhere.submit(await elsewhere.start('ordinary'), password(other));
    const { tokens } = await elsewhere.redeem(hinted.callback!, 'ordinary');
    const browser = new UserAgent(cluster);
    const fresh = await browser.start('ordinary', { prompt: 'login' });
    const hint = await browser.start('ordinary', { id_token_hint: tokens.id_token ?? '' });
    const young = await browser.start('ordinary', { max_age: '0' });
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(who)))).toBeDefined();
    await new Promise((resolve) => {
      setTimeout(resolve, 1100);
    });
    const reloaded: Arrival[] = [];
    for (const tab of [fresh, hint, young]) reloaded.push(await reload(browser, tab));
    expect(reloaded.map(({ page }) => page)).toEqual(['sign-in', 'sign-in', 'sign-in']);
    expect(codeOf(await browser.submit(reloaded[0]!, password(who)))).toBeDefined();
    // Whoever is asked for by the hint can still sign in there; the first account makes way.
    const asHinted = await browser.submit(await reload(browser, reloaded[1]!), password(other));
    expect((await claimsAt(browser, asHinted, 'ordinary')).sub).toBe(await accountId(database.db, other));
  });

  test('S8, S11: a step-up whose session was signed in anew goes on with what is typed in it', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(who)))).toBeDefined();
    const [stepUp, another] = await tabs(browser, 2);
    expect([stepUp!.page, another!.page]).toEqual(['app-code', 'app-code']);
    const again = await browser.start('ordinary', { prompt: 'login' });
    expect(codeOf(await browser.submit(again, password(who)))).toBeDefined();
    expect((await reload(browser, stepUp!)).page).toBe('app-code');
    expect(codeOf(await browser.submit(stepUp!, { code: appCode() }))).toBeDefined();
    // The same code a second time is refused by R5, but by now nothing is missing.
    expect(codeOf(await browser.submit(another!, { code: appCode() }))).toBeDefined();
  });

  test('S11: a tab of a session that was exchanged for another goes on from the other, or is cancelled', async () => {
    const who = await person(cluster, { app: true });
    const next = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(who)))).toBeDefined();
    const [stale, cancelled] = await tabs(browser, 2);
    const change = await browser.start('ordinary', { prompt: 'login' });
    expect(codeOf(await browser.submit(change, password(next)))).toBeDefined();
    // The earlier session is over, and the logins on it ended with it: nobody goes on as somebody else.
    for (const tab of [stale!, cancelled!]) {
      const now = await reload(browser, tab);
      expect([now.page, now.fault]).toEqual(['error', 'interaction_expired']);
    }
  });

  test('S8, S11: a step-up that was cancelled is none any more once its user has signed out', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(who)))).toBeDefined();
    const stepUp = await browser.start('important');
    expect(stepUp.page).toBe('app-code');
    // The browser never follows: the login waits to be gone on with.
    await browser.post(stepUp, { action: 'cancel' });
    const out = await browser.open('/logout');
    await browser.request('/logout/confirm', { form: { ...browser.fields(out), logout: 'yes' } });
    expect((await reload(browser, stepUp)).page).toBe('sign-in');
    expect(codeOf(await browser.submit(stepUp, { code: appCode() }))).toBeUndefined();
  });

  test('S11: nobody consents for a user who has signed out, and no one else does', async () => {
    const who = await person(cluster, { app: true });
    const next = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const consent = await browser.submit(await browser.start('asking'), password(who));
    await browser.post(consent, { action: 'cancel' });
    const out = await browser.open('/logout');
    await browser.request('/logout/confirm', { form: { ...browser.fields(out), logout: 'yes' } });
    expect((await reload(browser, consent)).fault).toBe('interaction_expired');
    expect(codeOf(await browser.submit(await browser.start('ordinary'), password(next)))).toBeDefined();
    expect((await reload(browser, consent)).fault).toBe('interaction_expired');
    expect((await browser.submit(consent)).fault).toBe('interaction_expired');
  });

  test('S11: the consent of a second tab is still asked, and given', async () => {
    const who = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const consent = await browser.submit(await browser.start('asking'), password(who));
    expect(consent.page).toBe('consent');
    expect(
      codeOf(await browser.submit(await browser.start('ordinary', { prompt: 'login' }), password(who))),
    ).toBeDefined();
    expect((await reload(browser, consent)).page).toBe('consent');
    expect(codeOf(await browser.submit(consent))).toBeDefined();
  });

  test('S11: prompt=select_account gives the sign-in page, says who is signed in, and combines', async () => {
    const who = await person(cluster, { app: true });
    const other = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const discovery = await browser.request('/.well-known/openid-configuration');
    expect(JSON.parse(discovery.body)).toMatchObject({
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    });
    const nobody = await browser.start('ordinary', { prompt: 'select_account' });
    expect(nobody.page).toBe('sign-in');
    expect(nobody.body).not.toContain('data-signed-in-as');
    expect(codeOf(await browser.submit(nobody, password(who)))).toBeDefined();
    const choice = await browser.start('ordinary', { prompt: 'select_account' });
    expect(choice.html.querySelector('[data-signed-in-as]')?.text).toContain(who.loginId);
    const chosen = await browser.submit(choice, password(other));
    expect((await claimsAt(browser, chosen, 'ordinary')).sub).toBe(await accountId(database.db, other));
    for (const prompt of ['select_account login', 'login select_account', 'select_account consent']) {
      const page = await browser.start('ordinary', { prompt });
      expect([prompt, page.page]).toEqual([prompt, 'sign-in']);
      let arrival = await browser.submit(page, password(other));
      if (prompt.includes('consent')) {
        expect(arrival.page).toBe('consent');
        arrival = await browser.submit(arrival);
      }
      expect([prompt, codeOf(arrival)]).toEqual([prompt, expect.any(String)]);
    }
    expect(errorOf(await browser.start('ordinary', { prompt: 'none select_account' }))).toBe(
      'invalid_request',
    );
  });

  test('S30: whoever signs in over the session of somebody else arrives at once, and the other is signed out', async () => {
    const first = await person(cluster, { app: true });
    const second = await person(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const before = await browser.submit(await browser.start('ordinary'), password(first));
    const { tokens } = await browser.redeem(before.callback!, 'ordinary');
    const sessionBefore = (await browser.jar.getCookies(cluster.issuer)).find(({ key }) =>
      key.endsWith('session'),
    );
    const page = await browser.start('ordinary', { prompt: 'login' });
    const arrival = await browser.submit(page, password(second));
    expect(codeOf(arrival)).toBeDefined();
    expect((await claimsAt(browser, arrival, 'ordinary')).sub).toBe(await accountId(database.db, second));
    const after = (await browser.jar.getCookies(cluster.issuer)).find(({ key }) => key.endsWith('session'));
    expect(after?.value).not.toBe(sessionBefore?.value);
    const refreshed = await browser.tokenRequest(
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
      'ordinary',
    );
    expect(JSON.parse(refreshed.body)).toMatchObject({ error: 'invalid_grant' });
    expect(await eventsOf(database.db, await accountId(database.db, first))).toContain('session.ended');
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { disableAccount } from '../../src/accounts/status.ts';
import { roles as allRoles } from '../../src/desk/actor.ts';
import { ageSignIn, atAccount, formWith, signIn, words } from '../portal/support.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';
import { atDesk, everything, forgetCodes, setRoles, type Staff, staffMember, victimOf } from './support.ts';
import { ask, methods, paths, written } from './written.ts';

describeOnEveryDatabase('A41: the session of staff', (open) => {
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

  /** Every kind of session that is not enough, and what it is told with all roles and with none. */
  const lesser: readonly {
    kind: string;
    session: (person: Staff) => Promise<UserAgent>;
    withRoles: string;
    without: string;
  }[] = [
    {
      kind: 'none',
      session: async () => new UserAgent(cluster),
      withRoles: 'sign in',
      without: 'sign in',
    },
    {
      kind: 'password only',
      async session(person) {
        const browser = new UserAgent(cluster);
        const arrival = await browser.password(person.loginId, 'ordinary');
        expect(arrival.callback?.searchParams.has('code')).toBe(true);
        return browser;
      },
      withRoles: 'sign in',
      without: 'sign in',
    },
    {
      kind: 'mail code only',
      async session(person) {
        const { browser, page } = await atAccount(cluster, person, { way: 'mail' });
        expect(page.page).toBe('account');
        return browser;
      },
      withRoles: 'sign in',
      without: 'staff_role_missing',
    },
    {
      kind: 'MFA, too old',
      async session(person) {
        const { browser } = await atAccount(cluster, person);
        await ageSignIn(cluster, person.id, cluster.config.desk.session_minutes * 60 + 5);
        return browser;
      },
      withRoles: 'sign in',
      without: 'staff_role_missing',
    },
    {
      kind: 'MFA, of an account that is disabled',
      async session(person) {
        const { browser } = await atAccount(cluster, person);
        await disableAccount(database.db, person.id, 'test');
        return browser;
      },
      withRoles: 'sign in',
      without: 'sign in',
    },
    {
      kind: 'MFA, still there though the account is disabled',
      async session(person) {
        const { browser } = await atAccount(cluster, person);
        await database.db
          .updateTable('accounts')
          .set({ status: 'disabled' })
          .where('id', '=', person.id)
          .execute();
        return browser;
      },
      withRoles: 'sign in',
      without: 'sign in',
    },
  ];

  test('A41: no session that is less than staff needs sees or changes anything', async () => {
    const wrong: string[] = [];
    const { real } = await victimOf(cluster);
    for (const { kind, session, withRoles, without } of lesser) {
      const person = await staffMember(cluster, [], { mail: true, app: true });
      await forgetCodes(database.db, person.id);
      const browser = await session(person);
      const before = await everything(database.db);
      for (const roles of [allRoles, []]) {
        await setRoles(database.db, person.id, roles);
        for (const path of paths) {
          for (const method of methods) {
            const known = `${method === 'HEAD' ? 'GET' : method} ${path}` in written;
            const wanted = roles.length > 0 ? withRoles : without;
            const outcome = await ask(browser, method, path, { real, token: 'made-up' });
            const said = known
              ? method === 'HEAD' && wanted !== 'sign in'
                ? '403'
                : wanted
              : 'method_not_allowed';
            if (outcome !== said)
              wrong.push(`${kind} [${roles.join()}] ${method} ${path}: ${outcome}, not ${said}`);
          }
        }
      }
      await setRoles(database.db, person.id, []);
      expect([kind, await everything(database.db)]).toEqual([kind, before]);
    }
    expect(wrong).toEqual([]);
  });

  test('signs in by password and app, is shown on every node, and names the service in both languages', async () => {
    const who = await staffMember(cluster, ['auditor'], { app: true, locale: 'ja' });
    const first = await new UserAgent(cluster).open('/desk');
    expect([first.page, words(first)]).toEqual([
      'sign-in',
      expect.stringContaining('Support centre and operation'),
    ]);
    const { browser, page } = await atDesk(cluster, who);
    expect([page.page, page.url.pathname]).toEqual(['desk-queue', '/desk']);
    // Their own language, by the profile.
    expect(page.html.querySelector('html')?.getAttribute('lang')).toBe('ja');
    browser.node = 1;
    expect((await browser.open('/desk')).page).toBe('desk-queue');
    const nav = page.html.querySelectorAll('nav.staff-sections a').map((link) => link.getAttribute('href'));
    expect(nav).toEqual(['/desk', '/desk/closed', '/desk/figures', '/desk/trail', '/account', '/logout']);
    const out = await browser.open('/logout');
    const form = out.html.querySelector('form');
    const hidden = form?.querySelector('input[name=xsrf]')?.getAttribute('value') ?? '';
    await browser.request(new URL(form?.getAttribute('action') ?? '', out.url).pathname, {
      form: { xsrf: hidden, logout: 'yes' },
    });
    expect((await browser.open('/desk')).page).toBe('sign-in');
  });

  test('after the minutes that are configured password and app are asked again, and the page is there', async () => {
    const who = await staffMember(cluster, ['desk-lead'], { mail: true, app: true });
    const { browser } = await atDesk(cluster, who);
    const minutes = cluster.config.desk.session_minutes;
    await ageSignIn(cluster, who.id, minutes * 60 - 30);
    expect((await browser.open('/desk/closed')).page).toBe('desk-closed');
    await ageSignIn(cluster, who.id, 60);
    const again = await browser.open('/desk/figures?from=2026-01&to=2026-02');
    expect(again.page).toBe('sign-in');
    // The own page, which only shows, goes on.
    expect((await browser.open('/account/history')).page).toBe('account-history');
    await forgetCodes(database.db, who.id);
    const back = await signIn(cluster, browser, who, { path: '/desk/figures?from=2026-01&to=2026-02' });
    expect([back.page, back.url.pathname + back.url.search]).toEqual([
      'desk-figures',
      '/desk/figures?from=2026-01&to=2026-02',
    ]);
  });

  test('with a mailed code the app is asked for, and nothing else', async () => {
    const who = await staffMember(cluster, ['desk'], { mail: true, app: true });
    const { browser, page } = await atAccount(cluster, who, { way: 'mail' });
    const link = page.html.querySelector('[data-thing=staff] a');
    expect([page.page, link?.getAttribute('href')]).toEqual(['account', '/desk']);
    const step = await browser.open('/desk');
    expect(step.page).toBe('app-code');
    expect(buttons(step.body)).not.toContain('use-mail');
    const back = await browser.submit(step, { code: appCode() });
    expect([back.page, back.url.pathname]).toEqual(['desk-queue', '/desk']);
  });

  test('who has nothing but mail is told so, once, and led to where an app is set up', async () => {
    const who = await staffMember(cluster, ['desk'], { mail: true });
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.open('/desk'), {
      login_id: who.loginId,
      password: testPassword,
    });
    expect([page.status, page.fault]).toEqual([403, 'staff_factor_needed']);
    expect(page.url.pathname).toBe('/desk/signed-in');
    expect(page.html.querySelector('a.primary')?.getAttribute('href')).toBe('/account');
    // With a session by mail it is the same page, not a circle.
    const { browser: other } = await atAccount(cluster, who, { way: 'mail' });
    const refused = await other.open('/desk');
    expect([refused.status, refused.fault]).toEqual([403, 'staff_factor_needed']);
  });

  test('who has set up nothing yet sets up an app, and is in', async () => {
    const who = await staffMember(cluster, ['auditor'], {});
    const browser = new UserAgent(cluster);
    let page = await browser.submit(await browser.open('/desk'), {
      login_id: who.loginId,
      password: testPassword,
    });
    expect(page.page).toBe('set-up-app-only');
    page = await browser.submit(page, { acknowledge: 'yes' });
    expect(page.page).toBe('set-up-app');
    const secret = page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '';
    page = await browser.submit(page, { code: appCode(0, secret), device_name: 'phone' });
    for (let step = 0; step < 3 && page.page !== 'desk-queue'; step += 1)
      page = await browser.submit(page, { action: 'skip' });
    expect(page.page).toBe('desk-queue');
  });

  test('whoever cancels is not asked again at once', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.submit(await browser.open('/operator'), { action: 'cancel' });
    expect([page.page, page.url.pathname]).toEqual(['home', '/']);
  });

  test('A27: nobody else decides where a sign-in of staff leads', async () => {
    const who = await staffMember(cluster, ['operator']);
    const { browser } = await atDesk(cluster, who, { path: '/operator' });
    const encoded = (path: string): string => Buffer.from(path).toString('base64url');
    const address = await browser.request('/desk/closed', { headers: { cookie: '' } });
    const mine = new URL(String(address.headers.location), cluster.issuer).searchParams.get('state') ?? '';
    const [, mark = ''] = mine.split('.');
    const ownPage = await browser.request('/account/sessions', { headers: { cookie: '' } });
    const foreign = new URL(String(ownPage.headers.location), cluster.issuer).searchParams.get('state') ?? '';
    expect([mark, foreign]).toEqual([expect.stringMatching(/.{20}/), expect.stringMatching(/.{20}/)]);
    const ledTo = async (query: string): Promise<unknown> =>
      (await browser.request(`/desk/signed-in?${query}`)).headers.location;
    expect(await ledTo(`state=${mine}`)).toBe('/desk/closed');
    for (const state of [
      `${encoded('//evil.example/')}.${mark}`,
      `${encoded('https://evil.example/desk')}.${mark}`,
      `${encoded('/desk@evil.example')}.${mark}`,
      `${encoded('/logout')}.${mark}`,
      encoded('/desk/closed'),
      foreign,
      'x',
      '',
    ])
      expect([state, await ledTo(`state=${encodeURIComponent(state)}`)]).toEqual([state, '/operator']);
    expect(await ledTo('return_to=//evil.example&next=//evil.example')).toBe('/operator');
    expect(await ledTo('error=access_denied&state=//evil.example')).toBe('/');
    // Nor does an address that asks for a page that is none.
    for (const path of ['/desk//evil.example', '/desk/%2F%2Fevil.example', '/desk/..//evil.example']) {
      const answer = await browser.request(path);
      expect([path, [400, 404].includes(answer.status), answer.headers.location]).toEqual([
        path,
        true,
        undefined,
      ]);
    }
    const elsewhere = await browser.request(
      `/authorize?${new URLSearchParams({ client_id: 'nijo-staff', response_type: 'none', scope: 'openid', redirect_uri: 'https://evil.example/desk/signed-in' }).toString()}`,
    );
    expect([elsewhere.status, elsewhere.headers.location]).toEqual([400, undefined]);
  });
});

describeOnEveryDatabase('A41: where a mailed code counts as multi-factor for services', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, { config: { assurance: { mail_satisfies_mfa: true } } });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('it still opens no page for staff, and a new sign-in with the app does', async () => {
    const who = await staffMember(cluster, allRoles, { mail: true, app: true });
    const { real } = await victimOf(cluster);
    const { browser, page } = await atAccount(cluster, who, { way: 'mail' });
    expect(page.page).toBe('account');
    const before = await everything(database.db);
    const token = formWith(await browser.open('/account/check'), 'use-mail').csrf ?? '';
    for (const path of paths) {
      for (const method of ['GET', 'POST']) {
        if (!(`${method} ${path}` in written)) continue;
        const said = await ask(browser, method, path, { real, token });
        expect([method, path, said]).toEqual([method, path, 'staff_factor_needed']);
      }
    }
    expect(await everything(database.db)).toEqual(before);
    const refused = await browser.open('/desk/closed');
    const again = await browser.open(refused.html.querySelector('a.primary')?.getAttribute('href') ?? '');
    const step = await browser.submit(again, { login_id: who.loginId, password: testPassword });
    const back = await browser.submit(step, { code: appCode() });
    expect([step.page, back.page, back.url.pathname]).toEqual(['app-code', 'desk-closed', '/desk/closed']);
  });
});

function buttons(body: string): string[] {
  return [...body.matchAll(/name="action" value="([^"]+)"/g)].map(([, value = '']) => value);
}

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { portalPages } from '../../src/portal/pages.ts';
import { portalRoutes, signedInPath } from '../../src/portal/routes.ts';
import { accountId, codeOfMail, type Person, person } from '../login/visits.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { ageSignIn, atAccount, signIn, stateOf } from './support.ts';
import { acknowledgementVersion } from '../../src/factors/acknowledgement.ts';

/** Every route there is, as the router has them: one that is added is tried with the others. */
const routes = portalRoutes({} as never)
  .stack.filter(({ path }) => path !== signedInPath)
  .flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => ({ method, path: String(path) })),
  );
const posts = routes.filter(({ method }) => method === 'POST').map(({ path }) => path);
const fresh = new Set(portalPages.filter((page) => page.fresh).map(({ path }) => path));

describe('the routes of the own page', () => {
  test('A38: are those of the list of pages, and whatever changes something wants a fresh sign-in', () => {
    expect(routes.length).toBeGreaterThan(30);
    for (const page of portalPages) {
      const methods = routes.filter(({ path }) => path === page.path).map(({ method }) => method);
      expect([page.path, methods]).toEqual([page.path, page.submit ? ['GET', 'POST'] : ['GET']]);
    }
    // What can be looked at without one shows lists, and begins nothing.
    expect(portalPages.filter((page) => !page.fresh).map(({ path }) => path)).toEqual([
      '/account',
      '/account/sessions',
      '/account/browsers',
      '/account/services',
      '/account/history',
    ]);
  });
});

/** A victim in the middle of everything: each address of the own page with ids of real things. */
interface Scene {
  who: Person;
  id: string;
  browser: UserAgent;
  token: string;
  real: (path: string) => string;
  form: (path: string) => Record<string, string>;
  /** Begins another app. */
  begin: () => Promise<void>;
}

describeOnEveryDatabase('A38: the door of the own page', (open) => {
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

  async function setScene(): Promise<Scene> {
    const { db } = cluster.nodes[0]!;
    const who = await person(cluster, { mail: true, app: true });
    const id = await accountId(db, who);
    const elsewhere = await atAccount(cluster, who, { way: 'mail' });
    expect(elsewhere.page.page).toBe('account');
    const { browser } = await atAccount(cluster, who);
    // Of apps that are begun the last one waits: both pages of a new app go on with it.
    const begin = async (): Promise<void> => {
      const page = await browser.open('/account/new-phone');
      expect(page.page).toBe('account-new-phone');
      app = {
        id: page.url.pathname.split('/').at(-1) ?? '',
        secret: page.html.querySelector('[data-copy]')?.getAttribute('data-copy') ?? '',
      };
    };
    let app = { id: '', secret: '' };
    await begin();
    const address = `new-${who.address}`;
    const begun = await browser.submit(await browser.open('/account/mail'), { email: address });
    expect(begun.page).toBe('set-up-mail-code');
    const code = await codeOfMail(cluster, address, 0);
    const checkPage = await browser.open('/account/check');
    const token = browser.fields(checkPage).csrf!;
    const check = await browser.follow(
      await browser.request('/account/check', { form: { csrf: token, action: 'use-mail' } }),
    );
    expect(check.page).toBe('account-check-code');
    const checkCode = await codeOfMail(cluster, who.address, 1);
    await sql`insert into trusted_browsers (id, account_id, secret_digest, user_agent, address, expires_at)
      values (${`trust-${id.slice(0, 8)}`}, ${id}, 'digest', 'Chrome', '192.0.2.1', now() + interval '1 day')`.execute(
      db,
    );
    const { id: appId } = await db
      .selectFrom('app_factors')
      .select('id')
      .where('account_id', '=', id)
      .where('state', '=', 'active')
      .executeTakeFirstOrThrow();
    const real = (path: string): string =>
      path
        .replace(/^(\/account\/(?:app|new-phone)\/):id$/, `$1${app.id}`)
        .replace('/account/mail/:id', begun.url.pathname)
        .replace('/account/check/:id', check.url.pathname)
        .replace(':id', appId);
    const codes: Record<string, () => string> = {
      '/account/app/:id': () => appCode(0, app.secret),
      '/account/new-phone/:id': () => appCode(0, app.secret),
      '/account/mail/:id': () => code,
      '/account/check/:id': () => checkCode,
      '/account/check': () => appCode(1),
    };
    const actions: Record<string, Record<string, string>> = {
      '/account/sessions': { action: 'end-others' },
      '/account/browsers': { action: 'end', id: `trust-${id.slice(0, 8)}` },
      '/account/services': { action: 'revoke', id: 'grant' },
    };
    const form = (path: string): Record<string, string> => ({
      action: 'continue',
      code: codes[path]?.() ?? '',
      email: `other-${who.address}`,
      device_name: 'Renamed',
      replaces: 'none',
      acknowledge: 'yes',
      acknowledgement_version: acknowledgementVersion,
      ...actions[path],
    });
    return { who, id, browser, token, real, form, begin };
  }

  const loginOf = (answer: Answer): URL => new URL(String(answer.headers.location), answer.url);

  test('nobody gets through without a session, a second factor, a fresh sign-in, its token and its page', async () => {
    const scene = await setScene();
    const { browser, token, real, form, who, id } = scene;
    const { db } = cluster.nodes[0]!;
    const before = await stateOf(db, id);

    // Signed out, and signed in by password alone: the login comes first.
    const nobody = new UserAgent(cluster);
    const half = new UserAgent(cluster);
    expect((await half.password(who.loginId, 'ordinary')).callback).toBeDefined();
    const beforeHalf = await stateOf(db, id);
    for (const visitor of [nobody, half]) {
      for (const { method, path } of routes) {
        const answer = await visitor.request(real(path), {
          ...(method === 'POST' ? { form: { ...form(path), csrf: token } } : {}),
          node: 1,
        });
        expect([method, path, answer.status]).toEqual([method, path, 303]);
        const login = loginOf(answer);
        expect([path, login.pathname]).toEqual([path, '/authorize']);
        const wantsFresh = method === 'POST' || fresh.has(path);
        expect([path, login.searchParams.get('max_age')]).toEqual([path, wantsFresh ? '300' : null]);
      }
    }
    expect({ ...(await stateOf(db, id)), sessions: beforeHalf.sessions }).toEqual({
      ...before,
      sessions: beforeHalf.sessions,
    });

    // Fresh, but the form has no token, another browser's, or comes from another site.
    const { browser: twin } = await atAccount(cluster, who, { steps: 1 });
    const twinToken = twin.fields(await twin.open('/account/check')).csrf!;
    const standing = await stateOf(db, id);
    for (const path of posts) {
      for (const csrf of [undefined, '', twinToken]) {
        const answer = await browser.request(real(path), {
          form: { ...form(path), ...(csrf === undefined ? {} : { csrf }) },
        });
        expect([path, answer.status, answer.fault]).toEqual([path, 403, 'form_token_invalid']);
      }
      const foreign = await browser.request(real(path), {
        form: { ...form(path), csrf: token },
        headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      });
      expect([path, foreign.status, foreign.fault]).toEqual([path, 403, 'cross_site_request']);
    }
    expect(await stateOf(db, id)).toEqual(standing);

    // Another browser of the same account, fresh and with its own token, does not go on with what this one began.
    for (const path of posts.filter((each) => /^\/account\/(app|new-phone|mail|check)\/:id$/.test(each))) {
      const shown = await twin.request(real(path));
      expect([path, shown.status, shown.fault]).toEqual([path, 422, 'change_expired']);
      const answer = await twin.request(real(path), { form: { ...form(path), csrf: twinToken } });
      expect([path, answer.fault]).toEqual([path, expect.stringMatching(/^(change_expired|code_expired)$/)]);
    }
    expect(await stateOf(db, id)).toEqual(standing);

    // Six minutes later: what only shows is shown, everything else wants the whole sign-in again.
    await ageSignIn(cluster, id, 360);
    for (const { method, path } of routes) {
      const answer = await browser.request(real(path), {
        ...(method === 'POST' ? { form: { ...form(path), csrf: token } } : {}),
        node: 1,
      });
      if (method === 'GET' && !fresh.has(path)) {
        expect([path, answer.status]).toEqual([path, 200]);
        continue;
      }
      expect([method, path, answer.status]).toEqual([method, path, 303]);
      expect([path, loginOf(answer).searchParams.get('max_age')]).toEqual([path, '300']);
    }
    expect(await stateOf(db, id)).toEqual(standing);
    // Nothing was changed meanwhile, and after the sign-in the page is there again.
    await cluster.nodes[0]!.db.updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', id)
      .execute();
    const back = await signIn(cluster, browser, who, { path: real('/account/new-phone/:id') });
    expect([back.page, back.url.pathname]).toEqual(['account-new-phone', real('/account/new-phone/:id')]);
    expect(await stateOf(db, id)).toEqual({ ...standing, sessions: expect.anything() });
  });

  test('somebody else, fresh and with a token of their own, reaches nothing of another account', async () => {
    const victim = await setScene();
    const { db } = cluster.nodes[0]!;
    const before = await stateOf(db, victim.id);
    const other = await person(cluster, { mail: true, app: true });
    const { browser } = await atAccount(cluster, other);
    const csrf = browser.fields(await browser.open('/account/check')).csrf!;
    const { rows: sessions } = await sql<{ session_uid: string }>`
      select session_uid from browser_sessions where account_id = ${victim.id}`.execute(db);
    expect(sessions.length).toBe(2);
    for (const path of posts.filter((each) => each.endsWith(':id'))) {
      const answer = await browser.request(victim.real(path), { form: { ...victim.form(path), csrf } });
      // What this account does not have is as good as removed.
      expect([path, answer.fault]).toEqual([
        path,
        path.includes('remove') ? undefined : expect.stringMatching(/^(change_expired|factor_unknown)$/),
      ]);
    }
    for (const { session_uid: id } of sessions)
      await browser.request('/account/sessions', { form: { csrf, action: 'end', id } });
    await browser.request('/account/browsers', { form: { ...victim.form('/account/browsers'), csrf } });
    expect(await stateOf(db, victim.id)).toEqual(before);
  });

  test('the very same forms, sent as the pages send them, do what they say', async () => {
    const { browser, token, real, form, id, begin } = await setScene();
    // What ends trust or begins anew comes after what it would end; what is needed for signing in goes last.
    const order = (path: string): number => {
      if (/^\/account\/(browsers|sessions|check)/.test(path)) return 0;
      if (path.includes('remove')) return 2;
      return path === '/account/mail' ? 3 : 1;
    };
    const tried = posts.filter((path) => !path.includes('passkey')).toSorted((a, b) => order(a) - order(b));
    for (const path of tried) {
      if (path === '/account/new-phone/:id') await begin();
      const before = await stateOf(cluster.nodes[0]!.db, id);
      const answer = await browser.request(real(path), { form: { ...form(path), csrf: token } });
      expect([path, answer.fault]).toEqual([path, undefined]);
      expect([path, answer.status]).toEqual([path, path === '/account/recovery-codes' ? 200 : 303]);
      const after = await stateOf(cluster.nodes[0]!.db, id);
      // A service without a grant has nothing to be taken back; everything else leaves its mark.
      if (!['/account/services', '/account/check', '/account/mail'].includes(path))
        expect([path, after]).not.toEqual([path, before]);
    }
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Db } from '../../src/db/open.ts';
import { accountId, arrivedMail, claimsAt, type Person, person, signInWithApp } from '../login/visits.ts';
import { burst } from '../support/burst.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';
import { alteredLinks, linkIn, stateOf, told } from './told.ts';

const centre = 'support@uni.example';

describeOnEveryDatabase('"this was not me"', (open) => {
  let database: TestDatabase;
  let db: Db;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    const named = { en: 'Support centre', ja: 'サポートセンター' };
    cluster = await startCluster(database, {
      nodes: 2,
      logger: log.logger,
      config: {
        branding: { support_centre: { name: named, email: centre } },
        places: [{ name: { en: 'Test bench', ja: '実験台' }, networks: ['127.0.0.0/8'] }],
      },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const untouched = { frozen: null, events: [] };

  test('D11, R38: scanners change nothing; one press ends everything on every node, freezes, and tells user and centre', async () => {
    const who = await person(cluster, { mail: true, app: true, locale: 'ja' });
    const id = await accountId(db, who);
    const { browser: thief, arrival } = await signInWithApp(cluster, who);
    const { tokens } = await thief.redeem(arrival.callback as URL);
    // The owner's own browser, on the other node, and a code mailed for one more login.
    const owner = new UserAgent(cluster, { node: 1 });
    const waiting = await owner.submit(await owner.password(who.loginId), { action: 'use-mail' });
    const mail = await arrivedMail(cluster, who.address, 0);
    const link = linkIn(mail);
    expect(mail.html).toContain(`href="${cluster.issuer}${link}"`);
    const unfinished = { id: randomUUID(), account_id: id, browser: 'b', session_uid: 's' };
    await db
      .insertInto('factor_changes')
      .values({ ...unfinished, kind: 'app', expires_at: sql<Date>`now() + interval '1 hour'` })
      .execute();
    await db
      .insertInto('trusted_browsers')
      .values({
        id: randomUUID(),
        account_id: id,
        secret_digest: 'd',
        previous_digest: null,
        user_agent: 'u',
        address: '192.0.2.1',
        ended_why: null,
        expires_at: sql<Date>`now() + interval '1 day'`,
      })
      .execute();
    const alive = async (): Promise<boolean> =>
      (await thief.open(thief.authorizeUrl())).callback !== undefined;

    const scanner = new UserAgent(cluster, { node: 1 });
    for (const headers of [{}, { 'sec-purpose': 'prefetch' }, { 'x-moz': 'prefetch' }] as Record<
      string,
      string
    >[])
      for (const method of ['GET', 'HEAD'])
        expect((await scanner.request(link, { method, headers })).status).toBe(200);
    expect(await stateOf(db, id)).toMatchObject(untouched);
    expect(await alive()).toBe(true);

    // In a browser that is signed in nowhere.
    const anywhere = new UserAgent(cluster, { node: 1 });
    const page = await anywhere.open(link);
    expect([page.page, page.html.querySelector('html')?.getAttribute('lang')]).toEqual(['not-me', 'ja']);
    expect(page.html.querySelector('[data-account]')?.text).toBe(`p•••${who.loginId.slice(-2)}`);
    expect(page.html.querySelector('[data-about]')?.text).toBe('ログインの確認コードを送りました');
    expect(page.body).not.toContain(who.loginId);
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect(page.html.querySelector('meta[name=referrer]')?.getAttribute('content')).toBe('no-referrer');
    expect(page.headers['cache-control']).toBe('no-store');
    const done = await anywhere.submit(page);
    expect([done.page, done.status]).toEqual(['not-me-done', 200]);
    // R51: when somebody is there who helps.
    expect(done.html.querySelector('[data-opening]')?.textContent).toMatch(/受付/);
    // It signs nobody in.
    expect((await anywhere.start()).page).toBe('sign-in');

    for (const node of [0, 1]) {
      expect((await thief.request(thief.authorizeUrl(), { node })).headers.location).toContain(
        '/interaction/',
      );
      const bearer = { authorization: `Bearer ${tokens.access_token ?? ''}` };
      expect((await thief.request('/userinfo', { node, headers: bearer })).status).toBe(401);
    }
    expect(
      (await owner.submit(waiting, { code: await cluster.mailedCode(who.address) })).callback,
    ).toBeUndefined();
    const rows = await db
      .selectFrom('trusted_browsers')
      .select('ended_why')
      .where('account_id', '=', id)
      .execute();
    expect(rows).toEqual([{ ended_why: 'not-me' }]);
    const { over } = await db
      .selectFrom('factor_changes')
      .select(sql<boolean>`expires_at <= now()`.as('over'))
      .where('id', '=', unfinished.id)
      .executeTakeFirstOrThrow();
    expect(over).toBe(true);
    expect(await stateOf(db, id)).toMatchObject({
      frozen: true,
      events: [{ details: { about: 'sign-in-code' }, address: '127.0.0.1' }],
    });

    const notice = await arrivedMail(cluster, who.address, 1);
    expect(notice.html).toContain('<html lang="ja">');
    expect(notice.text).toContain('場所：実験台');
    expect(linkIn(notice)).toBe('no link');
    const report = await arrivedMail(cluster, centre, 0);
    expect(report.text).toContain(who.loginId);
    // Neither the log nor the database holds what opens the page.
    const token = link.slice('/not-me/'.length);
    const held = JSON.stringify([
      await db.selectFrom('mails').selectAll().execute(),
      await db.selectFrom('notice_links').selectAll().execute(),
      await db.selectFrom('audit_events').selectAll().execute(),
    ]);
    for (const text of [held, log.text()]) expect(text).not.toContain(token.slice(22));
    expect(log.lines().some(({ event, route }) => event === 'request' && route === '/not-me/:token')).toBe(
      true,
    );
    // The owner signs in again, with the factor that is still theirs.
    await claimsAt(...(await signedInAgain(who)));
  });
  async function signedInAgain(who: Person): Promise<[UserAgent, Awaited<ReturnType<UserAgent['submit']>>]> {
    const browser = new UserAgent(cluster);
    const before = cluster.smtp.mails.length;
    const page = await browser.submit(await browser.password(who.loginId), { action: 'use-mail' });
    return [browser, await browser.submit(page, { code: await cluster.mailedCode(who.address, before) })];
  }

  test('A36: twenty presses at once on two nodes are one, and further ones show what was done', async () => {
    const { id, link } = await told(cluster, db);
    const browser = new UserAgent(cluster);
    const page = await browser.open(link);
    const cookie = await browser.jar.getCookieString(cluster.issuer);
    const request = (node: number) => ({
      url: `${cluster.nodes[node]?.url ?? ''}${link}`,
      headers: { host: new URL(cluster.issuer).host, cookie, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(browser.fields(page)).toString(),
    });
    const answers = await burst(Array.from({ length: 20 }, (_, index) => request(index % 2)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
    const { events, mails } = await stateOf(db, id);
    expect(events).toHaveLength(1);
    // What is written in one transaction has one time.
    expect(mails.map(({ kind, to_address }) => `${kind} ${to_address === centre}`).toSorted()).toEqual([
      'not-me-report true',
      'notice false',
      'notice false',
    ]);
    // A used link opens to what has become of it, and its form does nothing more, also after the freeze.
    await sql`update accounts set changes_frozen_until = null where id = ${id}`.execute(db);
    expect((await browser.submit(page)).page).toBe('not-me-done');
    expect(await stateOf(db, id)).toMatchObject({ frozen: null, events: [{}] });
  });

  test('A36: of two who were told, each has a link of their own', async () => {
    const { id, links } = await told(cluster, db, { kind: 'mail-changed', alsoTo: ['earlier@mail.example'] });
    expect(links).toHaveLength(2);
    const press = async (path: string): Promise<string> => {
      const browser = new UserAgent(cluster);
      return (await browser.submit(await browser.open(path))).page;
    };
    for (const link of links) expect(await press(link)).toBe('not-me-done');
    expect((await stateOf(db, id)).events).toHaveLength(2);
  });

  test('A36: an altered, cut, foreign or expired link is told apart, on GET and on POST, and does nothing', async () => {
    const { id, link } = await told(cluster, db);
    const browser = new UserAgent(cluster);
    const page = await browser.open(link);
    const altered = alteredLinks(link);
    const visit = async (
      path: string,
      form?: Record<string, string>,
    ): Promise<[number, string | undefined]> => {
      const answer = await browser.request(path, form === undefined ? {} : { form });
      return [answer.status, answer.fault];
    };
    for (const wrong of altered) expect(await visit(wrong)).toEqual([404, 'notice_link_invalid']);
    for (const wrong of [altered[3] ?? '', altered[43] ?? ''])
      expect(await visit(wrong, browser.fields(page))).toEqual([404, 'notice_link_invalid']);
    await sql`update notice_links set expires_at = now() where account_id = ${id}`.execute(db);
    for (const form of [undefined, browser.fields(page)])
      expect(await visit(link, form)).toEqual([410, 'notice_link_expired']);
    expect(await stateOf(db, id)).toMatchObject(untouched);
  });

  test('R38: only the page’s own form acts, sent by the browser that was shown it', async () => {
    const { id, link } = await told(cluster, db);
    const browser = new UserAgent(cluster);
    const page = await browser.open(link);
    const other = new UserAgent(cluster);
    const others = await other.open((await told(cluster, db)).link);
    const stranger = new UserAgent(cluster);
    const csrf = browser.fields(page).csrf ?? '';
    const tries: [UserAgent, Record<string, string>, Record<string, string>][] = [
      [browser, { action: 'continue' }, {}],
      [browser, { action: 'continue', csrf: '' }, {}],
      [browser, { action: 'cancel', csrf }, {}],
      [browser, other.fields(others), {}],
      [stranger, browser.fields(page), {}],
      [browser, browser.fields(page), { 'sec-fetch-site': 'cross-site' }],
      [browser, browser.fields(page), { origin: 'https://evil.example', 'sec-fetch-site': '' }],
    ];
    for (const [who, form, headers] of tries) {
      const { status, fault } = await who.request(link, { form, headers });
      expect([400, 403]).toContain(status);
      expect(['form_token_invalid', 'cross_site_request', 'action_unknown']).toContain(fault);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect((await browser.request(link, { method })).status).toBe(405);
    expect(await stateOf(db, id)).toMatchObject(untouched);
    // A browser without Sec-Fetch-Site says Origin: null for a page that sends no referrer.
    const headers = { origin: 'null', 'sec-fetch-site': '' };
    expect((await browser.submit(page, {}, { headers })).page).toBe('not-me-done');
  });

  test('R10, R19: the link about a code for an unproven address voids that code and nothing else', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(db, who);
    const { browser: signedIn } = await signInWithApp(cluster, who);
    const fresh = await person(cluster);
    const browser = new UserAgent(cluster);
    const codePage = await browser.submit(await browser.password(fresh.loginId), { email: fresh.address });
    expect(codePage.page).toBe('set-up-mail-code');
    const link = linkIn(await arrivedMail(cluster, fresh.address, 0));
    const addressee = new UserAgent(cluster);
    const page = await addressee.open(link);
    expect(page.body).toContain(`p•••${fresh.loginId.slice(-2)}`);
    const done = await addressee.submit(page);
    expect(done.html.querySelector('h1')?.text).toBe('Done: the code is no longer valid');
    const refused = await browser.submit(codePage, { code: await cluster.mailedCode(fresh.address) });
    expect(refused.callback).toBeUndefined();
    const freshId = await accountId(db, fresh);
    expect(await stateOf(db, freshId)).toMatchObject({
      frozen: null,
      events: [{ details: { about: 'set-up-code' } }],
    });
    expect((await stateOf(db, freshId)).mails.map(({ kind }) => kind)).toEqual(['set-up-code']);
    // Nobody else's sign-in ends, and the login goes on with a new code.
    expect((await signedIn.open(signedIn.authorizeUrl())).callback).toBeDefined();
    expect(await stateOf(db, id)).toMatchObject(untouched);
  });

  test('D11: the first browser of an account is told to nobody, the next one by mail, with a working link', async () => {
    const who = await person(cluster, { mail: true, app: true });
    const first = new UserAgent(cluster);
    const signIn = async (
      browser: UserAgent,
      step: number,
      headers: Record<string, string> = {},
    ): Promise<Answer> => {
      const page = await browser.follow(await browser.request(browser.authorizeUrl(), { headers }));
      const credentials = { login_id: who.loginId, password: testPassword };
      const codePage = await browser.submit(page, credentials, { headers });
      return browser.request(codePage.url.pathname, {
        form: browser.fields(codePage, { code: appCode(step) }),
        headers,
      });
    };
    const answer = await signIn(first, -1);
    const cookie = answer.setCookie.find((line) => line.startsWith('nijo-known='));
    expect(cookie).toMatch(/^nijo-known=[\w-]{43}\.[\w-]{43}; path=\/; expires=.*; samesite=lax; httponly$/i);
    const phone = { 'user-agent': 'Mozilla/5.0 (iPhone) Version/26.0 Safari/604.1' };
    expect((await signIn(new UserAgent(cluster), 0, phone)).status).toBe(303);
    const mail = await arrivedMail(cluster, who.address, 0);
    expect(mail.subject).toContain('Your ID was used with a new browser');
    expect(mail.text).toContain('Device: Safari on iPhone');
    expect(mail.text).toContain('Place: Test bench');
    const page = await first.open(linkIn(mail));
    expect(page.html.querySelector('[data-about]')?.text).toBe('Your ID was used with a new browser');
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CookieJar } from 'tough-cookie';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { addSubject, codeIn, gained, nothing, recordsOf, resumePath, type Subject } from './support.ts';

describeOnEveryDatabase('whose browser it is', (open) => {
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

  const copyOf = async (browser: UserAgent, node = 1): Promise<UserAgent> =>
    new UserAgent(cluster, { node, jar: CookieJar.deserializeSync(await browser.jar.serialize()) });
  const cookie = async (browser: UserAgent, name: string, path = '/'): Promise<string | undefined> =>
    (await browser.jar.getCookies(new URL(path, cluster.issuer).href)).find(({ key }) => key === name)?.value;
  /** Puts cookies of one browser into another, as a sibling host name could (RFC 6265 §8.6). */
  async function plant(from: UserAgent, to: UserAgent, path: string, names: RegExp): Promise<void> {
    const { href } = new URL(path, cluster.issuer);
    for (const each of await from.jar.getCookies(href)) {
      if (names.test(each.key)) await to.jar.setCookie(each.toString(), href);
    }
  }
  async function finishMail(browser: UserAgent, page: Arrival, subject: Subject): Promise<Arrival> {
    return browser.submit(page, { code: await cluster.mailedCode(subject.address) });
  }
  /** The provider ends the session of another account by a form that the browser sends on. */
  async function follow(browser: UserAgent, answer: Arrival): Promise<Arrival> {
    if (answer.page !== 'continue') return answer;
    const form = answer.html.querySelector('form#page-form');
    const action = new URL(form?.getAttribute('action') ?? '', answer.url);
    return browser.follow(await browser.request(action.pathname, { form: browser.fields(answer) }));
  }
  /** Who a browser is to a service, without asking it anything. */
  async function whoIs(browser: UserAgent): Promise<string> {
    const { callback } = await browser.start('ordinary', { prompt: 'none' });
    const error = callback?.searchParams.get('error');
    if (error !== null && error !== undefined) return error;
    const { claims } = await browser.redeem(callback as URL, 'ordinary');
    return String(claims.sub);
  }

  test('A26: the session changes at login and step-up; what was there before is nobody', async () => {
    const subject = await addSubject(cluster, { mail: true, app: true });
    const browser = new UserAgent(cluster);
    const first = await browser.start('ordinary');
    const beforeLogin = await copyOf(browser);
    const ids = [await cookie(browser, 'nijo-session')];
    const { callback } = await browser.submit(first, {
      login_id: subject.loginId,
      password: 'correct-Horse-Battery-7',
    });
    expect(callback?.searchParams.has('code')).toBe(true);
    ids.push(await cookie(browser, 'nijo-session'));
    const beforeStepUp = await copyOf(browser);

    const factor = await browser.start('important');
    expect(factor.page).toBe('app-code');
    const done = await browser.submit(factor, { code: appCode() });
    expect(codeIn(done)).toEqual(expect.any(String));
    ids.push(await cookie(browser, 'nijo-session'));
    expect(ids[1]).toEqual(expect.any(String));
    expect(new Set(ids).size).toBe(3);

    expect(await whoIs(browser)).toBe(subject.accountId);
    expect(await whoIs(beforeLogin)).toBe('login_required');
    expect(await whoIs(beforeStepUp)).toBe('login_required');
  });

  test('A26: a session planted in the victim’s browser never becomes the victim’s', async () => {
    const [victim, attacker] = [await addSubject(cluster, { mail: true }), await addSubject(cluster)];
    const evil = new UserAgent(cluster);
    expect((await evil.password(attacker.loginId, 'ordinary')).callback?.searchParams.has('code')).toBe(true);

    const browser = new UserAgent(cluster, { node: 1 });
    await plant(evil, browser, '/', /^nijo-session/);
    const page = await browser.password(victim.loginId, 'important', { prompt: 'login' });
    expect(page.page).toBe('mail-code');
    const { callback } = await follow(browser, await finishMail(browser, page, victim));
    expect(await cookie(browser, 'nijo-session')).not.toBe(await cookie(evil, 'nijo-session'));
    expect(await whoIs(evil)).not.toBe(victim.accountId);
    expect(await whoIs(browser)).toBe(victim.accountId);
    expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: victim.accountId });
  });

  test('A26: a browser cookie that somebody made up or planted is no key to the victim’s login', async () => {
    const victim = await addSubject(cluster, { mail: true });
    const [evil, browser] = [new UserAgent(cluster), new UserAgent(cluster)];
    const { href } = new URL('/', cluster.issuer);
    await browser.jar.setCookie(`nijo-browser=${'A'.repeat(43)}; Path=/`, href);
    const own = await browser.start();
    expect(await cookie(browser, 'nijo-browser')).not.toContain('AAAA');
    expect(own.page).toBe('sign-in');

    await evil.start();
    await plant(evil, browser, '/', /^nijo-browser/);
    const page = await browser.password(victim.loginId);
    const before = await recordsOf(cluster, victim);
    // The attacker knows the browser cookie and the address of the login, but not the login's own cookie.
    for (const path of [page.url.pathname, resumePath(page)]) {
      const answer = await evil.open(path);
      expect([answer.status, answer.page, codeIn(answer)]).toEqual([400, 'error', undefined]);
    }
    const form = { ...evil.fields(page), code: await cluster.mailedCode(victim.address) };
    const posted = await evil.follow(await evil.request(page.url.pathname, { form }));
    expect([posted.status, codeIn(posted)]).toEqual([400, undefined]);
    expect(gained(before, await recordsOf(cluster, victim))).toEqual(nothing);
  });

  test('A27: the form of one tab sent with the cookies of another is refused, and both can go on', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const browser = new UserAgent(cluster);
    const one = await browser.password(subject.loginId);
    const two = await browser.start();
    const cookies = await browser.jar.getCookieString(two.url.href);
    const code = await cluster.mailedCode(subject.address);
    const swapped = await browser.follow(await browser.post(one, { code }, { headers: { cookie: cookies } }));
    expect([swapped.status, swapped.page, swapped.fault]).toEqual([400, 'error', 'interaction_foreign']);
    expect(swapped.html.querySelector('a[href="http://127.0.0.1:9/start"]')).not.toBeNull();
    const shown = await browser.request(one.url.pathname, { headers: { cookie: cookies } });
    expect([shown.status, shown.fault]).toEqual([400, 'interaction_foreign']);

    expect((await browser.open(two.url.pathname)).page).toBe('sign-in');
    expect(codeIn(await browser.submit(one, { code }))).toEqual(expect.any(String));
  });

  test('A27: a link into somebody else’s login shows a page that helps, and shows nothing of that login', async () => {
    const attacker = await addSubject(cluster, { mail: true });
    const evil = new UserAgent(cluster);
    const page = await evil.password(attacker.loginId);
    const victim = new UserAgent(cluster, { node: 1 });
    const opened = await victim.open(page.url.pathname);
    expect([opened.status, opened.fault]).toEqual([400, 'interaction_expired']);
    expect(opened.body).not.toContain(attacker.loginId);
    expect(opened.html.querySelector('a[href="http://127.0.0.1:9/start"]')).not.toBeNull();
  });

  test('A27: the attacker’s login with its password given, planted in the victim’s browser, is refused there', async () => {
    const attacker = await addSubject(cluster, { mail: true });
    const evil = new UserAgent(cluster);
    const page = await evil.password(attacker.loginId);
    const victim = new UserAgent(cluster, { node: 1 });
    await victim.start();
    await plant(evil, victim, page.url.pathname, /^nijo-interaction/);
    const before = await recordsOf(cluster, attacker);
    const opened = await victim.open(page.url.pathname);
    expect([opened.status, opened.fault]).toEqual([400, 'interaction_foreign']);
    const posted = await victim.follow(
      await victim.post(page, { code: await cluster.mailedCode(attacker.address) }),
    );
    expect([posted.status, posted.page]).toEqual([403, 'error']);
    expect(gained(before, await recordsOf(cluster, attacker))).toEqual(nothing);
    expect(codeIn(await evil.submit(page, { code: await cluster.mailedCode(attacker.address) }))).toEqual(
      expect.any(String),
    );
  });

  test('A27, C21: a login that the attacker began and the victim finished is of no use to the attacker', async () => {
    const victim = await addSubject(cluster, { mail: true });
    const evil = new UserAgent(cluster);
    const begun = await evil.start();
    const browser = new UserAgent(cluster, { node: 1 });
    await plant(evil, browser, begun.url.pathname, /^nijo-interaction/);
    const opened = await browser.open(begun.url.pathname);
    expect(opened.page).toBe('sign-in');
    const factor = await browser.submit(opened, {
      login_id: victim.loginId,
      password: 'correct-Horse-Battery-7',
    });
    // The victim gives everything; the login's result is recorded.
    const finished = await browser.post(factor, { code: await cluster.mailedCode(victim.address) });
    expect(finished.headers.location).toContain('/authorize/');
    const before = await recordsOf(cluster, victim);
    for (const node of [0, 1]) {
      const stolen = await evil.follow(await evil.request(resumePath(begun), { node }));
      expect([stolen.status, stolen.page, codeIn(stolen)]).toEqual([400, 'error', undefined]);
    }
    expect(await whoIs(evil)).toBe('login_required');
    expect(gained(before, await recordsOf(cluster, victim))).toEqual(nothing);
  });

  test('A27: a login that the attacker has finished cannot be slipped to the victim (login CSRF)', async () => {
    const attacker = await addSubject(cluster, { mail: true });
    const evil = new UserAgent(cluster);
    const page = await evil.password(attacker.loginId);
    await evil.post(page, { code: await cluster.mailedCode(attacker.address) });
    const victim = new UserAgent(cluster, { node: 1 });
    await victim.start();
    await plant(evil, victim, page.url.pathname, /^nijo-interaction/);
    await plant(evil, victim, resumePath(page), /^nijo-resume/);
    const slipped = await victim.open(resumePath(page));
    expect([slipped.status, slipped.fault, codeIn(slipped)]).toEqual([400, 'interaction_foreign', undefined]);
    expect(await whoIs(victim)).toBe('login_required');
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { CookieJar } from 'tough-cookie';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { appCode, type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { type Arrival, UserAgent } from '../support/user-agent.ts';
import { arrivedMail } from '../login/visits.ts';
import { addSubject, burstForms, countOf, recordsOf, type Subject, testLog } from './support.ts';

const days: Record<string, number> = { important: 30, optional: 1, ordinary: 0 };
const clients = [
  ...testClients.map((client) => ({
    ...client,
    second_factor: 'required',
    trusted_browser_days: days[client.client_id],
  })),
  { ...testClients[2], client_id: 'lax', second_factor: 'off' },
];
/** A room of shared computers, and the proxy in front of the nodes. */
const shared = '127.0.0.9';
const proxy = '127.0.0.8';
const isTrust = (key: string): boolean => key.startsWith('nijo-trust-');

describeOnEveryDatabase('trusted browsers, attacked', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      clients,
      logger: log.logger,
      config: {
        trusted_browsers: { never_from: [shared] },
        server: { trusted_proxies: [proxy] },
      },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const cookiesOf = (agent: UserAgent) => agent.jar.getCookies(cluster.issuer);
  /** Another browser, or the same one on another day: what it has is this one's trust and nothing else. */
  async function withTrustOf(agent: UserAgent, node = 0): Promise<UserAgent> {
    const jar = new CookieJar();
    for (const cookie of await cookiesOf(agent))
      if (isTrust(cookie.key)) await jar.setCookie(cookie.toString(), cluster.issuer);
    return new UserAgent(cluster, { jar, node });
  }
  const trustOf = async (agent: UserAgent): Promise<string | undefined> =>
    (await cookiesOf(agent)).find(({ key }) => isTrust(key))?.value;
  async function setTrust(agent: UserAgent, change: (value: string) => string): Promise<void> {
    const [cookie] = (await cookiesOf(agent)).filter(({ key }) => isTrust(key));
    const parts = cookie?.toString().split(';') ?? [];
    await agent.jar.setCookie(
      [`${cookie?.key}=${change(cookie?.value ?? '')}`, ...parts.slice(1)].join(';'),
      cluster.issuer,
    );
  }
  const pass = async (subject: Subject, seconds: number): Promise<void> => {
    const ago = sql`make_interval(secs => ${seconds})`;
    await sql`update trusted_browsers set created_at = created_at - ${ago}, rotated_at = rotated_at - ${ago},
      seen_at = seen_at - ${ago}, expires_at = expires_at - ${ago}
      where account_id = ${subject.accountId}`.execute(database.db);
    // Every code works once, and each test signs in with more than a step has.
    await sql`update app_factors set last_step = 0 where account_id = ${subject.accountId}`.execute(
      database.db,
    );
  };
  /** An account with an app, and a browser it trusts from a minute ago. */
  async function trusting(client = 'important'): Promise<{ subject: Subject; agent: UserAgent }> {
    const subject = await addSubject(cluster, { app: true, mail: true });
    const agent = new UserAgent(cluster);
    const page = await agent.password(subject.loginId, client);
    expect([page.page, page.html.querySelector('input[name=trust_browser]') !== null]).toEqual([
      'app-code',
      true,
    ]);
    const arrival = await agent.submit(page, { code: appCode(), trust_browser: 'yes' });
    expect(arrival.callback).toBeDefined();
    expect(await trustOf(agent)).toBeDefined();
    await pass(subject, 61);
    return { subject, agent };
  }
  /** The page that a login ended at, or the acr the service was told. */
  async function reached(agent: UserAgent, arrival: Arrival, client = 'important'): Promise<string> {
    if (arrival.callback === undefined) return arrival.page;
    const error = arrival.callback.searchParams.get('error');
    if (error !== null) return error;
    const { claims } = await agent.redeem(arrival.callback, client);
    return `${String(claims.acr)} ${JSON.stringify(claims.amr)}`;
  }
  const passwordOnly = 'urn:nijo:acr:password ["pwd"]';
  const signIn = async (
    agent: UserAgent,
    { loginId }: Subject,
    client = 'important',
    parameters: Record<string, string> = {},
  ) => reached(agent, await agent.password(loginId, client, parameters), client);
  const thefts = async (subject: Subject) =>
    countOf(await recordsOf(cluster, subject), 'browser.trust-theft');

  test('R31: the password is enough in a trusted browser, on every node, and the service is told so', async () => {
    const { subject, agent } = await trusting();
    for (const node of [1, 0, 1]) {
      const later = await withTrustOf(agent, node);
      const before = await trustOf(later);
      expect(await signIn(later, subject)).toBe(passwordOnly);
      expect(await trustOf(later)).not.toBe(before);
      // The session is worth as much as the password: within it the policy asks again, by the same rule.
      expect(await reached(later, await later.start('important'))).toBe(passwordOnly);
      await pass(subject, 61);
      for (const cookie of await cookiesOf(later))
        if (isTrust(cookie.key)) await agent.jar.setCookie(cookie, cluster.issuer);
    }
    expect(await thefts(subject)).toBe(0);
  });

  test('R31: a service that does not allow it asks for the factor, at once and within the session', async () => {
    const { subject, agent } = await trusting();
    const later = await withTrustOf(agent);
    expect(await signIn(later, subject, 'ordinary')).toBe('app-code');
    const other = await withTrustOf(agent, 1);
    expect(await signIn(other, subject)).toBe(passwordOnly);
    const step = await other.start('ordinary');
    expect(step.page).toBe('app-code');
    expect(step.html.querySelector('input[name=trust_browser]')).toBeNull();
    // The tick is no word of the browser's own: where it is not offered it does nothing.
    const arrival = await other.submit(step, { code: appCode(), trust_browser: 'yes' });
    expect(await reached(other, arrival, 'ordinary')).toContain('"otp"');
    expect(countOf(await recordsOf(cluster, subject), 'browser.trusted')).toBe(1);
    // One that allows a day takes no older trust.
    const day = await withTrustOf(other);
    expect(await signIn(day, subject, 'optional')).toBe(passwordOnly);
    await pass(subject, 2 * 86_400);
    expect(await reached(day, await day.start('optional'), 'optional')).toBe('app-code');
    expect(await signIn(await withTrustOf(day), subject, 'optional')).toBe('app-code');
    expect(await reached(day, await day.start('important'))).toBe(passwordOnly);
  });

  test('R31: whoever asks for something fresh gets it, at the password and within the session', async () => {
    const { subject, agent } = await trusting();
    const session = await withTrustOf(agent);
    expect(await signIn(session, subject)).toBe(passwordOnly);
    const acr = 'https://refeds.org/profile/mfa';
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: [acr] } } });
    const fresh: Record<string, string>[] = [
      { prompt: 'login' },
      { max_age: '0' },
      { max_age: '86400' },
      { acr_values: acr },
      { claims },
    ];
    for (const parameters of fresh) {
      const before = await trustOf(session);
      const page = await (await withTrustOf(session)).password(subject.loginId, 'important', parameters);
      expect([parameters, page.page]).toEqual([parameters, 'app-code']);
      expect(page.html.querySelector('input[name=trust_browser]')).toBeNull();
      const arrived = await session.start('important', parameters);
      expect([parameters, arrived.page]).toEqual([parameters, expect.stringMatching(/^(sign-in|app-code)$/)]);
      expect(await trustOf(session)).toBe(before);
    }
    const silent = await session.start('important', { prompt: 'none', acr_values: acr });
    expect(await reached(session, silent)).toBe('interaction_required');
  });

  test('R31, A07: nobody is trusted in a network that is listed, and no header says where one is', async () => {
    const { subject, agent } = await trusting();
    const at = async (localAddress: string, forwarded?: string): Promise<string> => {
      const later = await withTrustOf(agent);
      const send = later.request.bind(later);
      const headers: Record<string, string> =
        forwarded === undefined
          ? {}
          : { 'x-forwarded-for': forwarded, forwarded: `for=${forwarded}`, 'x-real-ip': forwarded };
      later.request = (path, options) =>
        send(path, { ...options, localAddress, headers: { ...headers, ...options?.headers } });
      const first = await signIn(later, subject);
      if (first !== passwordOnly) return first;
      // Within the session the network is asked again: here, somebody takes the laptop to the room.
      later.request = (path, options) => send(path, { ...options, localAddress: shared });
      return `${first} then ${await reached(later, await later.start('important'))}`;
    };
    expect(await at(shared)).toBe('app-code');
    expect(await at(shared, '127.0.0.1')).toBe('app-code');
    expect(await at(proxy, shared)).toBe('app-code');
    expect(await at(proxy, `127.0.0.1, ${shared}`)).toBe('app-code');
    expect(await at('127.0.0.1', shared)).toBe(`${passwordOnly} then app-code`);
  });

  test('R31: a cookie that was altered, made up or is another account’s is worth nothing', async () => {
    const { subject, agent } = await trusting();
    const { subject: another, agent: anothers } = await trusting();
    const flip = (value: string, at: number): string =>
      value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1);
    const value = (await trustOf(agent)) ?? '';
    const foreign = (await trustOf(anothers)) ?? '';
    for (const change of [
      ...[0, 10, 22, 40, 64, 66, 80].map((at) => (text: string) => flip(text, at)),
      () => value.split('.')[0] ?? '',
      () => foreign,
      () => `${foreign.split('.')[0]}.${value.split('.')[1]}`,
      () => `${value.slice(0, 22)}${foreign.slice(22, 65)}.${value.split('.')[1]}`,
      () => 'A'.repeat(5000),
    ]) {
      const later = await withTrustOf(agent);
      await setTrust(later, change);
      expect(await signIn(later, subject)).toBe('app-code');
    }
    expect(await signIn(await withTrustOf(anothers), subject)).toBe('app-code');
    // None of it was a secret of ours, so none of it ends anything; and both users share one browser.
    for (const cookie of await cookiesOf(anothers))
      if (isTrust(cookie.key)) await agent.jar.setCookie(cookie, cluster.issuer);
    expect(await signIn(await withTrustOf(agent), subject)).toBe(passwordOnly);
    expect(await signIn(await withTrustOf(agent), another)).toBe(passwordOnly);
  });

  test('R31: trust is no session, no password and no login: without the password it opens nothing', async () => {
    const { subject, agent } = await trusting();
    const later = await withTrustOf(agent);
    expect(await reached(later, await later.start('important'))).toBe('sign-in');
    expect(await reached(later, await later.start('important', { prompt: 'none' }))).toBe('login_required');
    const page = await later.start('important');
    for (const password of ['', 'wrong', `${testPassword} `]) {
      const answer = await later.submit(page, { login_id: subject.loginId, password });
      expect([answer.page, answer.callback]).toEqual(['sign-in', undefined]);
    }
    expect((await later.open(page.url.pathname.replace('/interaction/', '/authorize/'))).page).toBe(
      'sign-in',
    );
    expect((await later.open('/account')).page).not.toBe('account');
    expect(countOf(await recordsOf(cluster, subject), 'browser.trust-used')).toBe(0);
  });

  test('R31, A07: a stolen cookie: whoever comes second ends it for both, with the user told', async () => {
    const { subject, agent } = await trusting();
    const [first, second] = [await withTrustOf(agent, 0), await withTrustOf(agent, 1)];
    expect(await signIn(first, subject)).toBe(passwordOnly);
    await pass(subject, 61);
    expect(await signIn(second, subject)).toBe('app-code');
    expect([await trustOf(second), await thefts(subject)]).toEqual([undefined, 1]);
    // Also in the middle of a session, and with the secret that was good a moment ago.
    expect(await reached(first, await first.start('important'))).toBe('app-code');
    expect(await signIn(await withTrustOf(first), subject)).toBe('app-code');
    const notice = await arrivedMail(cluster, subject.address, 1);
    expect(notice.subject).toContain('no longer trusted');
  });

  test('R31: 20 logins at once on two nodes are one browser; 20 with an old secret are one theft', async () => {
    const { subject, agent } = await trusting();
    const later = await withTrustOf(agent);
    const pages = await later.start('important');
    const form = { login_id: subject.loginId, password: testPassword };
    const answers = await burstForms(
      later,
      pages,
      Array.from({ length: 20 }, () => form),
    );
    // 303: to the service; 409, 400: the same login, finished already.
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    expect(answers.filter(({ setCookie }) => setCookie.some((line) => isTrust(line)))).toHaveLength(1);
    expect(await thefts(subject)).toBe(0);
    await later.follow(await later.request(pages.url.pathname));
    await pass(subject, 61);
    await signIn(await withTrustOf(later), subject);
    await pass(subject, 61);
    const thief = await withTrustOf(agent, 1);
    await burstForms(
      thief,
      await thief.start('important'),
      Array.from({ length: 20 }, () => form),
    );
    expect(await thefts(subject)).toBe(1);
  });

  test('R31, A55: nothing of it survives that the account is disabled', async () => {
    const { subject, agent } = await trusting();
    const later = await withTrustOf(agent);
    expect(await signIn(later, subject)).toBe(passwordOnly);
    await disableAccount(database.db, subject.accountId, 'test');
    expect(await reached(later, await later.start('important'))).toBe('sign-in');
    expect(await signIn(await withTrustOf(later, 1), subject)).toBe('sign-in');
    await enableAccount(database.db, subject.accountId, 'test');
    expect(await signIn(await withTrustOf(later), subject)).toBe('app-code');
  });

  testLog(() => log);
});

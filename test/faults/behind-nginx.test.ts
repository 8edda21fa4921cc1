import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { addSubject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freePort } from '../support/free-port.ts';
import { documentedNginx, nginxIsThere, type Nginx, startDocumentedNginx } from '../support/nginx.ts';
import { type ServedNode, type ServedNodeSettings, startServedNode } from '../support/served-nodes.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';

test('S23: the documented nginx hands no page of ours on to another node', () => {
  const directive = /proxy_next_upstream ([^;]*);/.exec(documentedNginx())?.[1];
  expect(directive?.split(/\s+/).filter((word) => word.startsWith('http_'))).toEqual([]);
});

const describeWithNginx = nginxIsThere ? describe : describe.skip;

describeWithNginx('S23: two nodes behind the documented nginx', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let cluster: Cluster;
  let settings: ServedNodeSettings[];
  const nodes: ServedNode[] = [];
  let nginx: Nginx;
  const issuer = 'http://localhost';
  const secret = randomBytes(48).toString('base64');
  beforeAll(async () => {
    database = await openTestPostgres();
    const { hostname, port } = new URL(database.url ?? '');
    proxy = await startFaultProxy({ host: hostname, port: Number(port) });
    cluster = await startCluster(database, { issuer, config: { secrets: { current: secret } } });
    await cluster.nodes[0]?.nijo.stop();
    settings = [await freePort(), await freePort()].map((free) => ({
      issuer,
      port: free,
      databaseUrl: proxy.through(database.url ?? ''),
      smtpUrl: cluster.smtp.url,
      secret,
      drainSeconds: 1,
    }));
    nodes.push(...settings.map(startServedNode));
    await Promise.all(nodes.map((node) => node.ready()));
    nginx = await startDocumentedNginx(nodes.map(({ url }) => url));
  }, 60_000);
  afterEach(() => proxy.set({ mode: 'pass' }));
  afterAll(async () => {
    await nginx.close();
    await Promise.all(nodes.map((node) => node.close()));
    await proxy.close();
    await cluster.smtp.close();
    await database.close();
  });

  const throughNginx = (): UserAgent => new UserAgent({ issuer, nodes: [{ url: nginx.url }] });
  test('S20: too many cookies lead to our own page, and take no node out', async () => {
    for (const size of [12_000, 20_000, 30_000, 20_000, 20_000, 20_000]) {
      const answer = await throughNginx().request('/', { headers: { cookie: `c=${'v'.repeat(size)}` } });
      expect([size, answer.status, answer.page]).toEqual(
        size < 16_000 ? [size, 200, 'home'] : [size, 431, 'error'],
      );
    }
    expect(nginx.errors()).not.toMatch(/no live upstreams|upstream prematurely|reset by peer/);
    await signsIn();
  });

  test('S12: strangers who loop a page for everybody, quick or stuck, keep nobody from signing in', async () => {
    const work = async (): Promise<number[]> => {
      const answers: number[] = [];
      let over = false;
      const strangers = [1, 2, 3, 4].map(async () => {
        while (!over) answers.push((await throughNginx().request('/help/support')).status);
      });
      try {
        for (let login = 0; login < 5; login += 1) await signsIn();
      } finally {
        over = true;
        await Promise.all(strangers);
      }
      return answers;
    };
    const quick = await work();
    // Nobody gets the calendar: each of these pages waits for the database, and then says so.
    const stuck = await database.db.transaction().execute(async (trx) => {
      await sql`lock table desk_calendar in access exclusive mode`.execute(trx);
      return work();
    });
    expect(Math.min(quick.length, stuck.length)).toBeGreaterThan(0);
    expect(quick.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(stuck.filter((status) => status !== 503 && status !== 429)).toEqual([]);
    expect(nginx.errors()).not.toMatch(/no live upstreams/);
  });

  async function signsIn(): Promise<void> {
    const subject = await addSubject(cluster, { app: true });
    const browser = throughNginx();
    const { callback } = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: subject.accountId });
  }
  /** A service that asks for tokens with a code that nobody has. */
  const askForToken = (): Promise<Answer> =>
    throughNginx().request('/token', {
      fromPage: false,
      headers: {
        authorization: `Basic ${btoa('important:important-secret-with-enough-characters-0123456789')}`,
      },
      form: {
        grant_type: 'authorization_code',
        code: randomBytes(20).toString('hex'),
        redirect_uri: 'http://127.0.0.1:9/callback',
      },
    });

  test('S23: while the database is away, everybody meets the page that says what to do, and afterwards a sign-in works', async () => {
    await signsIn();
    proxy.set({ mode: 'refuse' });
    const answers: Answer[] = [];
    for (let round = 0; round < 5; round += 1) {
      const browsers = Array.from({ length: 8 }, throughNginx);
      answers.push(
        ...(await Promise.all(browsers.map((browser) => browser.request(browser.authorizeUrl())))),
      );
    }
    expect(new Set(answers.map(({ status, page, fault }) => `${status} ${page} ${fault}`))).toEqual(
      new Set(['503 error temporarily_unavailable']),
    );
    expect(answers.every(({ headers }) => Number(headers['retry-after']) > 0)).toBe(true);
    const token = await askForToken();
    expect([token.status, JSON.parse(token.body)]).toMatchObject([503, { error: 'temporarily_unavailable' }]);
    proxy.set({ mode: 'pass' });
    await Promise.all(nodes.map((node) => node.ready()));
    await signsIn();
  }, 60_000);

  test('S23, S12: pages that wait for the database until they fail take no node out', async () => {
    await database.db.transaction().execute(async (trx) => {
      await sql`lock table desk_days, desk_calendar in access exclusive mode`.execute(trx);
      const slow = Array.from({ length: 8 }, () => throughNginx().request('/help/support'));
      for (let round = 0; round < 2; round += 1) await signsIn();
      for (const { status } of await Promise.all(slow)) expect([200, 429, 503]).toContain(status);
    });
    expect(nginx.errors()).not.toContain('no live upstreams');
    await signsIn();
  }, 60_000);

  test('S23, F03: both nodes stopped and started under load: no answer is lost, at /token neither', async () => {
    let busy = true;
    const statuses = new Map<string, number>();
    const count = (what: string): void => void statuses.set(what, (statuses.get(what) ?? 0) + 1);
    const load = async (): Promise<void> => {
      while (busy) {
        await askForToken().then(
          ({ status }) => count(`token ${status}`),
          (error: unknown) => count(`token ${String(error)}`),
        );
        await throughNginx()
          .request('/jwks')
          .then(
            ({ status }) => count(`jwks ${status}`),
            (error: unknown) => count(`jwks ${String(error)}`),
          );
      }
    };
    const loads = Array.from({ length: 12 }, load);
    for (let round = 0; round < 2; round += 1) {
      for (const index of [0, 1]) {
        nodes[index]?.signal('SIGTERM');
        expect(await nodes[index]?.ended).toBe(0);
        await pause(300);
        nodes[index] = startServedNode(settings[index]!);
        await nodes[index]?.ready();
        // nginx looks at it again after `fail_timeout`.
        await pause(5500);
      }
    }
    busy = false;
    await Promise.all(loads);
    expect([...statuses.keys()].toSorted()).toEqual(['jwks 200', 'token 400']);
    expect(nginx.errors()).not.toMatch(/prematurely|reset by peer/);
  }, 120_000);

  test('S23: where no node answers at all, people are told in words, in both languages', async () => {
    for (const node of nodes) node.signal('SIGKILL');
    await Promise.all(nodes.map((node) => node.ended));
    const answer = await throughNginx().request('/account');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '10']);
    expect(answer.body).toMatch(/not available[^]*ログインできません/);
    // As they were: a test that is tried again comes after this one.
    nodes.splice(0, nodes.length, ...settings.map(startServedNode));
    await Promise.all(nodes.map((node) => node.ready()));
  });
});

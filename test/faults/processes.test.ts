import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addSubject, codeIn } from '../attacks/support.ts';
import { verify } from '../audit/helpers.ts';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import {
  readiness,
  type ServedNode,
  type ServedNodeSettings,
  startServedNode,
} from '../support/served-nodes.ts';
import { UserAgent } from '../support/user-agent.ts';

describe('nodes that end in the middle of logins', () => {
  let database: TestDatabase;
  /** Adds accounts and receives mails; its own node takes no part. */
  let cluster: Cluster;
  let settings: ServedNodeSettings[];
  const nodes: ServedNode[] = [];
  let balancer: Balancer;
  const secret = randomBytes(48).toString('base64');
  beforeAll(async () => {
    database = await openTestPostgres();
    const front = await freePort();
    const issuer = `http://127.0.0.1:${front}`;
    cluster = await startCluster(database, { issuer, config: { secrets: { current: secret } } });
    await cluster.nodes[0]?.nijo.stop();
    settings = [await freePort(), await freePort()].map((port) => ({
      issuer,
      port,
      databaseUrl: database.url ?? '',
      smtpUrl: cluster.smtp.url,
      secret,
    }));
    nodes.push(...settings.map(startServedNode));
    await Promise.all(nodes.map((node) => node.ready()));
    balancer = await startBalancer(
      front,
      nodes.map(({ url }) => url),
    );
  }, 60_000);
  afterAll(async () => {
    await balancer.close();
    await Promise.all(nodes.map((node) => node.close()));
    await cluster.smtp.close();
    await database.close();
  });

  const directly = (node: number): UserAgent => new UserAgent({ issuer: cluster.issuer, nodes }, { node });
  const throughBalancer = (): UserAgent =>
    new UserAgent({ issuer: cluster.issuer, nodes: [{ url: cluster.issuer }] });
  async function startAgain(index: number): Promise<void> {
    const node = startServedNode(settings[index]!);
    nodes[index] = node;
    await node.ready();
  }

  test('F04: a node killed between password and code: the other one finishes with the same cookies', async () => {
    const subject = await addSubject(cluster, { mail: true });
    const browser = directly(0);
    const page = await browser.password(subject.loginId);
    const code = await cluster.mailedCode(subject.address);
    nodes[0]?.signal('SIGKILL');
    expect(await nodes[0]?.ended).toBe('SIGKILL');
    browser.node = 1;
    expect((await browser.open(page.url.pathname)).page).toBe('mail-code');
    const { callback } = await browser.submit(page, { code });
    expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: subject.accountId });
    await startAgain(0);
    // What the dead node began is finished there too, once it is back.
    expect(codeIn(await directly(0).submit(page, { code }))).toBeUndefined();
  });

  test('F03: on SIGTERM ready says so first, what is in flight is answered, and the exit code is 0', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = directly(0);
    const page = await browser.start();
    const body = new URLSearchParams(
      browser.fields(page, { login_id: subject.loginId, password: testPassword }),
    ).toString();
    const { port, hostname } = new URL(nodes[0]!.url);
    const socket = connect(Number(port), hostname);
    const answered: Buffer[] = [];
    const closed = new Promise<string>((resolve) => {
      socket.on('data', (chunk: Buffer) => answered.push(chunk));
      socket.on('error', (error) => resolve(String(error)));
      socket.on('close', () => resolve('closed'));
    });
    const head = [
      `POST ${page.url.pathname} HTTP/1.1`,
      `Host: ${page.url.host}`,
      `Origin: ${page.url.origin}`,
      `Cookie: ${await browser.jar.getCookieString(page.url.href)}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, -1)}`);
    await pause(100);

    nodes[0]?.signal('SIGTERM');
    const asked = performance.now();
    let status = 200;
    while (status === 200) status = await readiness(nodes[0]!.url);
    expect([status, performance.now() - asked < 500]).toEqual([503, true]);
    // Until the balancer has noticed, whoever still comes is served …
    const late = directly(0);
    const served = await late.start();
    expect([served.status, served.page, served.headers.connection]).toEqual([200, 'sign-in', 'close']);
    // … and after that nobody new is, but what has begun is answered.
    await pause(1200);
    expect(await readiness(nodes[0]!.url)).toBe(0);
    socket.write(body.slice(-1));
    expect(await closed).toBe('closed');
    expect(Buffer.concat(answered).toString()).toMatch(/^HTTP\/1\.1 303 /);
    expect(await nodes[0]?.ended).toBe(0);
    expect(nodes[0]?.output()).toContain('"event":"stopped"');

    browser.node = 1;
    expect(codeIn(await browser.submit(await browser.open(page.url.pathname), { code: appCode() }))).toEqual(
      expect.any(String),
    );
    await startAgain(0);
  });

  test('F03: both nodes restarted one after the other while 20 people sign in: nobody notices', async () => {
    const subjects = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        addSubject(cluster, { mail: index % 2 === 0, app: index % 2 === 1 }),
      ),
    );
    await pause(300);
    balancer.failures.length = 0;
    const logIn = async (index: number): Promise<void> => {
      const subject = subjects[index]!;
      // Spread over the restarts, with the time a person takes between the pages.
      await pause(index * 150);
      const browser = throughBalancer();
      const page = await browser.password(subject.loginId);
      await pause(400);
      const code = index % 2 === 0 ? await cluster.mailedCode(subject.address) : appCode();
      const { callback } = await browser.submit(page, { code });
      await pause(100);
      const { status, claims } = await browser.redeem(callback as URL);
      expect([status, claims.sub]).toEqual([200, subject.accountId]);
    };
    const restarts = async (): Promise<void> => {
      for (const index of [0, 1]) {
        nodes[index]?.signal('SIGTERM');
        expect(await nodes[index]?.ended).toBe(0);
        await startAgain(index);
        await pause(300);
      }
    };
    await Promise.all([restarts(), ...subjects.map((_, index) => logIn(index))]);
    expect(balancer.failures).toEqual([]);
    const finished = await database.db
      .selectFrom('audit_events')
      .select('account_id')
      .where('event', '=', 'sign-in.finished')
      .where(
        'account_id',
        'in',
        subjects.map(({ accountId }) => accountId),
      )
      .execute();
    expect(finished).toHaveLength(20);
  }, 60_000);

  test('C42, D15: what killed and stopped nodes wrote is linked by those that are left, and verifies', async () => {
    let found = await verify(database.db, [], cluster.sealer);
    for (let attempt = 0; attempt < 100 && found.verified.waiting > 0; attempt += 1) {
      await pause(100);
      found = await verify(database.db, [], cluster.sealer);
    }
    expect(found.findings).toEqual([]);
    expect([found.verified.waiting, found.verified.links > 50]).toEqual([0, true]);
  });

  test('a missing database ends the start with one clear line; a missing mail server does not', async () => {
    const base = settings[0]!;
    const port = await freePort();
    const without = startServedNode({
      ...base,
      port,
      databaseUrl: `postgres://nobody:secret-word@localhost:${port}/nijo`,
    });
    const mute = startServedNode({ ...base, port: await freePort(), smtpUrl: `smtp://127.0.0.1:${port}` });
    try {
      expect(await without.ended).toBe(1);
      expect(without.output()).toMatch(/database.*(does not answer|cannot be reached)/i);
      expect(without.output()).toContain('DATABASE_URL');
      expect(without.output()).not.toContain('secret-word');
      expect(without.output()).not.toMatch(/^\s+at /m);
      await mute.ready();
      const subject = await addSubject(cluster, { app: true });
      const browser = new UserAgent({ issuer: cluster.issuer, nodes: [mute] });
      const done = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
      expect(codeIn(done)).toEqual(expect.any(String));
    } finally {
      await Promise.all([without.close(), mute.close()]);
    }
  });
});

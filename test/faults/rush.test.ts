import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { addSubject, codeIn } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { type ServedNode, startServedNode } from '../support/served-nodes.ts';
import { UserAgent } from '../support/user-agent.ts';

describeOnEveryDatabase('S28: a rush', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('S28: people who sign in all at once wait, and none of them meets an error on the way', async () => {
    const subjects = await Promise.all(Array.from({ length: 40 }, () => addSubject(cluster, { app: true })));
    const outcomes = await Promise.all(
      subjects.map(async ({ loginId, accountId }) => {
        const browser = new UserAgent(cluster);
        const page = await browser.password(loginId);
        const done = await browser.submit(page, { code: appCode() });
        if (done.callback === undefined) return `${done.status} ${done.page} ${done.fault}`;
        const { status, claims } = await browser.redeem(done.callback);
        return `${status} ${claims.sub === accountId}`;
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set(['200 true']));
  }, 60_000);
});

describe('S28: a rush at a node of its own (on Postgres)', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let node: ServedNode;
  beforeAll(async () => {
    database = await openTestPostgres();
    const port = await freePort();
    const secret = randomBytes(48).toString('base64');
    cluster = await startCluster(database, {
      issuer: `http://127.0.0.1:${port}`,
      config: { secrets: { current: secret } },
    });
    await cluster.nodes[0]?.nijo.stop();
    node = startServedNode({
      issuer: cluster.issuer,
      port,
      databaseUrl: database.url ?? '',
      smtpUrl: cluster.smtp.url,
      secret,
    });
    await node.ready();
  }, 60_000);
  afterAll(async () => {
    await node.close();
    await cluster.smtp.close();
    await database.close();
  });

  test('S28: health is answered while hundreds of requests wait to be looked at', async () => {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => opened(node.url)));
    let answered = 0;
    const { pathname, search } = new URL(new UserAgent(cluster).authorizeUrl(), cluster.issuer);
    for (const socket of sockets) {
      socket.once('data', () => {
        answered += 1;
      });
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${new URL(cluster.issuer).host}\r\n\r\n`);
    }
    while (answered === 0) await pause(1);
    const health = await opened(node.url);
    health.write('GET /health/ready HTTP/1.1\r\nHost: health\r\n\r\n');
    const [answer] = (await once(health, 'data')) as [Buffer];
    const before = answered;
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    while (answered < sockets.length) await pause(10);
    for (const socket of [...sockets, health]) socket.destroy();
    expect(before).toBeLessThan(sockets.length / 2);
  }, 60_000);
});

async function opened(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

describe('S28: connections that are all taken (on Postgres)', () => {
  let database: TestDatabase;
  let db: Db;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await openTestPostgres();
    const settings = databaseSchema.parse({
      pool_size: 2,
      query_timeout_ms: 20_000,
      statement_timeout_ms: 15_000,
      connect_timeout_ms: 15_000,
    });
    db = openPostgres({ ...settings, url: database.url ?? '' }, () => undefined);
    cluster = await startCluster(database, { handles: [db] });
  });
  afterAll(async () => {
    await cluster.close();
    await db.destroy();
    await database.close();
  });

  test('S28: a service that redeems a code goes before the pages that came earlier', async () => {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent(cluster);
    const done = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    expect(codeIn(done)).toEqual(expect.any(String));
    const order: string[] = [];
    let pages: Promise<void>[] = [];
    let token: Promise<void> = Promise.resolve();
    await db.connection().execute(async (one) =>
      db.connection().execute(async () => {
        await sql`select 1`.execute(one);
        pages = Array.from({ length: 30 }, async () => {
          const other = new UserAgent(cluster);
          const { status } = await other.request(other.authorizeUrl());
          order.push(`page ${status}`);
        });
        await pause(500);
        token = browser.redeem(done.callback as URL).then(({ status }) => void order.push(`token ${status}`));
        await pause(500);
        expect(order).toEqual([]);
      }),
    );
    await Promise.all([...pages, token]);
    expect(order.filter((entry) => entry === 'page 303')).toHaveLength(30);
    expect(order.indexOf('token 200')).toBeGreaterThanOrEqual(0);
    expect(order.indexOf('token 200')).toBeLessThan(15);
  });
});

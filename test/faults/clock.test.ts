import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { addSubject, codeIn, type Subject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { readiness, type ServedNode, startServedNode } from '../support/served-nodes.ts';
import { UserAgent } from '../support/user-agent.ts';

describe('F10: two nodes whose clocks are wrong by two minutes, one ahead and one behind', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let nodes: ServedNode[];
  beforeAll(async () => {
    database = await openTestPostgres();
    const [ahead, behind] = [await freePort(), await freePort()];
    const issuer = `http://127.0.0.1:${ahead}`;
    const secret = randomBytes(48).toString('base64');
    cluster = await startCluster(database, { issuer, config: { secrets: { current: secret } } });
    await cluster.nodes[0]?.nijo.stop();
    const common = { issuer, databaseUrl: database.url ?? '', smtpUrl: cluster.smtp.url, secret };
    nodes = [
      startServedNode({ ...common, port: ahead, clockOffsetMs: 120_000 }),
      startServedNode({ ...common, port: behind, clockOffsetMs: -120_000 }),
    ];
    await Promise.all(nodes.map((node) => node.ready()));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await cluster.smtp.close();
    await database.close();
  });

  /** A browser whose every request meets the other node. */
  class Wanderer extends UserAgent {
    override request(...[path, options]: Parameters<UserAgent['request']>): ReturnType<UserAgent['request']> {
      this.node = 1 - this.node;
      return super.request(path, options);
    }
  }
  const arrive = (node = 0): Wanderer => new Wanderer({ issuer: cluster.issuer, nodes }, { node });
  const expire = (subject: Subject, seconds: number): Promise<unknown> =>
    sql`update challenges set expires_at = now() + make_interval(secs => ${seconds}), created_at = now() - interval '10 minutes'
      where account_id = ${subject.accountId}`.execute(database.db);

  test.each([0, 1])(
    'F10: logins by mail and by app pass, whichever node begins (%i), and the session holds',
    async (node) => {
      for (const factors of [{ mail: true }, { app: true }]) {
        const subject = await addSubject(cluster, factors);
        const browser = arrive(node);
        const page = await browser.password(subject.loginId);
        const code = page.page === 'mail-code' ? await cluster.mailedCode(subject.address) : appCode();
        const { callback } = await browser.submit(page, { code });
        expect((await browser.redeem(callback as URL, 'important', node)).claims).toMatchObject({
          sub: subject.accountId,
        });
        // Within the session nothing is asked, on either node.
        for (const round of [0, 1]) {
          const again = await browser.start(round === 0 ? 'important' : 'ordinary', { prompt: 'none' });
          expect(codeIn(again)).toEqual(expect.any(String));
        }
      }
    },
  );

  test('F10, A21: how long a code lives is the database’s to say, not the node’s', async () => {
    for (const node of [0, 1]) {
      const subject = await addSubject(cluster, { mail: true });
      const browser = new UserAgent({ issuer: cluster.issuer, nodes }, { node });
      const page = await browser.password(subject.loginId);
      const code = await cluster.mailedCode(subject.address);
      await expire(subject, -1);
      expect([node, (await browser.submit(page, { code })).fault]).toEqual([node, 'code_expired']);
      await expire(subject, 20);
      expect([node, codeIn(await browser.submit(page, { code }))]).toEqual([node, expect.any(String)]);
    }
  });

  test('F10: each says loudly that its clock is wrong', () => {
    for (const [index, node] of nodes.entries()) {
      const alarm = node
        .output()
        .split('\n')
        .find((line) => line.includes('"event":"clock.wrong"'));
      const { offsetMs, level } = JSON.parse(alarm ?? '{}') as { offsetMs?: number; level?: string };
      expect(level).toBe('error');
      expect(Math.abs((offsetMs ?? 0) - (index === 0 ? 120_000 : -120_000))).toBeLessThan(5000);
    }
  });
});

describe.each([
  { minutes: 2, ready: 200 },
  { minutes: 10, ready: 503 },
])(
  'S26: two nodes whose clocks are wrong by $minutes minutes, one ahead and one behind',
  ({ minutes, ready }) => {
    let database: TestDatabase;
    let cluster: Cluster;
    let nodes: ServedNode[];
    let internalPort: number;
    beforeAll(async () => {
      database = await openTestPostgres();
      const [ahead, behind] = [await freePort(), await freePort()];
      internalPort = await freePort();
      const issuer = `http://127.0.0.1:${ahead}`;
      const secret = randomBytes(48).toString('base64');
      cluster = await startCluster(database, { issuer, config: { secrets: { current: secret } } });
      await cluster.nodes[0]?.nijo.stop();
      const common = { issuer, databaseUrl: database.url ?? '', smtpUrl: cluster.smtp.url, secret };
      const offset = minutes * 60_000;
      nodes = [
        startServedNode({ ...common, port: ahead, clockOffsetMs: offset, steppedClockMs: 0, internalPort }),
        startServedNode({ ...common, port: behind, clockOffsetMs: -offset }),
      ];
      await Promise.all(nodes.map(listens));
    }, 60_000);
    afterAll(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      await cluster.smtp.close();
      await database.close();
    });

    async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
      for (let attempt = 0; attempt < 250; attempt += 1) {
        if (await holds()) return;
        await pause(100);
      }
      throw new Error(`never: ${holds.toString()}`);
    }
    const listens = (node: ServedNode): Promise<void> =>
      until(() => node.output().includes('"event":"started"'));

    test('S26: a node that is too far off takes no logins from the balancer; one that is less off does', async () => {
      for (const node of nodes) expect(await readiness(node.url)).toBe(ready);
      expect(nodes.map((node) => node.output().includes('"event":"clock.lost"'))).toEqual(
        nodes.map(() => ready === 503),
      );
      const metrics = await (await fetch(`http://127.0.0.1:${internalPort}/metrics`)).text();
      const offset = Number(/^nijo_clock_offset_seconds (\S+)$/m.exec(metrics)?.[1]);
      expect(Math.round(offset / 60)).toBe(minutes);
    });

    test.each([0, 1])(
      'S26: what node %i says of the time is the database’s, and max_age counts from there on the other one',
      async (node) => {
        const subject = await addSubject(cluster, { app: true });
        const browser = new UserAgent({ issuer: cluster.issuer, nodes }, { node });
        const began = Math.floor(Date.now() / 1000);
        const done = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
        const { claims } = await browser.redeem(done.callback as URL, 'important', 1 - node);
        const ended = Math.ceil(Date.now() / 1000);
        for (const name of ['iat', 'auth_time']) {
          expect(claims[name]).toBeGreaterThanOrEqual(began - 2);
          expect(claims[name]).toBeLessThanOrEqual(ended + 2);
        }
        expect(Number(claims.exp) - Number(claims.iat)).toBeGreaterThan(60);
        for (const other of [1 - node, node]) {
          browser.node = other;
          const again = await browser.start('important', { prompt: 'none', max_age: '60' });
          expect([other, codeIn(again)]).toEqual([other, expect.any(String)]);
        }
        // And it does count: whoever signed in longer ago than that is asked again.
        browser.node = 1 - node;
        await pause(2100);
        expect((await browser.start('important', { max_age: '1' })).page).toBe('sign-in');
      },
    );

    test('S26: a clock that is set while the node runs changes no time that goes out, and the node comes back', async () => {
      const [node] = nodes as [ServedNode];
      const subject = await addSubject(cluster, { app: true });
      const browser = new UserAgent({ issuer: cluster.issuer, nodes }, { node: 0 });
      const page = await browser.password(subject.loginId);
      node.signal('SIGUSR2');
      const done = await browser.submit(page, { code: appCode() });
      const { claims } = await browser.redeem(done.callback as URL);
      expect(Math.abs(Number(claims.auth_time) - Date.now() / 1000)).toBeLessThan(30);
      await until(async () => (await readiness(node.url)) === 200);
      await until(() => node.output().includes('"event":"clock.right"'));
    });
  },
);

import { type AddressInfo, createServer, type Server } from 'node:net';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { addSubject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openEmptyPostgres, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import {
  childrenOf,
  lives,
  readiness,
  type ServedNode,
  type ServedNodeSettings,
  startServedNode,
} from '../support/served-nodes.ts';
import { UserAgent } from '../support/user-agent.ts';

/** Waits until `holds`, for as long as a start takes on a busy machine. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 250; attempt += 1) {
    if (await holds()) return;
    await pause(100);
  }
  throw new Error(`never: ${holds.toString()}`);
}

describe('S22: several workers behave as one process', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  const nodes: ServedNode[] = [];
  const secret = randomBytes(48).toString('base64');
  beforeAll(async () => {
    database = await openTestPostgres();
    cluster = await startCluster(database, {
      issuer: `http://127.0.0.1:${await freePort()}`,
      config: { secrets: { current: secret } },
    });
    await cluster.nodes[0]?.nijo.stop();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
  });
  afterAll(async () => {
    await cluster.smtp.close();
    await database.close();
  });

  async function start(count: number, more: Partial<ServedNodeSettings> = {}): Promise<ServedNode> {
    const node = startServedNode({
      issuer: cluster.issuer,
      port: await freePort(),
      databaseUrl: database.url ?? '',
      smtpUrl: cluster.smtp.url,
      secret,
      workers: count,
      ...more,
    });
    nodes.push(node);
    return node;
  }
  async function startAll(count: number, more: Partial<ServedNodeSettings> = {}): Promise<ServedNode> {
    const node = await start(count, more);
    await until(() => served(node) === count);
    await node.ready();
    return node;
  }
  /** How many workers have said so far that they listen. */
  const served = (node: ServedNode): number => node.output().split('"event":"started"').length - 1;
  async function signsIn(node: ServedNode): Promise<void> {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent({ issuer: cluster.issuer, nodes: [node] });
    const { callback } = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: subject.accountId });
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'S22: %s ends all of them in order, with exit code 0',
    async (signal) => {
      const node = await startAll(3);
      const workers = childrenOf(node.pid);
      expect(workers).toHaveLength(3);
      await signsIn(node);
      node.signal(signal);
      await until(async () => (await readiness(node.url)) !== 200);
      expect(await node.ended).toBe(0);
      expect(node.output().split('"event":"stopped"')).toHaveLength(4);
      expect(workers.filter(lives)).toEqual([]);
    },
  );

  test('S22: a signal that a terminal or a service manager sends to every process is one signal', async () => {
    const node = await startAll(2);
    const workers = childrenOf(node.pid);
    for (const pid of [...workers, node.pid]) process.kill(pid, 'SIGINT');
    expect(await node.ended).toBe(0);
    expect(node.output().split('"event":"stopped"')).toHaveLength(3);
    expect(workers.filter(lives)).toEqual([]);
  });

  test('S22: a second signal ends all at once', async () => {
    const node = await startAll(2, { drainSeconds: 60 });
    const workers = childrenOf(node.pid);
    node.signal('SIGTERM');
    await until(async () => (await readiness(node.url)) !== 200);
    node.signal('SIGTERM');
    expect(await node.ended).toBe(1);
    await until(() => workers.filter(lives).length === 0);
  });

  test.each([1, 2, 3])(
    'S22, F04: of three workers %i are killed: three serve again, and a sign-in works',
    async (killed) => {
      const node = await startAll(3);
      const before = childrenOf(node.pid);
      for (const pid of before.slice(0, killed)) process.kill(pid, 'SIGKILL');
      await until(() => served(node) === 3 + killed);
      const after = childrenOf(node.pid);
      expect([after.length, after.filter((pid) => before.includes(pid)).length]).toEqual([3, 3 - killed]);
      await signsIn(node);
      node.signal('SIGTERM');
      expect(await node.ended).toBe(0);
    },
  );

  test('S22: a worker that is killed again and again comes back after growing pauses', async () => {
    const node = await startAll(2);
    for (let round = 0; round < 3; round += 1) {
      const [pid] = childrenOf(node.pid);
      process.kill(pid as number, 'SIGKILL');
      await until(() => served(node) === 3 + round && childrenOf(node.pid).length === 2);
    }
    const pauses = [...node.output().matchAll(/"event":"worker.ended".*"pauseMs":(\d+)/g)].map(([, ms]) =>
      Number(ms),
    );
    expect(pauses).toHaveLength(3);
    expect(Math.max(...pauses)).toBeGreaterThan(Math.min(...pauses));
  });

  test('S22: a supervisor that is killed leaves no worker behind', async () => {
    const node = await startAll(3);
    const workers = childrenOf(node.pid);
    node.signal('SIGKILL');
    expect(await node.ended).toBe('SIGKILL');
    await until(() => workers.filter(lives).length === 0);
    expect(await readiness(node.url)).toBe(0);
  });

  describe('S22: a node that cannot start ends with 1 and says why once', () => {
    let silent: Server;
    let silentPort: number;
    let empty: TestDatabase;
    beforeAll(async () => {
      empty = await openEmptyPostgres();
      silent = createServer().listen(0, '127.0.0.1');
      await until(() => silent.listening);
      silentPort = (silent.address() as AddressInfo).port;
    });
    afterAll(async () => {
      silent.close();
      await empty.close();
    });
    const at = (port: number): string => `postgres://nobody:secret-word@127.0.0.1:${port}/nijo`;

    test.each<[string, () => Promise<Partial<ServedNodeSettings>>, RegExp]>([
      [
        'the database is away',
        async () => ({ databaseUrl: at(await freePort()) }),
        /The database does not answer/g,
      ],
      [
        'the database accepts and says nothing',
        async () => ({ databaseUrl: at(silentPort) }),
        /The database does not answer/g,
      ],
      ['migrations are missing', async () => ({ databaseUrl: empty.url ?? '' }), /Run `nijo migrate` first/g],
      [
        'its port is taken',
        async () => ({ port: silentPort }),
        /server\.port cannot be opened: .*EADDRINUSE/g,
      ],
      [
        'its internal port is taken',
        async () => ({ internalPort: silentPort }),
        /server\.internal_port cannot be opened: .*EADDRINUSE/g,
      ],
    ])('S22: %s', async (_, settings, reason) => {
      for (const workers of [1, 3]) {
        const node = await start(workers, await settings());
        expect([workers, await node.ended]).toEqual([workers, 1]);
        expect(node.output().match(reason)).toHaveLength(1);
        expect(node.output()).not.toContain('secret-word');
        expect(node.output()).not.toMatch(/^\s+at /m);
      }
    });
  });

  test('S22: a signal during the start ends it too', async () => {
    const node = await start(2);
    await until(() => childrenOf(node.pid).length > 0);
    await pause(200);
    node.signal('SIGTERM');
    expect(await node.ended).toBe(0);
  });

  test('S28: a worker that is stuck keeps nobody waiting who asks whether the node is ready', async () => {
    const internalPort = await freePort();
    const node = await startAll(2, { internalPort });
    const [stuck] = childrenOf(node.pid);
    process.kill(stuck as number, 'SIGSTOP');
    try {
      const order: string[] = [];
      // This one waits for all of them, as long as it waits for anybody.
      const metrics = fetch(`http://127.0.0.1:${internalPort}/metrics`).then(() => order.push('metrics'));
      expect(await readiness(`http://127.0.0.1:${internalPort}`)).toBe(200);
      order.push('ready');
      await metrics;
      expect(order).toEqual(['ready', 'metrics']);
    } finally {
      process.kill(stuck as number, 'SIGCONT');
    }
  });

  test('S22: readiness and metrics on the internal port are those of all workers together', async () => {
    const internalPort = await freePort();
    const node = await startAll(3, { internalPort });
    const at = `http://127.0.0.1:${internalPort}`;
    const requests = async (): Promise<number> => {
      const text = await (await fetch(`${at}/metrics`)).text();
      expect(text).toContain('nijo_workers_serving 3');
      const line = /^nijo_http_request_seconds_count\{[^}]*route="\/jwks"[^}]*\} (\d+)$/m.exec(text);
      return Number(line?.[1] ?? 0);
    };
    for (let round = 0; round < 30; round += 1) {
      const service = new UserAgent({ issuer: cluster.issuer, nodes: [node] });
      const headers = { connection: 'close' };
      expect((await service.request('/jwks', { headers, fromPage: false })).status).toBe(200);
    }
    expect(await requests()).toBe(30);
    expect(await requests()).toBe(30);
    expect((await fetch(`${at}/health/ready`)).status).toBe(200);
    node.signal('SIGTERM');
    await until(async () => (await readiness(at)) !== 200);
    expect(await node.ended).toBe(0);
  });
});

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { addSubject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { freePort } from '../support/free-port.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { readiness, type ServedNode, startServedNode } from '../support/served-nodes.ts';
import { UserAgent } from '../support/user-agent.ts';

const root = path.join(import.meta.dirname, '../..');

describe('S25: a primary and its standby', () => {
  let pair: PostgresPair;
  let db: Db;
  let cluster: Cluster;
  const nodes: ServedNode[] = [];
  const secret = randomBytes(48).toString('base64');
  const hosts = (order: readonly [0 | 1, 0 | 1]): string =>
    order.map((index) => `127.0.0.1:${pair.ports[index]}`).join(',');
  const address = (order: readonly [0 | 1, 0 | 1], target = 'read-write'): string =>
    `postgres://${pair.user}:${pair.password}@${hosts(order)}/postgres?target_session_attrs=${target}`;

  beforeAll(async () => {
    pair = await startPostgresPair();
    const timeouts = { connect_timeout_ms: 20_000, query_timeout_ms: 20_000, statement_timeout_ms: 15_000 };
    db = openPostgres({ ...databaseSchema.parse(timeouts), url: address([0, 1]) }, () => undefined);
    await migrate(db);
    const database = {
      db,
      kind: 'postgres',
      url: undefined,
      connect: async () => db,
      close: async () => undefined,
    } as const;
    cluster = await startCluster(database, {
      issuer: `http://127.0.0.1:${await freePort()}`,
      config: { secrets: { current: secret } },
    });
    await cluster.nodes[0]?.nijo.stop();
  }, 120_000);
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
  });
  afterAll(async () => {
    await cluster.smtp.close();
    await db.destroy();
    await pair.close();
  });

  async function start(databaseUrl: string): Promise<ServedNode> {
    const node = startServedNode({
      issuer: cluster.issuer,
      port: await freePort(),
      databaseUrl,
      smtpUrl: cluster.smtp.url,
      secret,
    });
    nodes.push(node);
    await node.ready();
    return node;
  }
  async function becomes(node: ServedNode, status: number): Promise<void> {
    for (let attempt = 0; (await readiness(node.url)) !== status; attempt += 1) {
      if (attempt === 250) throw new Error(`ready is never ${status}:\n${node.output()}`);
      await pause(100);
    }
  }
  async function signsIn(node: ServedNode): Promise<void> {
    const subject = await addSubject(cluster, { app: true });
    const browser = new UserAgent({ issuer: cluster.issuer, nodes: [node] });
    const { callback } = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
    expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: subject.accountId });
  }
  function command(databaseUrl: string, ...words: string[]): { status: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/nijo.ts', ...words], {
      cwd: root,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        NIJO_ISSUER: cluster.issuer,
        DATABASE_URL: databaseUrl,
        SMTP_URL: cluster.smtp.url,
        NIJO_SECRET: secret,
        NIJO_MAIL_FROM: 'no-reply@idp.example',
      },
    });
    return { status, said: stdout + stderr };
  }

  test('S25: the server that can be written to is found, whichever stands first, and however the address is written', async () => {
    const [primary, standby] = pair.ports;
    const words = `host=127.0.0.1,127.0.0.1 port=${standby},${primary} dbname=postgres user=${pair.user} password='${pair.password}' target_session_attrs=primary`;
    const query = `postgres://${pair.user}:${pair.password}@/postgres?host=127.0.0.1,127.0.0.1&port=${standby},${primary}`;
    const dead = await freePort();
    const withADeadOne = `postgres://${pair.user}:${pair.password}@127.0.0.1:${dead},${hosts([1, 0])}/postgres`;
    for (const url of [address([0, 1]), address([1, 0]), address([1, 0], 'any'), words, query, withADeadOne])
      expect(command(url, 'migrate', '--check')).toEqual({
        status: 0,
        said: expect.stringContaining('up to date'),
      });
    for (const url of [address([1, 0]), words]) {
      const node = await start(url);
      await signsIn(node);
      expect(command(url, 'doctor').said).toMatch(/^ok .*database: PostgreSQL/m);
    }
  }, 90_000);

  test('S25: where only a standby answers, a command says so and a node is not ready', async () => {
    const { user, password, ports } = pair;
    const alone = `postgres://${user}:${password}@127.0.0.1:${ports[1]}/postgres`;
    const { status, said } = command(`${alone}?target_session_attrs=read-write`, 'migrate', '--check');
    expect([status, said]).toEqual([1, expect.stringMatching(/is a standby/)]);
    expect(said).not.toContain(password);
    expect(command(alone, 'doctor').said).toMatch(/FAIL.*database: is read-only/);
  });

  test('S25: a server that becomes read-only under a node: not ready, and ready when it writes again', async () => {
    const node = await start(`postgres://${pair.user}:${pair.password}@127.0.0.1:${pair.ports[0]}/postgres`);
    await signsIn(node);
    const set = async (value: string): Promise<void> => {
      await pair.on(0, `alter system set default_transaction_read_only = ${value}`);
      await pair.on(0, 'select pg_reload_conf()');
    };
    await set('on');
    await becomes(node, 503);
    expect(node.output()).toContain('"event":"database.read-only"');
    await set('off');
    await becomes(node, 200);
    await signsIn(node);
  }, 60_000);

  test('S25: a synchronous standby that does not confirm: no sign-in could end, so the node is not ready', async () => {
    const node = await start(address([0, 1]));
    const set = async (value: string): Promise<void> => {
      await pair.on(0, `alter system set synchronous_standby_names = '${value}'`);
      await pair.on(0, 'select pg_reload_conf()');
    };
    await set('nobody');
    await becomes(node, 503);
    // The statement's timeout ends the wait: such an answer is no sign that it works again.
    const seen = new Set<number>();
    for (let look = 0; look < 60; look += 1) {
      seen.add(await readiness(node.url));
      await pause(100);
    }
    expect([...seen]).toEqual([503]);
    await set('');
    await becomes(node, 200);
    await signsIn(node);
  }, 60_000);

  test('S25: the standby takes over in the middle of sign-ins: they go on there, and nothing is restarted', async () => {
    const node = await start(address([0, 1]));
    const subjects = await Promise.all([1, 2, 3].map(() => addSubject(cluster, { app: true })));
    const logins = await Promise.all(
      subjects.map(async (subject) => {
        const browser = new UserAgent({ issuer: cluster.issuer, nodes: [node] });
        return { subject, browser, page: await browser.password(subject.loginId) };
      }),
    );
    await pair.caughtUp();
    await pair.failOver();
    await becomes(node, 200);
    for (const { subject, browser, page } of logins) {
      const { callback } = await browser.submit(page, { code: appCode() });
      expect((await browser.redeem(callback as URL)).claims).toMatchObject({ sub: subject.accountId });
    }
    expect(node.output()).toContain('"event":"database.moved"');
    await signsIn(node);
  }, 90_000);
});

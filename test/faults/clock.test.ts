import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { addSubject, codeIn, type Subject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { type ServedNode, startServedNode } from '../support/served-nodes.ts';
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

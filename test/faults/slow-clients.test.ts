import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addSubject, codeIn } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster } from '../support/cluster.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { UserAgent } from '../support/user-agent.ts';

describe('browsers that never finish what they say', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  const log = collectingLogger();
  beforeAll(async () => {
    database = await openTestEmbedded();
    cluster = await startCluster(database, {
      config: { server: { max_connections: 400 } },
      logger: log.logger,
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  /** Sends a beginning, then a byte a second, for ever. */
  function trickle(beginning: string, more: string): { socket: Socket; closed: Promise<number> } {
    const { hostname, port } = new URL(cluster.nodes[0]?.url ?? '');
    const socket = connect(Number(port), hostname, () => socket.write(beginning));
    const started = performance.now();
    const timer = setInterval(() => socket.write(more), 1000);
    const closed = new Promise<number>((resolve) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => {
        clearInterval(timer);
        resolve(performance.now() - started);
      });
    });
    return { socket, closed };
  }

  test('F17: 200 slow headers and 100 slow bodies are cut within 20 s, and everybody else signs in meanwhile', async () => {
    const { host } = new URL(cluster.issuer);
    const headers = Array.from({ length: 200 }, () =>
      trickle(`GET /interaction/x HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `, 'x'),
    );
    const bodies = Array.from({ length: 100 }, () =>
      trickle(
        `POST /interaction/x HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9999\r\n\r\na=`,
        'b',
      ),
    );
    const slow = [...headers, ...bodies];
    let over = false;
    const signIns = (async () => {
      const times: number[] = [];
      while (!over) {
        const subject = await addSubject(cluster, { app: true });
        const browser = new UserAgent(cluster);
        const started = performance.now();
        const done = await browser.submit(await browser.password(subject.loginId), { code: appCode() });
        expect(codeIn(done)).toEqual(expect.any(String));
        times.push(performance.now() - started);
        await pause(500);
      }
      return times;
    })();
    const lasted = await Promise.all(slow.map(({ closed }) => closed));
    over = true;
    expect(Math.max(...lasted)).toBeLessThan(20_000);
    const times = await signIns;
    expect(times.length).toBeGreaterThan(5);
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(2000);
    // Whoever went away is worth a line, and no alarm.
    const lines = log.lines();
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    // The browser knows that it was cut a moment before the node has seen it go.
    const isTold = (): boolean => log.lines().some(({ event }) => event === 'browser.gone');
    for (let attempt = 0; attempt < 50 && !isTold(); attempt += 1) await pause(100);
    expect(isTold()).toBe(true);
    expect((await new UserAgent(cluster).request('/health/live')).status).toBe(200);
  }, 40_000);
});

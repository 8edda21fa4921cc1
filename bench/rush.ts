import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { databaseSchema } from '../src/config/sections/database.ts';
import { migrate } from '../src/db/migrate.ts';
import { openPostgres } from '../src/db/open.ts';
import { accountLine, appCode, startCluster } from '../test/support/cluster.ts';
import { freePort } from '../test/support/free-port.ts';
import { startServedNode } from '../test/support/served-nodes.ts';
import { UserAgent } from '../test/support/user-agent.ts';
import { startPostgres } from './postgres.ts';

/**
 * Many people sign in within one second, and their services redeem the codes: what they meet on the way, how long it
 * takes, and how long health takes meanwhile. `node bench/rush.ts [people] [pool size]`
 */
const people = Number(process.argv[2] ?? 300);
const poolSize = Number(process.argv[3] ?? 10);

// In a thread of its own: the time of an answer must not be that of a client which is busy itself.
const watcher = `
const { parentPort, workerData } = require('node:worker_threads');
const { get } = require('node:http');
const times = [];
let on = true;
parentPort.on('message', () => { on = false; });
const once = () => new Promise((resolve) => {
  const began = performance.now();
  get(workerData + '/health/ready', (answer) => {
    answer.resume();
    answer.on('end', () => { times.push([answer.statusCode, performance.now() - began]); resolve(); });
  }).on('error', () => { times.push([0, performance.now() - began]); resolve(); });
});
(async () => {
  while (on) { await once(); await new Promise((resolve) => setTimeout(resolve, 20)); }
  parentPort.postMessage(times);
})();`;

const quantile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
};

const postgres = await startPostgres();
const url = await postgres.createDatabase('rush');
const db = openPostgres({ ...databaseSchema.parse({}), url }, () => undefined);
await migrate(db);
const connect = async (): Promise<typeof db> => db;
const database = { db, kind: 'postgres', url, connect, close: () => db.destroy() } as const;
const secret = randomBytes(48).toString('base64');
const port = await freePort();
const cluster = await startCluster(database, {
  issuer: `http://127.0.0.1:${port}`,
  config: { secrets: { current: secret } },
});
await cluster.nodes[0]?.nijo.stop();
const ids = Array.from({ length: people + 1 }, (_, index) => `rush${String(index).padStart(5, '0')}`);
await cluster.addAccounts(ids.map((loginId) => accountLine({ loginId, app: true })));
await postgres.analyze('rush');
const node = startServedNode({
  issuer: cluster.issuer,
  port,
  databaseUrl: url,
  smtpUrl: cluster.smtp.url,
  secret,
  config: { database: { pool_size: poolSize }, logging: { level: 'warn' } },
});
const met = new Map<string, number>();
const took: number[] = [];
const count = (what: string): void => void met.set(what, (met.get(what) ?? 0) + 1);

async function signIn(loginId: string): Promise<void> {
  const began = performance.now();
  const browser = new UserAgent({ issuer: cluster.issuer, nodes: [node] });
  try {
    const page = await browser.password(loginId);
    if (page.status >= 400) return count(`password: ${page.status} ${page.fault}`);
    const done = await browser.submit(page, { code: appCode() });
    if (done.callback === undefined) return count(`code: ${done.status} ${done.fault}`);
    const { status, tokens } = await browser.redeem(done.callback);
    if (status !== 200) return count(`token: ${status}`);
    const authorization = `Bearer ${tokens.access_token}`;
    const user = await browser.request('/userinfo', { headers: { authorization }, fromPage: false });
    took.push(performance.now() - began);
    count(`done: ${user.status}`);
  } catch (error) {
    count(`broken: ${String(error).slice(0, 80)}`);
  }
}

try {
  await node.ready();
  // Statements are planned, code is compiled.
  await signIn(ids.at(-1) ?? '');
  met.clear();
  took.length = 0;
  const watching = new Worker(watcher, { eval: true, workerData: node.url });
  await pause(500);
  const began = performance.now();
  await Promise.all(
    ids.slice(0, people).map(async (loginId, index) => {
      await pause((index * 1000) / people);
      await signIn(loginId);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  watching.postMessage('stop', []);
  const [health] = (await once(watching, 'message')) as [[number, number][]];
  await watching.terminate();
  const times = health.map(([, ms]) => ms);
  console.log(`${people} people within a second, pool of ${poolSize}: over after ${seconds.toFixed(1)} s`);
  for (const [what, number] of met) console.log(`  ${String(number).padStart(5)}  ${what}`);
  console.log(`  a sign-in: median ${quantile(took, 0.5)} ms, 95 % within ${quantile(took, 0.95)} ms`);
  const slow = times.filter((ms) => ms > 100).length;
  console.log(
    `  health (${times.length} times): median ${quantile(times, 0.5)} ms, 99 % within ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms, ${slow} above 100 ms; not 200: ${health.filter(([status]) => status !== 200).length}`,
  );
} finally {
  await node.close();
  await cluster.smtp.close();
  await database.close();
  await postgres.stop();
}

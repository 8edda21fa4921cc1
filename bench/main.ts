import { randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { type Contender, type ContenderSettings, startContender } from './contender.ts';
import { createLoginClient, type LoginClient } from './login-client.ts';
import { type BenchPostgres, startPostgres } from './postgres.ts';
import { seedFloor, seedProduct } from './seed.ts';
import { accountsInTurn, type Counts, countStatements, runWindow, type WindowResult } from './window.ts';

/**
 * A complete login with password and TOTP, in Nijo and in the naive product beside it, in turn in
 * one run on one Postgres: the ratios hold on a noisy machine, the milliseconds do not.
 */
const rounds = 3;
const load = { seconds: 5, parallel: 8 };
const accounts = 6000;
const modes = [
  // A hash that costs next to nothing, to see the rest.
  { name: 'without hash', argon2: { memoryKib: 8, passes: 1 } },
  { name: 'argon2id 19 MiB t=2', argon2: { memoryKib: 19_456, passes: 2 } },
] as const;

// Whatever fails, no server is left behind.
const running: Contender[] = [];

interface Measured {
  contender: Contender;
  client: LoginClient;
  nextAccount: () => string;
  counts: Counts;
  idleMb: number;
  windows: WindowResult[];
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

async function prepare(
  name: 'floor' | 'product',
  port: number,
  postgres: BenchPostgres,
  mode: (typeof modes)[number],
): Promise<Measured> {
  const issuer = `http://127.0.0.1:${port}`;
  const database = `${name}_${mode.argon2.memoryKib}`;
  const settings: ContenderSettings = {
    databaseUrl: await postgres.createDatabase(database),
    port,
    issuer,
    argon2: mode.argon2,
    client: {
      id: 'bench',
      secret: 'a secret of the benchmark, long enough',
      redirectUri: 'http://127.0.0.1:1/callback',
    },
    secret: randomBytes(48).toString('base64url'),
  };
  await (name === 'floor' ? seedFloor : seedProduct)(settings, accounts);
  const contender = await startContender(name, settings);
  running.push(contender);
  const idleMb = (await contender.usage()).rssMb;
  const client = await createLoginClient(settings);
  const nextAccount = accountsInTurn(accounts);
  // Warm: compiled code, prepared statements, a full pool.
  await runWindow(contender, client, postgres, nextAccount, { ...load, seconds: 3 });
  await postgres.analyze(database);
  const counts = await countStatements(contender, client, postgres, nextAccount, 20);
  return { contender, client, nextAccount, counts, idleMb, windows: [] };
}

const total = ({ serverCpuMs, databaseCpuMs }: WindowResult): number => serverCpuMs + (databaseCpuMs ?? 0);

const rows: readonly { name: string; of: (measured: Measured) => number; digits: number }[] = [
  { name: 'logins a second', of: ({ windows }) => median(windows.map((w) => w.loginsPerSecond)), digits: 1 },
  {
    name: 'server CPU ms a login',
    of: ({ windows }) => median(windows.map((w) => w.serverCpuMs)),
    digits: 2,
  },
  {
    name: 'database CPU ms a login',
    of: ({ windows }) => median(windows.map((w) => w.databaseCpuMs ?? Number.NaN)),
    digits: 2,
  },
  { name: 'server + database CPU ms', of: ({ windows }) => median(windows.map(total)), digits: 2 },
  { name: 'p50 ms', of: ({ windows }) => median(windows.map((w) => w.p50Ms)), digits: 0 },
  { name: 'p99 ms', of: ({ windows }) => median(windows.map((w) => w.p99Ms)), digits: 0 },
  { name: 'statements a login', of: ({ counts }) => counts.statements, digits: 1 },
  { name: '… with begin and commit', of: ({ counts }) => counts.roundTrips, digits: 1 },
  { name: 'write commits a login', of: ({ counts }) => counts.writeCommits, digits: 1 },
  { name: 'idle RSS MB', of: ({ idleMb }) => idleMb, digits: 0 },
  { name: 'loaded RSS MB', of: ({ windows }) => Math.max(...windows.map((w) => w.rssMb)), digits: 0 },
  { name: 'start ms', of: ({ contender }) => contender.startMs, digits: 0 },
];

function table(mode: string, floor: Measured, product: Measured): string {
  // The ratio of a row is the median of the rounds' ratios where there are rounds.
  const lines = rows.map(({ name, of, digits }) => {
    const ratios = floor.windows.map(
      (window, round) =>
        of({ ...product, windows: product.windows.slice(round, round + 1) }) /
        of({ ...floor, windows: [window] }),
    );
    const cells = [of(floor).toFixed(digits), of(product).toFixed(digits), `${median(ratios).toFixed(2)} ×`];
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return [`| ${mode} | floor | Nijo | ratio |`, '|--|--|--|--|', ...lines].join('\n');
}

async function measure(mode: (typeof modes)[number], postgres: BenchPostgres, port: number): Promise<void> {
  const floor = await prepare('floor', port, postgres, mode);
  const product = await prepare('product', port + 1, postgres, mode);
  for (let round = 0; round < rounds; round += 1) {
    for (const measured of round % 2 === 0 ? [floor, product] : [product, floor]) {
      const { contender, client, nextAccount } = measured;
      measured.windows.push(await runWindow(contender, client, postgres, nextAccount, load));
    }
  }
  for (const contender of running.splice(0)) await contender.stop();
  console.log(`\n${table(mode.name, floor, product)}`);
}

const since = performance.now();
console.log(
  `Node ${process.version}, ${cpus().length} cores, ${load.parallel} logins at a time, median of ${rounds} rounds`,
);
const postgres = await startPostgres();
try {
  for (const [index, mode] of modes.entries()) await measure(mode, postgres, 31_640 + index * 2);
} finally {
  for (const contender of running) await contender.stop();
  await postgres.stop();
}
console.log(`\n${((performance.now() - since) / 1000).toFixed(0)} s in all`);

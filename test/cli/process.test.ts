import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openEmptyPostgres, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../mail/post-office.ts';
import { freePort } from '../support/free-port.ts';

const root = path.join(import.meta.dirname, '../..');
const program = path.join(root, 'src/cli/nijo.ts');
// No passwd entry has it, as under OpenShift.
const nobody = 1_000_660_123;

/** Whether a process has a handler for SIGUSR1, proc(5): until then the signal just ends it. */
function listensToSignal(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 0x200n) !== 0n;
}

/** The program as a real process. */
describe('the process', () => {
  let database: TestDatabase;
  let folder: string;
  let port: number;
  let environment: NodeJS.ProcessEnv;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    database = await openEmptyPostgres();
    folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-process-'));
    chmodSync(folder, 0o755);
    port = await freePort();
    const settings = path.join(folder, 'nijo.yaml');
    writeFileSync(
      settings,
      `server: { host: 127.0.0.1, port: ${port}, internal_port: 0, drain_seconds: 0 }\n`,
    );
    environment = {
      PATH: process.env.PATH,
      NIJO_CONFIG: settings,
      NIJO_ISSUER: `http://127.0.0.1:${port}`,
      DATABASE_URL: database.url,
      SMTP_URL: 'smtp://127.0.0.1:1',
      NIJO_MAIL_FROM: 'no-reply@idp.example',
      NIJO_SECRET: '7tP0cW4kq9VbYx2mLr8sDf6gHj1nZa3eKu5iXoQw',
    };
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  function start(
    words: readonly string[],
    options: { uid?: number; env?: NodeJS.ProcessEnv; flags?: string[] } = {},
  ) {
    const { uid, env = {}, flags = [] } = options;
    const child = spawn(process.execPath, [...flags, program, ...words], {
      cwd: root,
      env: { ...environment, ...env },
      ...(uid === undefined ? {} : { uid, gid: 0 }),
    });
    running.push(child);
    const written: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
    const said = () => written.join('');
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    return { child, said, ended };
  }

  async function untilReady({ child, said }: ReturnType<typeof start>): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (child.exitCode !== null) break;
      const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    throw new Error(`it is not ready:\n${said()}`);
  }

  // Only root can become another user, and that one must be able to read this checkout.
  const canBecome = process.getuid?.() === 0;
  (canBecome ? test : test.skip)(
    'S20: under a user ID without a passwd entry and without HOME every command runs, and says who it was',
    async () => {
      const run = async (...words: string[]) => {
        const started = start(words, { uid: nobody });
        const code = await started.ended;
        return { code, said: started.said() };
      };
      for (const words of [
        ['--help'],
        ['serve', '--help'],
        ['migrate'],
        ['keys', 'list'],
        ['accounts', 'show', 'nobody'],
      ]) {
        const { said } = await run(...words);
        expect([words, /SystemError|uv_os|ENOENT|EACCES|at .*\.ts:\d+/.test(said)]).toEqual([words, false]);
      }
      const file = path.join(folder, 'accounts.csv');
      writeFileSync(file, 'login_id,kind\ntaro,sps\n');
      expect(await run('accounts', 'import', file)).toMatchObject({ code: 0 });
      const { actor } = await database.db
        .selectFrom('audit_events')
        .select('actor')
        .where('event', '=', 'account.imported')
        .executeTakeFirstOrThrow();
      expect(actor).toBe(`cli:${nobody}`);
      const serving = start(['serve'], { uid: nobody });
      await untilReady(serving);
      serving.child.kill('SIGTERM');
      expect(await serving.ended).toBe(0);
    },
    60_000,
  );

  const inspected = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(9229, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  const childrenOf = (pid: number): number[] =>
    readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '')
        .map(Number),
    );

  test.each([
    ['serve', [], []],
    ['serve', ['--disable-sigusr1'], []],
    ['serve with workers', [], ['--workers', '2']],
  ])(
    'S30: SIGUSR1 opens no inspector in %s, started with %j',
    async (_name, flags, words) => {
      const migrated = start(['migrate']);
      expect(await migrated.ended).toBe(0);
      const serving = start(['serve', ...words], { flags });
      await untilReady(serving);
      const pid = serving.child.pid ?? 0;
      const family = () => [pid, ...(process.platform === 'linux' ? childrenOf(pid) : [])];
      // The second worker comes when the first one serves.
      const workers = words.length > 0 && process.platform === 'linux' ? 2 : 0;
      const pids = await eventually(family, (now) => now.length === 1 + workers);
      for (let round = 0; round < 3; round += 1) {
        for (const each of pids) process.kill(each, 'SIGUSR1');
        await new Promise((resolve) => {
          setTimeout(resolve, 150);
        });
        expect(await inspected()).toBe(false);
      }
      await untilReady(serving);
      expect(serving.said()).not.toMatch(/debugger/i);
    },
    60_000,
  );

  test('S30: a command that waits opens none either, and one that was opened before the first line is closed', async () => {
    const secret = start(['accounts', 'set-password', 'taro'], { flags: ['--disable-sigusr1'] });
    await new Promise((resolve) => {
      setTimeout(resolve, 1500);
    });
    secret.child.kill('SIGUSR1');
    const early = start(['serve']);
    // From the moment on at which Node itself listens to the signal, before any line of ours has run.
    while (process.platform === 'linux' && !listensToSignal(early.child.pid ?? 0))
      await new Promise(setImmediate);
    for (let round = 0; round < 40; round += 1) {
      early.child.kill('SIGUSR1');
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    }
    await untilReady(early);
    for (let attempt = 0; attempt < 50 && (await inspected()); attempt += 1)
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    expect(await inspected()).toBe(false);
    expect(secret.said()).not.toMatch(/debugger/i);
  }, 60_000);

  test('S30: every documented start closes the signal from the first moment', () => {
    const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    for (const how of [
      read('src/cli/nijo.ts').split('\n')[0],
      scripts.start,
      /^CMD .*$/m.exec(read('Dockerfile'))?.[0],
    ])
      expect(how).toContain('--disable-sigusr1');
  });
});

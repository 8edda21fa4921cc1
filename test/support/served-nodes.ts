import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');

export interface ServedNodeSettings {
  issuer: string;
  port: number;
  databaseUrl: string;
  smtpUrl: string;
  secret: string;
  drainSeconds?: number;
  /** Milliseconds by which this node's clock is wrong. */
  clockOffsetMs?: number;
  /** By how much it is wrong after SIGUSR2. */
  steppedClockMs?: number;
  /** Processes; one unless given. */
  workers?: number;
  /** Of health and metrics; none unless given. */
  internalPort?: number;
  /** Further sections of the configuration, in place of the usual ones. */
  config?: Readonly<Record<string, unknown>>;
}

/** The program, run as an operator runs it: `nijo serve` in a process of its own. */
export interface ServedNode {
  url: string;
  pid: number;
  /** Everything it has written so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
  /** Resolves when it says that it is ready; fails if it ends before. */
  ready(): Promise<void>;
  /** Ends it, however it is. */
  close(): Promise<void>;
}

export function startServedNode(settings: ServedNodeSettings): ServedNode {
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-node-'));
  const file = path.join(folder, 'nijo.yaml');
  const { port, clockOffsetMs = 0 } = settings;
  writeFileSync(
    file,
    JSON.stringify({
      server: {
        host: '127.0.0.1',
        port,
        internal_port: settings.internalPort ?? 0,
        drain_seconds: settings.drainSeconds ?? 1,
        shutdown_seconds: 10,
        node_name: `node-${port}`,
      },
      passwords: { memory_kib: 7168, passes: 1, max_queue: 1000 },
      locale: { default: 'en' },
      ...settings.config,
    }),
  );
  const clock = path.join(import.meta.dirname, 'wrong-clock.js');
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...(clockOffsetMs === 0 && settings.steppedClockMs === undefined ? [] : ['--import', clock]),
      'src/cli/nijo.ts',
      'serve',
      ...(settings.workers === undefined ? [] : ['--workers', String(settings.workers)]),
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        NIJO_CONFIG: file,
        NIJO_ISSUER: settings.issuer,
        DATABASE_URL: settings.databaseUrl,
        SMTP_URL: settings.smtpUrl,
        NIJO_SECRET: settings.secret,
        NIJO_MAIL_FROM: 'no-reply@idp.example',
        WRONG_CLOCK_MS: String(clockOffsetMs),
        STEPPED_CLOCK_MS: String(settings.steppedClockMs ?? clockOffsetMs),
      },
    },
  );
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  let over = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      resolve(code ?? signal ?? -1);
    });
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pid: child.pid ?? 0,
    output: () => written.join(''),
    signal: (signal) => void child.kill(signal),
    ended,
    async ready() {
      for (let attempt = 0; attempt < 300; attempt += 1) {
        if (over) throw new Error(`the node ended:\n${written.join('')}`);
        if ((await readiness(url)) === 200) return;
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
      }
      throw new Error(`the node was never ready:\n${written.join('')}`);
    },
    async close() {
      if (!over) child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `/health/ready` answers; 0 where nobody does. */
export async function readiness(url: string): Promise<number> {
  try {
    const answer = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

/** The processes that a process has started and that live. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return Number(parent) === pid && state !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Whether a process is there; one that has ended and waits for its parent is not. */
export function lives(pid: number): boolean {
  try {
    return !/^.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';

export interface Nginx {
  url: string;
  /** What it wrote into its error log. */
  errors(): string;
  close(): Promise<void>;
}

/** Debian's package, where it is installed. */
export const nginxIsThere = spawnSync('nginx', ['-v']).status === 0;

/** The example of docs/operations.md, word for word. */
export function documentedNginx(): string {
  const text = readFileSync(path.join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const example = /## Behind nginx\n[^]*?```nginx\n([^]*?)```/.exec(text)?.[1];
  if (example === undefined) throw new Error('docs/operations.md has no example for nginx');
  return example;
}

/**
 * nginx with the documented example in front of these nodes. Changed are the nodes' addresses, and that it listens on
 * a free port without TLS. Its issuer is `http://localhost`: the example hands on the name without a port.
 */
export async function startDocumentedNginx(nodes: readonly string[]): Promise<Nginx> {
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-nginx-'));
  const port = await freePort();
  const waiting = [...nodes];
  const example = documentedNginx()
    .replaceAll(/server 10\.0\.0\.\d+:3000/g, () => `server ${new URL(waiting.shift() ?? '').host}`)
    .replace(/listen 443 ssl;/, `listen 127.0.0.1:${port};`)
    .replaceAll(/\n\s*(ssl_certificate(_key)?|access_log) [^;]*;/g, '');
  if (waiting.length > 0) throw new Error('the example has fewer nodes than this test');
  const errorLog = path.join(folder, 'error.log');
  const file = path.join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${errorLog} warn;
events { worker_connections 1024; }
http { access_log off; ${temporary.join(' ')}
${example}
}`,
  );
  const running = spawn('nginx', ['-c', file, '-e', errorLog], { stdio: 'ignore' });
  const errors = (): string => readFileSync(errorLog, 'utf8');
  for (let attempt = 0; !(await accepts(port)); attempt += 1) {
    if (attempt === 100) throw new Error(`nginx does not start:\n${errors()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    errors,
    close: async () => {
      const ended = new Promise((resolve) => {
        running.once('exit', resolve);
      });
      if (running.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

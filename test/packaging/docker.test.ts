import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openEmptyPostgres, type TestDatabase } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { readDockerfile } from './dockerfile.ts';

const root = path.join(import.meta.dirname, '../..');
const steps = readDockerfile(path.join(root, 'Dockerfile'));

/** What a checkout holds: tracked, or about to be. */
function filesOf(copied: string): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', copied],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return [...new Set(listed.split('\n'))].filter((file) => file !== '' && existsSync(path.join(root, file)));
}

/** Without Docker: what the Dockerfile does, step by step, in an empty folder. */
describe('the image', () => {
  let folder: string;
  let database: TestDatabase;
  let port: number;
  let environment: NodeJS.ProcessEnv;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-image-'));
    for (const file of new Set(steps.copied.flatMap(filesOf)))
      cpSync(path.join(root, file), path.join(folder, file));
    for (const command of steps.run) execFileSync('sh', ['-c', command], { cwd: folder, stdio: 'pipe' });
    database = await openEmptyPostgres();
    port = await freePort();
    const settings = path.join(folder, 'nijo.yaml');
    writeFileSync(
      settings,
      `server: { host: 127.0.0.1, port: ${port}, internal_port: 0, drain_seconds: 0.5 }\n`,
    );
    environment = {
      PATH: process.env.PATH,
      ...steps.environment,
      NIJO_HEALTH_URL: (steps.environment.NIJO_HEALTH_URL ?? '').replace(':3000', `:${port}`),
      NIJO_CONFIG: settings,
      NIJO_ISSUER: `http://127.0.0.1:${port}`,
      DATABASE_URL: database.url,
      SMTP_URL: 'smtp://127.0.0.1:1',
      NIJO_MAIL_FROM: 'no-reply@idp.example',
      NIJO_SECRET: '7tP0cW4kq9VbYx2mLr8sDf6gHj1nZa3eKu5iXoQw',
    };
  }, 120_000);
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await database.close();
    rmSync(folder, { recursive: true });
  });

  const nijo = (...words: string[]): string =>
    execFileSync(process.execPath, ['src/cli/nijo.ts', ...words], {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
    });

  test('is built on the Node that development pins, and runs as an ordinary user', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      devDependencies: { node: string };
    };
    const [major = ''] = devDependencies.node.split('.');
    expect(new Set(steps.from)).toEqual(new Set([`node:${major}-slim`]));
    expect(steps.user).toBe('node');
  });

  test('leaves development packages, tests and everything not needed out', () => {
    expect(readdirSync(folder).toSorted()).toEqual(
      [
        'LICENSE',
        'config',
        'migrations',
        'nijo.yaml',
        'node_modules',
        'package-lock.json',
        'package.json',
        'src',
        'views',
      ].toSorted(),
    );
    for (const name of ['node', 'jest', 'typescript', 'playwright-core', 'smtp-server'])
      expect(existsSync(path.join(folder, 'node_modules', name))).toBe(false);
  });

  test('.dockerignore lets in what the Dockerfile copies, and nothing else', () => {
    const allowed = readFileSync(path.join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(allowed.toSorted()).toEqual([...new Set(steps.copied)].toSorted());
  });

  test('refuses to serve while something is missing, naming it', () => {
    const { status, stderr } = spawnSync(process.execPath, steps.command.slice(1), {
      cwd: folder,
      env: { PATH: environment.PATH, NIJO_CONFIG: environment.NIJO_CONFIG },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    for (const name of ['NIJO_ISSUER', 'DATABASE_URL', 'NIJO_SECRET', 'SMTP_URL'])
      expect(stderr).toMatch(name);
  });

  test('migrates, serves, answers its health check, and ends with 0 at SIGTERM', async () => {
    expect(nijo('migrate')).toMatch(/^Applied: 0001/);
    expect(steps.command[0]).toBe('node');
    const server = spawn(process.execPath, steps.command.slice(1), { cwd: folder, env: environment });
    running.push(server);
    let output = '';
    const listen = (data: Buffer): void => {
      output += data.toString();
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    const ended = new Promise<number | string | null>((resolve) => {
      server.on('exit', (code, signal) => resolve(code ?? signal));
    });

    const ready = async (): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/health/ready`).then(
        ({ status }) => status,
        () => 0,
      );
    for (let tries = 0; tries < 100 && (await ready()) !== 200 && server.exitCode === null; tries += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
    // The output tells why, where it is not.
    expect({ ready: await ready(), output: '' }).toEqual({
      ready: 200,
      output: server.exitCode === null ? '' : output,
    });

    const [, ...check] = steps.healthCheck;
    expect(steps.healthCheck[0]).toBe('node');
    expect(spawnSync(process.execPath, check, { env: environment }).status).toBe(0);
    const discovery = await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`);
    expect(await discovery.json()).toMatchObject({ issuer: `http://127.0.0.1:${port}` });

    server.kill('SIGTERM');
    expect(await ended).toBe(0);
    for (const line of output.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(spawnSync(process.execPath, check, { env: environment }).status).toBe(1);
  }, 60_000);
});

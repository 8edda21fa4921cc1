import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateSync } from 'otplib';
import { createProbeBrowser, type ProbePage, type ProbeStop } from '../../src/cli/probe-browser.ts';
import { appSecret, demoPassword } from '../../src/trial/accounts.ts';
import { serviceSettings } from '../../src/trial/services.ts';
import { UserAgent } from '../support/user-agent.ts';

const program = path.join(import.meta.dirname, '../../src/cli/nijo.ts');

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first of four ports in a row, below those that the system gives out by itself. */
async function freePorts(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all([0, 1, 2, 3].map((offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no four free ports in a row');
}

interface Running {
  process: ChildProcess;
  said(): string;
  /** Exit code. */
  ended: Promise<number | null>;
}

const startTrial = (port: number, folder: string): Running => run(port, folder, ['trial']);

function run(port: number, folder: string, words: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH, PORT: String(port), NIJO_DATA: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  return { process: child, said: () => text, ended };
}

async function untilUp(running: Running): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!running.said().includes('Ctrl+C stops it')) {
    if (running.process.exitCode !== null) throw new Error(`the trial ended: ${running.said()}`);
    if (Date.now() > deadline) throw new Error(`the trial did not start: ${running.said()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

function pageOf(stop: ProbeStop, name: string): ProbePage {
  if (!('page' in stop)) throw new Error(`came to ${stop.callback.href} instead of ${name}`);
  expect([stop.page.name, stop.page.fault]).toEqual([name, undefined]);
  return stop.page;
}

describe('the trial', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-trial-'));
  let port: number;
  let running: Running;
  const important = (): string => `http://127.0.0.1:${port + 1}`;
  const ordinary = (): string => `http://127.0.0.1:${port + 3}`;
  // A browser that goes wherever it is sent.
  const browser = () => createProbeBrowser({ redirectUri: 'http://never.invalid/', timeoutMs: 10_000 });

  async function newestCode(to: string, since: string): Promise<string> {
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await fetch(`http://127.0.0.1:${port + 2}/messages.json?to=${to}`);
      const mails = (await answer.json()) as { text: string; at: string }[];
      const code = /^\s*(\d{8})\s*$/m.exec(mails.findLast(({ at }) => at >= since)?.text ?? '')?.[1];
      if (code !== undefined) return code;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    throw new Error(`no code came to ${to}`);
  }

  beforeAll(async () => {
    port = await freePorts();
    running = startTrial(port, folder);
    await untilUp(running);
  });
  afterAll(async () => {
    running.process.kill('SIGTERM');
    await running.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test('says what to open and whom to be', () => {
    for (const offset of [1, 2, 3]) expect(running.said()).toContain(`http://127.0.0.1:${port + offset}`);
    for (const account of [
      'a0000001',
      'a0000002',
      'a0000003',
      'a0000004',
      'a0000005',
      'kyoin001',
      'desk0001',
      'lead0001',
      'audi0001',
      'oper0001',
    ]) {
      expect(running.said()).toContain(account);
    }
    expect(running.said()).toContain(demoPassword);
    // The staff: their app, where they begin, and that the centre is open at any hour until they close it.
    for (const said of [
      appSecret,
      `:${port}/desk`,
      `:${port}/operator`,
      `:${port}/operator/calendar`,
      'around the clock',
    ])
      expect(running.said()).toContain(said);
    expect(running.said()).not.toContain('WARNING');
  });

  test('listens on loopback alone, and keeps its secret for its owner', async () => {
    expect(statSync(path.join(folder, 'secret')).mode & 0o777).toBe(0o600);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address !== undefined && !address.internal && address.family === 'IPv4');
    if (outside === undefined) return;
    for (const offset of [0, 1, 2, 3]) {
      const refused = await new Promise<boolean>((resolve) => {
        const socket = connect(port + offset, outside.address);
        socket.once('error', () => resolve(true));
        socket.once('connect', () => {
          socket.destroy();
          resolve(false);
        });
      });
      expect(refused).toBe(true);
    }
  });

  test('nijo probe signs a0000003 in with the app and tells each step, without a secret', async () => {
    const [service] = serviceSettings(port, readFileSync(path.join(folder, 'secret'), 'utf8'));
    if (service === undefined) throw new Error('no service');
    const secrets = { client: service.clientSecret, password: demoPassword, totp: appSecret };
    for (const [name, value] of Object.entries(secrets)) writeFileSync(path.join(folder, name), `${value}\n`);
    const given = {
      '--issuer': `http://127.0.0.1:${port}`,
      '--client-id': 'demo-important',
      '--client-secret-file': path.join(folder, 'client'),
      '--redirect-uri': `${important()}/callback`,
      '--password-file': path.join(folder, 'password'),
    };
    const probe = (...more: string[]) =>
      promisify(execFile)(process.execPath, [
        program,
        'probe',
        ...Object.entries(given).flat(),
        '--json',
        ...more,
      ]);
    const { stdout } = await probe('--login-id', 'a0000003', '--totp-secret-file', path.join(folder, 'totp'));
    const result = JSON.parse(stdout) as {
      ok: boolean;
      steps: { step: string; ms: number }[];
      claims: object;
    };
    expect(result.ok).toBe(true);
    expect(result.steps.map(({ step }) => step)).toEqual([
      'discovery',
      'authorize',
      'password',
      'code',
      'token',
      'userinfo',
    ]);
    expect(result.claims).toMatchObject({
      acr: 'https://refeds.org/profile/mfa',
      amr: ['pwd', 'otp', 'mfa'],
    });
    for (const secret of Object.values(secrets)) expect(stdout).not.toContain(secret);

    const failure = (await probe('--login-id', 'a0000009').catch((error: unknown) => error)) as {
      code: number;
      stdout: string;
      stderr: string;
    };
    expect(failure.code).toBe(1);
    expect(JSON.parse(failure.stdout)).toMatchObject({
      ok: false,
      failed: { step: 'password', problem: expect.stringContaining('wrong_credentials') },
    });
    for (const secret of Object.values(secrets))
      expect(failure.stdout + failure.stderr).not.toContain(secret);
  });

  test('R36, R39: a0000005 has lost the app and asks for help; the case waits for desk0001, at whatever hour', async () => {
    const user = browser();
    const signIn = pageOf(await user.open(new URL(`${important()}/sign-in`)), 'sign-in');
    const appCode = pageOf(
      await signIn.submit({ login_id: 'a0000005', password: demoPassword, action: 'continue' }),
      'app-code',
    );
    const help = pageOf(await appCode.submit({ action: 'lost-app' }), 'help-support');
    pageOf(await help.submit({ reason: 'lost-device', action: 'file' }), 'help-case');

    const issuer = `http://127.0.0.1:${port}`;
    const desk = new UserAgent({ issuer, nodes: [{ url: issuer }] });
    const code = await desk.submit(await desk.open('/desk'), {
      login_id: 'desk0001',
      password: demoPassword,
    });
    const queue = await desk.submit(code, { code: generateSync({ secret: appSecret }) });
    expect(queue.page).toBe('desk-queue');
    expect(queue.html.querySelector('[data-opening=open]')).not.toBeNull();
    expect(queue.html.querySelector('tr[data-case]')?.textContent).toContain('a0000005');
  });

  test('a0000001 sets up by mail and arrives at the service in three pages', async () => {
    const address = 'a0000001@mail.example';
    const since = new Date().toISOString();
    const signIn = pageOf(await browser().open(new URL(`${important()}/sign-in`)), 'sign-in');
    const credentials = { login_id: 'a0000001', password: demoPassword, action: 'continue' };
    const setUp = pageOf(await signIn.submit(credentials), 'set-up-mail');
    const code = pageOf(await setUp.submit({ email: address, action: 'continue' }), 'set-up-mail-code');
    const done = await code.submit({ code: await newestCode(address, since), action: 'continue' });
    expect(pageOf(done, 'demo-signed-in').url.href).toBe(`${important()}/`);
  });

  test('a0000004 at the ordinary service gives a password; the important one then asks for the code alone', async () => {
    const visitor = browser();
    const signIn = pageOf(await visitor.open(new URL(`${ordinary()}/sign-in`)), 'sign-in');
    const credentials = { login_id: 'a0000004', password: demoPassword, action: 'continue' };
    pageOf(await signIn.submit(credentials), 'demo-signed-in');
    const appCode = pageOf(await visitor.open(new URL(`${important()}/sign-in`)), 'app-code');
    pageOf(
      await appCode.submit({ code: generateSync({ secret: appSecret }), action: 'continue' }),
      'demo-signed-in',
    );
    // Both services know the same person now, each with a cookie of its own.
    pageOf(await visitor.open(new URL(`${ordinary()}/`)), 'demo-signed-in');
    const signOut = pageOf(await visitor.open(new URL(`${important()}/sign-out`)), 'sign-out');
    pageOf(await signOut.submit({ logout: 'yes' }), 'demo-signed-out');
  });

  test('a second start on the same folder, or on the same ports, is refused with one clear line', async () => {
    const sameFolder = startTrial(await freePorts(), folder);
    expect(await sameFolder.ended).toBe(1);
    expect(sameFolder.said()).toMatch(/^Nijo already runs on the folder [^\n]+\n$/);
    for (const clash of [port, port - 1, port - 2]) {
      const otherFolder = mkdtempSync(path.join(tmpdir(), 'nijo-trial-'));
      const samePorts = startTrial(clash, otherFolder);
      expect(await samePorts.ended).toBe(1);
      expect(samePorts.said()).toMatch(/^Port \d+ is in use[^\n]+\n$/);
      rmSync(otherFolder, { recursive: true });
    }
  });

  test('S30: a sign-in that was on its way when the trial was started again ends at the service', async () => {
    const visitor = browser();
    const signIn = pageOf(await visitor.open(new URL(`${ordinary()}/sign-in`)), 'sign-in');
    running.process.kill('SIGINT');
    expect(await running.ended).toBe(0);
    running = startTrial(port, folder);
    await untilUp(running);
    const credentials = { login_id: 'a0000004', password: demoPassword, action: 'continue' };
    pageOf(await signIn.submit(credentials), 'demo-signed-in');
    // What cannot be finished says so, and offers to begin again.
    const unknown = await fetch(`${ordinary()}/callback?code=x&state=gone`);
    const text = await unknown.text();
    expect([unknown.status, text]).toEqual([400, expect.stringContaining('data-error="login_unknown"')]);
    expect(text).toContain('<a class="button" href="/sign-in">');
    pageOf(await visitor.open(new URL('/sign-in', ordinary())), 'demo-signed-in');
  });

  test('stops in order, and a new start goes on with what was there', async () => {
    running.process.kill('SIGINT');
    expect(await running.ended).toBe(0);
    const verify = run(port, folder, ['--trial', 'audit', 'verify']);
    expect([await verify.ended, verify.said()]).toEqual([
      0,
      expect.stringMatching(/^All \d+ linked events are as they were/),
    ]);
    const nowhere = run(port, path.join(folder, 'nowhere'), ['--trial', 'desk', 'status']);
    expect([await nowhere.ended, nowhere.said()]).toEqual([
      1,
      expect.stringContaining('run npm start first'),
    ]);
    running = startTrial(port, folder);
    await untilUp(running);
    const refused = run(port, folder, ['--trial', 'desk', 'status']);
    expect([await refused.ended, refused.said()]).toEqual([
      1,
      expect.stringContaining('already runs on the folder'),
    ]);
    const since = new Date().toISOString();
    const signIn = pageOf(await browser().open(new URL(`${important()}/sign-in`)), 'sign-in');
    const credentials = { login_id: 'a0000001', password: demoPassword, action: 'continue' };
    const code = pageOf(await signIn.submit(credentials), 'mail-code');
    const address = 'a0000001@mail.example';
    // The login after the first setup offers the app, once (R20).
    const offer = pageOf(
      await code.submit({ code: await newestCode(address, since), action: 'continue' }),
      'set-up-app',
    );
    pageOf(await offer.submit({ action: 'skip' }), 'demo-signed-in');
  });
});

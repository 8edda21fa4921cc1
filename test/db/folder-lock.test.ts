import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockFolder } from '../../src/db/folder-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const module = path.join(import.meta.dirname, '../../src/db/folder-lock.ts');
// Says whether it got the lock; keeps it until its standard input ends.
const holder = `
  import { lockFolder } from ${JSON.stringify(module)};
  try { lockFolder(process.argv[1]); console.log('locked'); process.stdin.resume(); }
  catch (error) { console.log(error.message); }`;
const command = ['--input-type=module', '-e', holder];

test('E12: a second process on the same folder is refused, and told which one holds it', async () => {
  const first = spawn(process.execPath, [...command, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => {
    first.stdout.once('data', resolve);
  });
  expect(() => lockFolder(folder)).toThrow(
    `Nijo already runs on the folder ${folder} (process ${first.pid}). Stop it first, or set NIJO_DATA to another folder.`,
  );
  first.kill('SIGKILL');
  await new Promise((resolve) => {
    first.once('exit', resolve);
  });
  // … and one that was killed left its lock behind, which does not matter.
  expect(existsSync(path.join(folder, 'lock'))).toBe(true);
  lockFolder(folder).release();
});

test('of ten processes that find a stale lock at once, one takes it over', async () => {
  writeFileSync(path.join(folder, 'lock'), '999999999 1');
  const processes = Array.from({ length: 10 }, () =>
    spawn(process.execPath, [...command, folder], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const said = await Promise.all(
    processes.map(
      (one) =>
        new Promise<string>((resolve) => {
          one.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
        }),
    ),
  );
  for (const one of processes) one.kill('SIGKILL');
  expect(said.filter((line) => line === 'locked')).toHaveLength(1);
});

test('the same process cannot lock a folder twice; a release lets it', () => {
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow('already runs');
  lock.release();
  lock.release();
  lockFolder(folder).release();
});

test('a number that another process has by now is no holder', () => {
  const other = spawnSync('true').pid;
  for (const content of [`${process.pid} 1`, `${other}`, '', 'garbage', '-1', '0']) {
    writeFileSync(path.join(folder, 'lock'), content);
    const lock = lockFolder(folder);
    expect(readFileSync(path.join(folder, 'lock'), 'utf8')).toMatch(`${process.pid} `);
    lock.release();
  }
});

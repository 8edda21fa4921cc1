import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseFault, openTrialFolder } from '../../src/trial/folder.ts';
import { folderFault } from '../../src/trial/usable.ts';

const program = path.join(import.meta.dirname, '../../src/cli/nijo.ts');
const isRoot = process.getuid?.() === 0;
// Root may write everywhere: the trial then runs as somebody else.
const someone = isRoot ? 65_534 : undefined;

describe('S30: a folder in which no trial can be', () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(path.join(tmpdir(), 'nijo-trial-folder-'));
    chmodSync(place, 0o755);
    if (someone !== undefined) chownSync(place, someone, someone);
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const run = (folder: string, words: readonly string[] = ['trial'], environment: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: unknown; said: string }>((resolve) => {
      execFile(
        process.execPath,
        [program, ...words],
        {
          env: { PATH: process.env.PATH, PORT: '29870', NIJO_DATA: folder, ...environment },
          ...(someone === undefined ? {} : { uid: someone, gid: someone }),
        },
        (error, stdout, stderr) => resolve({ code: error?.code, said: stdout + stderr }),
      );
    });

  const cases: [string, RegExp, (folder: string) => string | undefined][] = [
    [
      'cannot be written',
      /cannot be written by this user/,
      (folder) => {
        mkdirSync(folder, { mode: 0o555 });
        return undefined;
      },
    ],
    [
      'lies in one that cannot be written',
      /cannot be written by this user/,
      (folder) => {
        mkdirSync(folder, { mode: 0o555 });
        return path.join(folder, 'trial');
      },
    ],
    [
      'is a file',
      /is a file, or lies below one/,
      (folder) => {
        writeFileSync(folder, '');
        return undefined;
      },
    ],
    [
      'lies below a file',
      /is a file, or lies below one/,
      (folder) => {
        writeFileSync(folder, '');
        return path.join(folder, 'trial');
      },
    ],
    [
      'holds a database that cannot be written',
      /cannot be written by this user/,
      (folder) => {
        mkdirSync(path.join(folder, 'database/base'), { recursive: true });
        chmodSync(path.join(folder, 'database/base'), 0o555);
        return undefined;
      },
    ],
    [
      'holds a secret that cannot be read',
      /cannot be written by this user/,
      (folder) => {
        mkdirSync(folder);
        writeFileSync(path.join(folder, 'secret'), 'x', { mode: 0o000 });
        return undefined;
      },
    ],
    [
      'leads in a circle',
      /cannot be the name of a folder/,
      (folder) => {
        symlinkSync(folder, folder);
        return undefined;
      },
    ],
    [
      'links to nowhere',
      /links to what does not exist/,
      (folder) => {
        symlinkSync('/nowhere/trial', folder);
        return undefined;
      },
    ],
    ...['secret', 'trial.log', 'mails.jsonl', 'lock'].map((file): (typeof cases)[number] => [
      `holds a folder in place of ${file}`,
      /a folder stands where the trial keeps a file/,
      (folder) => {
        mkdirSync(path.join(folder, file), { recursive: true });
        if (someone !== undefined) chownSync(path.join(folder, file), someone, someone);
        return undefined;
      },
    ]),
    [
      'holds a file in place of the database',
      /The database in the folder .* cannot be opened/,
      (folder) => {
        mkdirSync(folder);
        writeFileSync(path.join(folder, 'database'), 'x');
        if (someone !== undefined) chownSync(path.join(folder, 'database'), someone, someone);
        return undefined;
      },
    ],
    [
      'holds half a secret beside a database',
      /secret is damaged/,
      (folder) => {
        mkdirSync(path.join(folder, 'database'), { recursive: true });
        writeFileSync(path.join(folder, 'secret'), 'half');
        for (const file of ['database', 'secret'])
          if (someone !== undefined) chownSync(path.join(folder, file), someone, someone);
        return undefined;
      },
    ],
    ['has too long a name', /cannot be the name of a folder/, (folder) => folder + 'x'.repeat(300)],
  ];
  for (const [name, words, prepare] of cases)
    test(`it ${name}`, async () => {
      const base = path.join(place, name.replaceAll(' ', '-'));
      const folder = prepare(base) ?? base;
      // What was made here belongs to the one who tries, so that it is the permissions that refuse.
      if (someone !== undefined && existsSync(base)) chownSync(base, someone, someone);
      for (const command of [['trial'], ['--trial', 'desk', 'status']]) {
        const { code, said } = await run(folder, command);
        if (command[0] === '--trial' && /There is no trial in/.test(said)) continue;
        expect([command, code, said]).toEqual([command, 1, expect.stringMatching(words)]);
        expect(said).toMatch(/^[^\n]+NIJO_DATA[^\n]+\n$/);
        expect(said).not.toMatch(/EACCES|ENOTDIR|EEXIST|EISDIR|ENOENT|PGlite|object Object|at .*\.ts/);
      }
    });

  (isRoot ? test : test.skip)('it belongs to somebody else', async () => {
    const folder = path.join(place, 'of-root');
    mkdirSync(folder, { mode: 0o700 });
    const { code, said } = await run(folder);
    expect([code, said]).toEqual([
      1,
      expect.stringContaining(`(user ID ${someone}; it belongs to user ID 0)`),
    ]);
  });

  test('half a secret that nothing was sealed with is made again', async () => {
    const folder = path.join(place, 'interrupted');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'secret'), '');
    const held = openTrialFolder(folder);
    await held.close();
    expect(held.secret.length).toBeGreaterThan(32);
    const again = openTrialFolder(folder);
    await again.close();
    expect(again.secret).toBe(held.secret);
  });

  test('a port below 1024 is named, and where to go instead', async () => {
    const { code, said } = await run(path.join(place, 'ports'), ['trial'], { PORT: '1' });
    // Some systems let everybody have them.
    if (code === 1) expect(said).toMatch(/^Port 1 .*PORT=4000 npm start\n$/);
    else throw new Error(`it ran on port 1: ${said}`);
  });

  test('a full disk and a damaged database are said in words', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(folderFault(full, '/somewhere')?.message).toMatch(
      /no room left on the disk of the folder \/somewhere/,
    );
    const folder = path.join(place, 'damaged');
    mkdirSync(path.join(folder, 'database'), { recursive: true });
    writeFileSync(path.join(folder, 'database/PG_VERSION'), 'none\n');
    const { code, said } = await run(folder);
    // Another one's, for root made it.
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(isRoot ? /cannot be written/ : /cannot be opened/),
    ]);
    const held = openTrialFolder(path.join(place, 'sound'));
    await held.close();
    expect(
      databaseFault(new Error('PGlite failed to initialize properly'), path.join(place, 'sound')),
    ).toMatchObject({
      message: expect.stringMatching(/cannot be opened .* delete the folder to begin again/),
    });
  });
});

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = path.join(import.meta.dirname, '../..');

/** Each of these lets somebody in, or loses a change, and looks right at a glance. */
const forgotten: Record<string, string> = {
  'a condition': 'if (verify(code)) return true;\n  return false;',
  'a negated condition': 'if (!verify(code)) throw new Error();\n  return true;',
  'a conjunction': 'return code !== "" && verify(code) ? true : false;',
  'a ternary': 'return verify(code) ? true : false;',
  'a loop': 'while (verify(code)) return true;\n  return false;',
  'a filter': 'return [code].filter(async (one) => verify(one)).length > 0;',
  'a call for its effect': 'verify(code);\n  return true;',
  'a call in forEach': '[code].forEach(async (one) => { await verify(one); });\n  return true;',
};

describe('the lint', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-lint-'));
    mkdirSync(path.join(folder, 'src'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      copyFileSync(path.join(root, file), path.join(folder, file));
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const lint = (body: string): { status: number | null; output: string } => {
    writeFileSync(
      path.join(folder, 'src/sample.ts'),
      `declare function verify(code: string): Promise<boolean>;\nexport async function mayPass(code: string): Promise<boolean> {\n  ${body}\n}\n`,
    );
    const { status, stdout, stderr } = spawnSync(
      path.join(root, 'node_modules/.bin/oxlint'),
      ['--type-aware', '--deny-warnings', 'src'],
      { cwd: folder, encoding: 'utf8', env: { PATH: `${root}/node_modules/.bin:${process.env.PATH ?? ''}` } },
    );
    return { status, output: stdout + stderr };
  };

  test('is content with a verification that is awaited', () => {
    expect(lint('if (await verify(code)) return true;\n  return false;')).toMatchObject({ status: 0 });
  });

  test.each(Object.entries(forgotten))('catches a verification that is not awaited, in %s', (_, body) => {
    const { status, output } = lint(body);
    expect(status).not.toBe(0);
    expect(output).toMatch(/no-misused-promises|no-floating-promises|strict-boolean-expressions/);
  });
});

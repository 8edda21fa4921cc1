import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import type { CliContext } from '../../src/cli/context.ts';
import { doctorCommand } from '../../src/cli/doctor.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { grantRuntimeRights } from '../../src/db/runtime-role.ts';
import { openRoledDatabase, type RoledDatabase } from './roles.ts';

describe('nijo doctor on the role that is connected (Postgres)', () => {
  let roled: RoledDatabase;
  beforeAll(async () => {
    roled = await openRoledDatabase();
  });
  afterAll(() => roled.close());

  async function doctor(
    url: string,
  ): Promise<Record<string, { ok: boolean; said: string; advice?: boolean }>> {
    const config = checkConfiguration({
      issuer: 'http://127.0.0.1:9',
      database: { url },
      secrets: { current: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo' },
      mail: { smtp_url: 'smtp://127.0.0.1:9', from_address: 'idp@idp.example' },
    });
    const said: string[] = [];
    const context = { loadConfiguration: () => config, out: (text: string) => void said.push(text) };
    const program = new Command().addCommand(doctorCommand(context as CliContext));
    await program.parseAsync(['doctor', '--json'], { from: 'user' });
    process.exitCode = undefined;
    const findings = JSON.parse(said.join('')) as { check: string; ok: boolean; said: string }[];
    return Object.fromEntries(findings.map(({ check, ...finding }) => [check, finding]));
  }

  test('C42: says what the role lacks, and whether it could change the audit log', async () => {
    const { runtime, owner, superuser } = roled;
    const before = await doctor(runtime.url);
    expect(before['rights']).toMatchObject({ ok: false });
    expect(before['rights']?.said).toContain('--runtime-role');
    await grantRuntimeRights(owner.db, runtime.name);
    const after = await doctor(runtime.url);
    expect(after['rights']).toMatchObject({ ok: true });
    expect(after['audit log']).toEqual({
      ok: true,
      said: `${runtime.name} can add to it, and neither change nor delete anything`,
    });
    const ownUrl = new URL(runtime.url);
    ownUrl.username = owner.name;
    expect((await doctor(ownUrl.href))['audit log']).toMatchObject({ ok: true, advice: true });
    expect((await doctor(ownUrl.href))['audit log']?.said).toContain('owns the tables');
    expect((await doctor(String(superuser.url)))['audit log']?.said).toContain('is a superuser');
  });
});

import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { sql } from 'kysely';
import { createAuditChain } from '../../src/audit/chain.ts';
import { auditCommand } from '../../src/cli/audit.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { migrateCommand } from '../../src/cli/migrate.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { tampered, writeEvents } from './helpers.ts';

const config = checkConfiguration({
  issuer: 'https://idp.example',
  database: { url: 'postgres://unused' },
  secrets: { current: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo' },
  mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
  locale: { time_zone: 'Asia/Tokyo' },
});

describeOnEveryDatabase('nijo audit', (open) => {
  let database: TestDatabase;
  let db: Db;
  let folder: string;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    folder = await mkdtemp(path.join(tmpdir(), 'nijo-audit-'));
    // Around a midnight of Tokyo, which is 15:00 UTC.
    for (const at of ['2025-11-30T14:59:59.999999Z', '2025-11-30T15:00:00Z', '2025-12-01T14:59:59.5Z'])
      await sql`insert into audit_events (at, event, result, details)
        values (${at}::timestamptz, 'key.rotated', 'success', '{"said": "a \\"quote\\" and a line\\u000a"}')`.execute(
        db,
      );
    await writeEvents(db, 12);
    await createAuditChain({ db, sealer: testSealer(), logger: silentLogger() }).linkWaiting();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await database.close();
  });
  afterEach(() => {
    process.exitCode = undefined;
  });

  async function nijo(handle: Db, ...args: string[]) {
    const said: string[] = [];
    const context: CliContext = {
      loadConfiguration: () => config,
      withDatabase: (work) => work({ db: handle, config, sealer: testSealer(), logger: silentLogger() }),
      out: (text) => void said.push(text),
      fail: (message) => {
        throw new Error(message);
      },
      actor: 'cli:test',
    };
    const streamed: Buffer[] = [];
    const output = new PassThrough().on('data', (chunk: Buffer) => streamed.push(chunk));
    const audit = auditCommand(context, { output });
    const program = new Command().exitOverride();
    program.addCommand(audit).addCommand(migrateCommand(context));
    for (const command of [program, ...program.commands, ...audit.commands])
      command.exitOverride().configureOutput({ writeErr: () => undefined });
    let failed: string | undefined;
    try {
      await program.parseAsync(args, { from: 'user' });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      failed = error instanceof CommanderError ? `usage: ${error.message}` : error.message;
    }
    const code = process.exitCode;
    process.exitCode = undefined;
    return { said, failed, code, lines: Buffer.concat(streamed).toString().split('\n').filter(Boolean) };
  }
  const parsed = (lines: readonly string[]) =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const eventsNamed = (event: 'audit.exported') =>
    db.selectFrom('audit_events').select(['actor', 'details']).where('event', '=', event).execute();

  test('D15: verify says that all is well, and --anchor keeps where the chain ended, once', async () => {
    const file = path.join(folder, 'anchors.jsonl');
    const first = await nijo(db, 'audit', 'verify', '--anchor', file);
    expect(first).toMatchObject({ failed: undefined, code: undefined });
    expect(first.said.join()).toMatch(/^All \d+ linked events are as they were\. The chain ends at \d+\.$/);
    const anchor = readFileSync(file, 'utf8');
    expect(parsed([anchor])).toEqual([
      {
        position: expect.any(Number) as unknown,
        digest: expect.any(String) as unknown,
        at: expect.any(String) as unknown,
      },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await nijo(db, 'audit', 'verify', '--anchor', file);
    expect(readFileSync(file, 'utf8')).toBe(anchor);
    const { position } = JSON.parse(anchor) as { position: number };
    const rest = await nijo(db, 'audit', 'verify', '--anchor', file, '--since', String(position));
    expect(rest.said.join()).toContain('All 0 linked events');
    expect((await nijo(db, 'audit', 'verify', '--since', '3')).failed).toContain('No anchor says');
  });

  test('D15: verify names what was done, exits with 1, and leaves the anchors as they were', async () => {
    const file = path.join(folder, 'kept.jsonl');
    await nijo(db, 'audit', 'verify', '--anchor', file);
    const before = readFileSync(file, 'utf8');
    const { position } = JSON.parse(before) as { position: number };
    const cut = async (trx: Db): Promise<void> => {
      await sql`delete from audit_links where position = ${position}::bigint`.execute(trx);
      await sql`delete from audit_events where account_id = 'account-12'`.execute(trx);
      await sql`update audit_events set result = 'failure' where account_id = 'account-5'`.execute(trx);
    };
    const look = (...args: string[]) => tampered(db, cut, (trx) => nijo(trx, 'audit', 'verify', ...args));
    const plain = await look('--anchor', file);
    expect(plain.code).toBe(1);
    expect(plain.said).toEqual([
      expect.stringMatching(/^changed: position \d+: event \d+ was changed/),
      expect.stringMatching(
        new RegExp(`^cut-off: position ${position}: was there on .+ the chain ends before it`),
      ),
      expect.stringMatching(/^NOT as it was: 2 finding\(s\)/),
    ]);
    const json = await look('--anchor', file, '--json');
    expect(parsed(json.said).map(({ kind, ok }) => kind ?? ok)).toEqual(['changed', 'cut-off', false]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    await writeFile(file, '{"position": "1"}\n');
    expect((await nijo(db, 'audit', 'verify', '--anchor', file)).failed).toContain('Line 1 is no anchor');
  });

  test('D15: export writes the days of the configured zone, without the last, each event with its place', async () => {
    const { lines } = await nijo(db, 'audit', 'export', '--from', '2025-12-01', '--to', '2025-12-02');
    expect(parsed(lines)).toEqual([
      expect.objectContaining({ at: '2025-11-30T15:00:00.000000Z', event: 'key.rotated', position: 2 }),
      expect.objectContaining({
        at: '2025-12-01T14:59:59.500000Z',
        details: { said: 'a "quote" and a line\n' },
        digest: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      }),
    ]);
    const moments = ['--from', '2025-11-30T14:59:59.999999Z', '--to', '2025-12-01T00:00:00+09:00'];
    expect((await nijo(db, 'audit', 'export', ...moments)).lines).toHaveLength(1);
    expect(await eventsNamed('audit.exported')).toEqual([
      { actor: 'cli:test', details: { from: '2025-12-01', to: '2025-12-02' } },
      { actor: 'cli:test', details: { from: moments[1], to: moments[3] } },
    ]);
  });

  test('D15: an export over many pages has every event once and in order, and not itself', async () => {
    await sql`insert into audit_events (at, event, result, details)
      select '2025-06-01T00:00:00Z'::timestamptz + (n / 7) * interval '1 microsecond', 'key.rotated', 'success',
        jsonb_build_object('n', n) from generate_series(0, 2499) n`.execute(db);
    const { lines } = await nijo(db, 'audit', 'export', '--from', '2025-06-01', '--to', '2025-07-01');
    expect(parsed(lines).map(({ details }) => (details as { n: number }).n)).toEqual(
      Array.from({ length: 2500 }, (_, index) => index),
    );
    const all = await nijo(db, 'audit', 'export', '--from', '2020-01-01', '--to', '2100-01-01');
    const present = (await db.selectFrom('audit_events').select('id').execute()).length;
    expect(all.lines).toHaveLength(present - 1);
  });

  test("D15: a file is new and its owner's alone; what is no period is refused and not recorded", async () => {
    const before = (await eventsNamed('audit.exported')).length;
    for (const [from, to] of [
      ['2025-02-30', '2025-03-01'],
      ['yesterday', '2025-03-01'],
      ['2025-12-01T00:00:00', '2025-12-02'],
    ] as const)
      expect((await nijo(db, 'audit', 'export', '--from', from, '--to', to)).failed).toContain('usage: ');
    expect(
      (await nijo(db, 'audit', 'export', '--from', '2025-03-02', '--to', '2025-03-01')).failed,
    ).toContain('ends before it begins');
    expect(await eventsNamed('audit.exported')).toHaveLength(before);
    const file = path.join(folder, 'export.jsonl');
    const period = ['--from', '2025-12-01', '--to', '2025-12-02', '--output', file];
    expect(await nijo(db, 'audit', 'export', ...period)).toMatchObject({ failed: undefined, lines: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n')).toHaveLength(3);
    expect((await nijo(db, 'audit', 'export', ...period)).failed).toContain('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(path.join(folder, 'nowhere'))).toBe(false);
  });

  test('C42: migrate --runtime-role says what it did, and which role it cannot be', async () => {
    await sql`create role nijo_serves_${sql.raw(database.kind)}`.execute(db);
    const role = `nijo_serves_${database.kind}`;
    try {
      const done = await nijo(db, 'migrate', '--runtime-role', role);
      expect(done.said).toEqual(['The database is up to date.', `The role ${role} has what serving needs.`]);
      const json = await nijo(db, 'migrate', '--runtime-role', role, '--json');
      expect(parsed(json.said)).toEqual([{ applied: [], runtimeRole: role }]);
      expect((await nijo(db, 'migrate', '--runtime-role', 'nobody"; --')).failed).toBe(
        'The role nobody"; -- does not exist: create it first (create role … login).',
      );
      expect((await nijo(db, 'migrate', '--runtime-role', 'postgres')).failed).toContain('is a superuser');
      expect((await nijo(db, 'migrate', '--check', '--runtime-role', role)).failed).toContain('usage: ');
    } finally {
      await sql`drop owned by ${sql.id(role)}`.execute(db);
      await sql`drop role ${sql.id(role)}`.execute(db);
    }
  });
});

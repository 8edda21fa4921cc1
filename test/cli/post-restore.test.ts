import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { sql } from 'kysely';
import type { Sealer } from '../../src/base/sealing.ts';
import { accountsCommands } from '../../src/cli/accounts.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { postRestoreCommand } from '../../src/cli/post-restore.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { installationOf, noteDirectoryState, noteInstallation } from '../../src/db/installation.ts';
import type { Db } from '../../src/db/open.ts';
import { appCode, accountLine, type Cluster, startCluster } from '../support/cluster.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { UserAgent } from '../support/user-agent.ts';

const config = checkConfiguration({
  issuer: 'https://idp.example',
  database: { url: 'postgres://unused' },
  secrets: { current: 'q8Zt1mXw5vRb7nYk3cJd9fHg2sLp4aTe6uBo' },
  mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
});

function contextOn(db: Db, said: string[], sealer = testSealer()): CliContext {
  return {
    loadConfiguration: () => config,
    withDatabase: (work) => work({ db, config, sealer, logger: silentLogger() }),
    out: (text) => void said.push(text),
    fail: (message) => {
      throw new Error(message);
    },
    actor: 'cli:test',
  };
}

async function postRestore(db: Db, ...args: string[]): Promise<string> {
  const said: string[] = [];
  await new Command()
    .addCommand(postRestoreCommand(contextOn(db, said)))
    .parseAsync(['post-restore', ...args], { from: 'user' });
  return said.join('\n');
}

async function importFile({ db, sealer }: { db: Db; sealer: Sealer }, text: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nijo-import-'));
  try {
    await writeFile(path.join(folder, 'accounts.csv'), text);
    const program = new Command();
    accountsCommands(program, contextOn(db, [], sealer));
    await program.parseAsync(['accounts', 'import', path.join(folder, 'accounts.csv')], { from: 'user' });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a restore does to a database: these tables are again what they were. */
const restored = [
  'oidc_payloads',
  'challenges',
  'app_factors',
  'accounts',
  'sign_ins',
  'browser_sessions',
] as const;

describeOnEveryDatabase('S27, R69: after a restore', (open) => {
  let database: TestDatabase;
  let db: Db;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    cluster = await startCluster(database, { nodes: 2 });
    await cluster.addAccounts([
      accountLine({ loginId: 'restored1', app: true }),
      accountLine({ loginId: 'restored2', app: false, mail: 'restored2@mail.example' }),
    ]);
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const dump = async (): Promise<void> => {
    for (const table of restored) {
      await sql`drop table if exists ${sql.table(`dump_${table}`)}`.execute(db);
      await sql`create table ${sql.table(`dump_${table}`)} as table ${sql.table(table)}`.execute(db);
    }
  };
  const restore = async (): Promise<void> => {
    for (const table of ['oidc_payloads', 'challenges', 'sign_ins', 'browser_sessions'])
      await sql`delete from ${sql.table(table)}`.execute(db);
    for (const table of ['oidc_payloads', 'challenges', 'sign_ins', 'browser_sessions'])
      await sql`insert into ${sql.table(table)} select * from ${sql.table(`dump_${table}`)}`.execute(db);
    await sql`update app_factors f set last_step = d.last_step from dump_app_factors d where d.id = f.id`.execute(
      db,
    );
    await sql`update accounts a set status = d.status from dump_accounts d where d.id = a.id`.execute(db);
  };

  test('what was used or ended since the dump is good again without it, and ended by it', async () => {
    const user = new UserAgent(cluster);
    const page = await user.password('restored1');
    await dump();
    // The code is used after the dump.
    const code = appCode();
    const done = await user.submit(page, { code });
    expect(done.callback).toBeDefined();
    await restore();
    // Without the command the same code would be accepted a second time: the login stands where it stood.
    const before = await db.selectFrom('app_factors').select('last_step').execute();
    expect(before.every(({ last_step: step }) => Number(step) < Math.floor(Date.now() / 30_000) - 1)).toBe(
      true,
    );

    const counted = JSON.parse(await postRestore(db, '--dry-run', '--json')) as {
      ended: Record<string, number>;
    };
    expect(counted.ended.logins).toBe(1);
    expect(counted.ended.apps).toBeGreaterThan(0);
    expect(await db.selectFrom('sign_ins').select('interaction').execute()).toHaveLength(1);
    await postRestore(db);

    const again = await user.submit(page, { code });
    expect(again.callback).toBeUndefined();
    // In a login of its own the used code is refused, and the next one accepted.
    const fresh = new UserAgent(cluster, { node: 1 });
    const factor = await fresh.password('restored1');
    expect((await fresh.submit(factor, { code })).fault).toBe('code_used');
  });

  test('sessions end and services are told, refresh tokens and mailed codes are void, and it can be repeated', async () => {
    await db.updateTable('app_factors').set({ last_step: 0 }).execute();
    const user = new UserAgent(cluster);
    expect((await user.submit(await user.password('restored1'), { code: appCode() })).callback).toBeDefined();
    const mail = new UserAgent(cluster);
    expect((await mail.password('restored2')).page).toBe('mail-code');
    expect(
      (await user.start('important', { prompt: 'none' })).callback?.searchParams.get('code'),
    ).toBeTruthy();
    await db.deleteFrom('ended_sessions').execute();

    await postRestore(db, '--at', '2026-11-30T03:00:00Z');
    expect((await user.start('important', { prompt: 'none' })).callback?.searchParams.get('error')).toBe(
      'login_required',
    );
    expect(
      await db.selectFrom('oidc_payloads').select('id').where('account_id', 'is not', null).execute(),
    ).toEqual([]);
    const unused = await db
      .selectFrom('challenges')
      .select('id')
      .where('consumed_at', 'is', null)
      .where('voided_at', 'is', null)
      .execute();
    expect(unused).toEqual([]);

    const events = () =>
      db
        .selectFrom('audit_events')
        .selectAll()
        .where('event', '=', 'database.restored')
        .orderBy('id')
        .execute();
    const [, recorded] = await events();
    expect(recorded).toMatchObject({
      actor: 'cli:test',
      details: { at: '2026-11-30T03:00:00.000Z', sessions: 1 },
    });
    const second = JSON.parse(await postRestore(db, '--json')) as { ended: Record<string, number> };
    expect(second.ended).toMatchObject({
      sessions: 0,
      logins: 0,
      mailCodes: 0,
      trustedBrowsers: 0,
      mails: 0,
      setUpPasses: 0,
    });
    expect(await events()).toHaveLength(3);
  });

  test('trust, links and waiting mails end; the directory is awaited until it came', async () => {
    const { id } = await db
      .selectFrom('accounts')
      .select('id')
      .where('login_id', '=', 'restored1')
      .executeTakeFirstOrThrow();
    const later = sql<Date>`now() + interval '1 day'`;
    await db
      .insertInto('trusted_browsers')
      .values({
        id: 't',
        account_id: id,
        secret_digest: 'd',
        user_agent: 'u',
        address: 'a',
        expires_at: later,
      })
      .execute();
    await db
      .insertInto('notice_links')
      .values({ id: 'l', account_id: id, event: 'new-browser', expires_at: later })
      .execute();
    await db
      .insertInto('mails')
      .values({
        id: 'm',
        account_id: id,
        kind: 'notice',
        locale: 'en',
        to_address: 'a@mail.example',
        model: '{}',
        next_attempt_at: later,
        expires_at: later,
      } as never)
      .execute();
    await postRestore(db);
    expect(await db.selectFrom('trusted_browsers').select('ended_why').execute()).toEqual([
      { ended_why: 'restored' },
    ]);
    expect(await db.selectFrom('mails').select('state').where('id', '=', 'm').execute()).toEqual([
      { state: 'expired' },
    ]);
    const live = await db
      .selectFrom('notice_links')
      .select('id')
      .where('expires_at', '>', sql<Date>`now()`)
      .execute();
    expect(live).toEqual([]);
    expect((await installationOf(db)).awaitsDirectory).toBe(true);
    await noteDirectoryState(db);
    expect((await installationOf(db)).awaitsDirectory).toBe(false);
    // Where accounts are kept by hand there is no file: the operator says when it is done.
    await postRestore(db);
    expect((await installationOf(db)).awaitsDirectory).toBe(true);
    await postRestore(db, '--nothing-lost');
    expect((await installationOf(db)).awaitsDirectory).toBe(false);
    // A file that says nothing of anybody is no state of the directory.
    await postRestore(db);
    await importFile({ db, sealer: cluster.sealer }, 'login_id,kind\n');
    expect((await installationOf(db)).awaitsDirectory).toBe(true);
    await importFile({ db, sealer: cluster.sealer }, 'login_id,kind\nrestored3,ecs\n');
    expect((await installationOf(db)).awaitsDirectory).toBe(false);
  });

  test('a moment that is none, or has not come, is refused before anything is done', async () => {
    await expect(postRestore(db, '--at', 'yesterday')).rejects.toThrow('is not a time');
    await expect(postRestore(db, '--at', '2999-01-01')).rejects.toThrow('has not come yet');
  });
});

test('S27: data that come from another database are noticed, until it was dealt with', async () => {
  const origin = await openTestPostgres();
  const other = await openTestPostgres();
  try {
    await noteInstallation(origin.db);
    expect((await installationOf(origin.db)).state).toBe('same');
    // What a dump brings along.
    const noted = await origin.db.selectFrom('installation').selectAll().executeTakeFirstOrThrow();
    await other.db.insertInto('installation').values(noted).execute();
    await noteInstallation(other.db);
    expect((await installationOf(other.db)).state).toBe('elsewhere');
    await postRestore(other.db);
    expect((await installationOf(other.db)).state).toBe('same');
    await postRestore(origin.db, '--nothing-lost');
    expect(await installationOf(origin.db)).toEqual({ state: 'same', awaitsDirectory: false });
  } finally {
    await Promise.all([origin.close(), other.close()]);
  }
});

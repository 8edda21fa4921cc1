import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import type pg from 'pg';
import { Command } from 'commander';
import { applyEnds } from '../../src/accounts/ended-accounts.ts';
import { accountsCommands } from '../../src/cli/accounts.ts';
import { auditCommand } from '../../src/cli/audit.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { keepHolidays } from '../../src/desk/calendar/week.ts';
import { expireStaleCases } from '../../src/desk/stale.ts';
import { createSecondFactor } from '../../src/factors/second-factor.ts';
import { forgotten } from '../../src/app/purging.ts';
import { expiringKinds } from '../../src/app/cleanup.ts';
import { silentLogger } from '../support/logger.ts';
import { seenCard } from '../attacks/desk-scene.ts';
import { alwaysOpen } from '../factors/pass-stage.ts';
import { accountId, person, signInWithApp } from '../login/visits.ts';
import * as login from '../login/walk.ts';
import * as life from '../portal/life-walk.ts';
import { atAccount } from '../portal/support.ts';
import { atDesk, staffMember } from '../staff/support.ts';
import { createSoftwarePasskey } from '../support/authenticator.ts';
import { appCode, type Cluster, startCluster, testClients } from '../support/cluster.ts';
import { fillWithCrowd } from '../support/crowd.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { explainGeneric, stockSession } from '../support/explain.ts';
import { type RecordingHandle, recordingHandle } from '../support/recorded-statements.ts';
import { type Answer, UserAgent } from '../support/user-agent.ts';

/** Tables that may be read whole, and why they stay small. */
const small: Readonly<Record<string, string>> = {
  clients: 'services, some hundred',
  client_versions: 'their changes',
  signing_keys: 'a few',
  instance_secrets: 'a few',
  desk_calendar: 'one row',
  desk_days: 'some dozen a year',
  audit_unlinked: 'events of the last second',
  kysely_migration: 'one row a migration',
  nijo_migration_progress: 'one row',
  write_probes: 'one row a node',
};

/** Statements that read a table whole, and what bounds how often. */
const bounded: readonly { statement: RegExp; why: string }[] = [
  {
    statement: /as parameters, count\(\*\)::int as accounts\s+from passwords group by/,
    why: 'kept for a second at least, and then as long as the count takes no more than half a percent of the time',
  },
  {
    statement: /^update setup_passes p set voided_at = now\(\)[\s\S]+approved_by = \$/,
    why: 'when somebody of the staff leaves or says "this was not me"',
  },
];

/**
 * What a node sends while people do what they do, explained for any parameters on a university of 30,000 people.
 * The list is what was really sent, and not what somebody thought of.
 */
describe('S15: the statements of the hot paths on 30,000 accounts', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  /** The same for a test's own look into the database, which is not recorded. */
  let beside: Cluster;
  let handle: RecordingHandle;
  let session: pg.Client;
  const sent = new Set<string>();

  beforeAll(async () => {
    database = await openTestPostgres();
    await fillWithCrowd(String(database.url));
    session = await stockSession(String(database.url));
    handle = recordingHandle(String(database.url));
    cluster = await startCluster(database, {
      handles: [handle.db, handle.db],
      nodes: 2,
      host: 'localhost',
      config: { desk: alwaysOpen, password_limits: { wrong_per_network: 5000 } },
      clients: testClients.map((client) => ({
        ...client,
        passkey_sign_in: client.client_id === 'optional',
        trusted_browser_days: client.client_id === 'important' ? 14 : 0,
      })),
    });
    beside = { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, db: database.db })) };
  }, 120_000);
  afterAll(async () => {
    await cluster.close();
    await handle.db.destroy();
    await session.end();
    await database.close();
  });

  const take = (): void => {
    for (const statement of handle.take())
      if (/^\s*(select|insert|update|delete|with)\b/i.test(statement)) sent.add(statement.trim());
  };

  /** Reads whole what grows, of all that was sent until now. */
  async function readWhole(): Promise<string[]> {
    const found: string[] = [];
    for (const statement of sent) {
      if (bounded.some((rare) => rare.statement.test(statement))) continue;
      for (const { table, filter } of (await explainGeneric(session, statement)).readWhole)
        if (small[table] === undefined)
          found.push(`${table} ${filter}\n  ${statement.replaceAll(/\s+/g, ' ')}`);
    }
    sent.clear();
    return found;
  }

  test('S15: logins in any order', async () => {
    for (const walk of fc.sample(login.walks(40), { numRuns: 3, seed: 15 })) {
      const world = await login.newWorld(beside, database.db);
      for (const move of walk) await login.make(world, move);
    }
    take();
    expect(sent.size).toBeGreaterThan(30);
    expect(await readWhole()).toEqual([]);
  }, 120_000);

  test('S15: the own page and every change there, in any order', async () => {
    const breakdown = {
      db: database.db,
      after: () => undefined,
      repair: () => undefined,
      happened: () => false,
    };
    for (const [index, moves] of fc.sample(life.lives(40), { numRuns: 4, seed: 15 }).entries()) {
      const one = await life.newLife(beside, breakdown, life.beginnings[index % 4] ?? 'both');
      for (const move of moves) await life.make(one, move);
    }
    const { browser, page } = await atAccount(beside, await person(beside, { mail: true, app: true }));
    expect(page.page).toBe('account');
    for (const path of [
      'app',
      'new-phone',
      'mail',
      'check',
      'sessions',
      'browsers',
      'services',
      'history',
      'recovery-codes',
      'passkey',
    ])
      await browser.open(`/account/${path}`);
    take();
    expect(sent.size).toBeGreaterThan(30);
    expect(await readWhole()).toEqual([]);
  }, 120_000);

  test('S15: passkey, recovery code, trusted browser, single sign-on, tokens, sign-out', async () => {
    const who = await person(beside, { mail: true, app: true });
    const id = await accountId(database.db, who);
    const { config, sealer } = cluster;
    const factors = createSecondFactor({ db: handle.db, sealer, config, handOver: () => undefined });
    const origin = { requestId: 'r', address: '127.0.0.1', node: 'n', userAgent: 'Firefox' };
    const { codes } = await factors.recoveryCodes.make({ accountId: id, origin, locale: 'en' });
    const passkey = createSoftwarePasskey({ origin: cluster.issuer, rpId: 'localhost' });
    const changer = {
      accountId: id,
      browser: 'b',
      sessionUid: 's',
      origin,
      locale: 'en' as const,
      device: 'Chrome',
    };
    const begun = await factors.passkeys.registerOptions(changer);
    await factors.passkeys.register(changer, begun.id, passkey.create(begun.options), 'Laptop');
    const optionsOn = (page: Answer): string =>
      page.html.querySelector('input[data-passkey]')?.getAttribute('data-options') ?? '';

    const alone = new UserAgent(cluster);
    const first = await alone.start('optional');
    const byPasskey = await alone.submit(first, {
      action: 'use-passkey',
      passkey: passkey.get(optionsOn(first)),
    });
    expect(byPasskey.callback).toBeDefined();

    const printed = new UserAgent(cluster);
    const sheet = await printed.submit(await printed.password(who.loginId), { action: 'use-recovery-code' });
    expect((await printed.submit(sheet, { code: codes[0] ?? '' })).callback).toBeDefined();

    const other = await person(beside, { app: true });
    const browser = new UserAgent(cluster);
    const page = await browser.password(other.loginId);
    const arrival = await browser.submit(page, { code: appCode(-1), trust_browser: 'yes' });
    const { tokens } = await browser.redeem(arrival.callback as URL);
    const later = new UserAgent(cluster, { node: 1 });
    for (const cookie of await browser.jar.getCookies(cluster.issuer))
      if (/nijo-(trust|known|browser)/.test(cookie.key)) await later.jar.setCookie(cookie, cluster.issuer);
    expect((await later.password(other.loginId)).callback).toBeDefined();
    const again = await browser.start('ordinary');
    expect(again.callback).toBeDefined();

    const service = { fromPage: false } as const;
    const bearer = { authorization: `Bearer ${tokens.access_token ?? ''}` };
    expect((await browser.request('/userinfo', { headers: bearer })).status).toBe(200);
    const secret = testClients[0]?.client_secret ?? '';
    const headers = { authorization: `Basic ${Buffer.from(`important:${secret}`).toString('base64')}` };
    for (const [path, form] of [
      ['/introspect', { token: tokens.access_token ?? '' }],
      ['/par', { response_type: 'code', redirect_uri: 'http://127.0.0.1:9/callback', scope: 'openid' }],
      ['/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? 'none' }],
      ['/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? 'none' }],
      ['/revoke', { token: tokens.access_token ?? '' }],
    ] as const)
      await browser.request(path, { ...service, headers, form: { ...form } });
    const asked = await browser.open(`/logout?id_token_hint=${tokens.id_token ?? ''}`);
    const form = asked.html.querySelector('form[action$="/logout/confirm"]');
    const hidden = Object.fromEntries(
      (form?.querySelectorAll('input') ?? []).map((input) => [
        input.getAttribute('name') ?? '',
        input.getAttribute('value') ?? '',
      ]),
    );
    await browser.open(
      (await browser.request('/logout/confirm', { form: { ...hidden, logout: 'yes' } })).url.pathname,
    );
    take();
    expect(sent.size).toBeGreaterThan(30);
    expect(await readWhole()).toEqual([]);
  }, 120_000);

  test('S15: the desk: queue, search, a case from beginning to end, figures, trail, calendar', async () => {
    const roles = ['desk', 'desk-lead', 'auditor', 'operator'] as const;
    const staff = await staffMember(beside, roles, { mail: true, app: true });
    const victim = await staffMember(beside, [], { mail: true, app: true });
    const { browser, page } = await atDesk(beside, staff);
    expect(page.page).toBe('desk-queue');
    await browser.submit(page, { login_id: victim.loginId, action: 'search' });
    await browser.submit(page, { login_id: 'nobody1', action: 'search' });
    const account = await browser.open(`/desk/accounts/${victim.id}`);
    const opened = await browser.submit(account, { action: 'open', reason: 'lost-device' });
    expect(opened.page).toBe('desk-case');
    const checked = await browser.submit(opened, seenCard);
    const approved = await browser.submit(checked, { action: 'approve' });
    expect(approved.status).toBe(200);
    for (const path of [
      '/desk',
      '/desk/closed',
      '/desk/trail',
      '/operator',
      '/operator/calendar',
      `/desk/cases/${approved.url.pathname.split('/').at(-1)}`,
    ])
      expect((await browser.open(path)).status).toBe(200);
    const help = new UserAgent(cluster);
    const form = await help.open('/help/support');
    await help.submit(form, { login_id: victim.loginId, reason: 'lost-device' });
    take();
    expect(sent.size).toBeGreaterThan(30);
    expect(await readWhole()).toEqual([]);
  }, 120_000);

  test('S15: what is asked for rarely: figures, the trail and closed cases, commands, cleaning', async () => {
    const { browser } = await atDesk(
      beside,
      await staffMember(beside, ['desk-lead', 'auditor'], { app: true }),
    );
    for (const path of [
      '/desk/figures?from=2026-10&to=2026-11',
      '/desk/figures.csv?from=2026-10&to=2026-11',
      '/desk/trail?before=5000',
      '/desk/closed?page=3',
    ])
      expect([path, (await browser.open(path)).status]).toEqual([path, 200]);
    const { db } = handle;
    const who = await person(beside, { mail: true, app: true });
    const said: string[] = [];
    const command = async (...args: string[]): Promise<void> => {
      const context: CliContext = {
        loadConfiguration: () => cluster.config,
        withDatabase: (work) =>
          work({ db, config: cluster.config, sealer: cluster.sealer, logger: silentLogger() }),
        out: (text) => void said.push(text),
        fail: (message) => {
          throw new Error(message);
        },
        actor: 'cli:test',
      };
      const program = new Command().addCommand(auditCommand(context));
      accountsCommands(program, context);
      await program.parseAsync(args, { from: 'user' });
    };
    await command('audit', 'tail');
    await command('audit', 'tail', '--account', who.loginId);
    await command('accounts', 'show', who.loginId);
    await command('accounts', 'browsers', who.loginId, '--end-all');
    await command('accounts', 'roles', who.loginId, '--set', 'desk');
    await command('accounts', 'unfreeze', who.loginId);
    await command('accounts', 'disable', who.loginId);
    await command('accounts', 'enable', who.loginId);
    await db.transaction().execute(async (trx) => {
      await applyEnds(trx, { timeZone: 'Asia/Tokyo' });
      for (const { clean, behind } of [...expiringKinds, ...forgotten]) {
        // As many as a node takes at a time.
        await clean(trx, 2000);
        await behind?.(trx);
      }
      await expireStaleCases(trx, 2000);
      await keepHolidays(trx);
    });
    take();
    expect(sent.size).toBeGreaterThan(50);
    expect(await readWhole()).toEqual([]);
  }, 120_000);

  test('S15: the outbox, the back channel, the audit chain', async () => {
    const { browser } = await signInWithApp(beside, await person(beside, { app: true }));
    await browser.open('/account/sessions');
    await sql`update mails set state = 'waiting', next_attempt_at = now(), expires_at = now() + interval '1 hour'
      where id in (select id from mails where to_address like 'm%' limit 3)`.execute(database.db);
    await cluster.mailsSettled();
    // The nodes look once a second or so.
    await new Promise((resolve) => {
      setTimeout(resolve, 3000);
    });
    take();
    expect(sent.size).toBeGreaterThan(10);
    expect(await readWhole()).toEqual([]);
  }, 120_000);
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { resealAll } from '../../src/cli/reseal.ts';
import type { Db } from '../../src/db/open.ts';
import { connectedRole, grantRuntimeRights } from '../../src/db/runtime-role.ts';
import { noteAddressFailure } from '../../src/factors/mail/address-health.ts';
import { forgetOldBrowsers } from '../../src/factors/browsers/known.ts';
import { forgetOldLinks } from '../../src/factors/notices/links.ts';
import { forgetPasskeyChallenges } from '../../src/factors/passkeys/challenges.ts';
import { forgetOldTrust } from '../../src/factors/browsers/trust-rows.ts';
import { forgetOldMails } from '../../src/mail/delivery.ts';
import { deleteExpired } from '../../src/app/cleanup.ts';
import { applyClients } from '../../src/oidc/clients/clients.ts';
import { rotateSigningKeys } from '../../src/oidc/keys.ts';
import { alwaysOpen } from '../factors/pass-stage.ts';
import { accountId, claimsAt, person } from '../login/visits.ts';
import { breakingDown } from '../portal/breakdown.ts';
import { lives, make, newLife } from '../portal/life-walk.ts';
import { atDesk, staffMember } from '../staff/support.ts';
import { type Cluster, startCluster, testClients, testPassword } from '../support/cluster.ts';
import { collectingLogger } from '../support/logger.ts';
import { UserAgent } from '../support/user-agent.ts';
import { verify } from './helpers.ts';
import { openRoledDatabase, type RoledDatabase } from './roles.ts';

const insertOnly = ['audit_events', 'audit_links', 'desk_approvals'] as const;

describe('the rights of the role that serves (Postgres)', () => {
  let roled: RoledDatabase;
  let cluster: Cluster;
  let db: Db;
  const log = collectingLogger();

  beforeAll(async () => {
    roled = await openRoledDatabase();
    ({ db } = roled.runtime);
    // Twice: an operator repeats it after every upgrade.
    for (const again of [false, true])
      expect([again, await grantRuntimeRights(roled.owner.db, roled.runtime.name)]).toEqual([
        again,
        undefined,
      ]);
    cluster = await startCluster(roled.asRuntime, {
      nodes: 2,
      logger: log.logger,
      config: { desk: alwaysOpen },
      clients: testClients.map((client) => ({
        ...client,
        ...(client.second_factor === 'required' ? { trusted_browser_days: 7 } : {}),
      })),
    });
  });
  afterAll(async () => {
    await cluster.close();
    await roled.close();
  });

  test('S21: several that give the rights at once all do', async () => {
    const given = Array.from({ length: 4 }, () => grantRuntimeRights(roled.owner.db, roled.runtime.name));
    expect(await Promise.all(given)).toEqual([undefined, undefined, undefined, undefined]);
  });

  /** What the database refused the program for want of a right. */
  const refusals = (): string[] =>
    log
      .text()
      .split('\n')
      .filter((line) => /42501|permission denied|must be owner/.test(line));

  test('C42: the whole program serves as a role that can only add to the log: first set-up, login, own page, desk, pass', async () => {
    const who = await person(cluster, {});
    const browser = new UserAgent(cluster);
    const mails = cluster.smtp.mails.length;
    const asked = await browser.submit(await browser.password(who.loginId), { email: who.address });
    const code = await cluster.mailedCode(who.address, mails);
    await claimsAt(browser, await browser.submit(asked, { code }));

    const desk = await staffMember(cluster, ['desk']);
    const { browser: atWork, page } = await atDesk(cluster, desk, { node: 1 });
    const account = await atWork.submit(page, { login_id: who.loginId, action: 'search' });
    const opened = await atWork.submit(account, { reason: 'lost-device', action: 'open' });
    const checked = await atWork.submit(opened, {
      check: 'in-person:university-card',
      note: '',
      action: 'check',
    });
    const issued = await atWork.submit(checked, { action: 'approve' });
    expect([opened.page, checked.page, issued.page]).toEqual(['desk-case', 'desk-case', 'desk-pass']);
    expect(await db.selectFrom('desk_approvals').select('id').execute()).toHaveLength(1);
    expect(refusals()).toEqual([]);
  });

  test('C42: so does everything that people do to their second factor, in any order', async () => {
    const breakdown = breakingDown(db);
    const plans = fc.sample(lives(25), { numRuns: 4, seed: 7 });
    for (const [index, plan] of plans.entries()) {
      const beginning = (['both', 'mail', 'app'] as const)[index % 3] ?? 'both';
      const life = await newLife(cluster, breakdown, beginning);
      for (const move of plan) await make(life, move);
    }
    breakdown.repair();
    expect(refusals()).toEqual([]);
  });

  test('C42: so do the jobs in the background and the commands for operators', async () => {
    const who = await person(cluster, { app: true });
    const id = await accountId(db, who);
    const browser = new UserAgent(cluster);
    await browser.submit(await browser.start(), { login_id: who.loginId, password: testPassword });
    const jobs: readonly ((trx: Db) => Promise<unknown>)[] = [
      (trx) => deleteExpired(trx, 10),
      (trx) => forgetOldMails(trx, { batch: 10 }),
      ...[forgetOldLinks, forgetOldBrowsers, forgetOldTrust, forgetPasskeyChallenges].map(
        (forget) => (trx: Db) => forget(trx, 10),
      ),
      (trx) => noteAddressFailure(trx, who.address, 'refused'),
      (trx) => disableAccount(trx, id, 'cli:test'),
      (trx) => enableAccount(trx, id, 'cli:test'),
      (trx) =>
        applyClients(
          trx,
          cluster.sealer,
          { clients: [{ ...testClients[0], contacts: ['x@rp.example'] }] },
          'test',
        ),
      (trx) => rotateSigningKeys(trx, cluster.sealer, { leadSeconds: 60, retainSeconds: 600 }, 'cli:test'),
      (trx) => resealAll(trx, cluster.sealer),
    ];
    for (const job of jobs) await job(db);
    expect(refusals()).toEqual([]);
  });

  const refusedWith = async (handle: Db, statement: string): Promise<string> => {
    try {
      await sql.raw(statement).execute(handle);
      return 'done';
    } catch (error) {
      return String((error as { code?: unknown }).code);
    }
  };

  test.each(['runtime', 'owner'] as const)(
    'C42: the %s role has no right to change, delete or truncate what is insert-only',
    async (which) => {
      const handle = roled[which].db;
      const statements = insertOnly.flatMap((table) => [
        `update ${table} set ${table === 'audit_links' ? 'digest' : 'id'} = default where false`,
        `delete from ${table} where false`,
        `truncate ${table}`,
      ]);
      for (const table of ['identity_checks', 'setup_passes'])
        statements.push(`delete from ${table} where false`, `truncate ${table} cascade`);
      const answers = await Promise.all(statements.map((statement) => refusedWith(handle, statement)));
      // 42501: insufficient_privilege, and not a trigger's refusal.
      expect(answers).toEqual(statements.map(() => '42501'));
    },
  );

  test('C42: nor can the role that serves take the triggers away, or give itself a right', async () => {
    // 42501, or 0LP01/warning for the grant: it is not there afterwards.
    for (const statement of [
      'alter table audit_events disable trigger all',
      'set session_replication_role = replica',
      'drop table audit_links',
      'drop trigger audit_events_link on audit_events',
      'create table mine (id integer)',
      `insert into kysely_migration (name, timestamp) values ('9999', 'now')`,
    ])
      expect([statement, await refusedWith(db, statement)]).toEqual([statement, '42501']);
  });

  test('C42: what the role could do to the log is known, and which rights it lacks', async () => {
    // A warning is all that comes of it.
    await sql`grant update on audit_events to ${sql.id(roled.runtime.name)}`.execute(db);
    expect(await connectedRole(db)).toEqual({
      name: roled.runtime.name,
      superuser: false,
      owner: false,
      mayChange: [],
      lacks: [],
    });
    expect(await connectedRole(roled.owner.db)).toMatchObject({
      superuser: false,
      owner: true,
      mayChange: [],
    });
    expect(await connectedRole(roled.superuser.db)).toMatchObject({ superuser: true });
    await sql`revoke insert on limits from ${sql.id(roled.runtime.name)}`.execute(roled.owner.db);
    await sql`grant update on audit_links to ${sql.id(roled.runtime.name)}`.execute(roled.owner.db);
    expect(await connectedRole(db)).toMatchObject({
      mayChange: ['audit_links'],
      lacks: ['insert on limits'],
    });
    await grantRuntimeRights(roled.owner.db, roled.runtime.name);
    expect(await connectedRole(db)).toMatchObject({ mayChange: [], lacks: [] });
  });

  test('C42: a role that rights do not bind, or that does not exist, is refused', async () => {
    const { owner, superuser } = roled;
    expect(await grantRuntimeRights(owner.db, 'nobody "here')).toBe('unknown');
    expect(await grantRuntimeRights(owner.db, owner.name)).toBe('owner');
    expect(await grantRuntimeRights(superuser.db, 'postgres')).toBe('superuser');
  });

  test('C42: everything it did has its link, and the chain verifies as this role', async () => {
    await expect(
      (async () => {
        for (let attempt = 0; attempt < 100; attempt += 1) {
          const { verified, findings } = await verify(db, [], cluster.sealer);
          if (verified.waiting === 0 && verified.links > 50) return findings;
          await new Promise((resolve) => {
            setTimeout(resolve, 100);
          });
        }
        return 'events still wait';
      })(),
    ).resolves.toEqual([]);
  });
});

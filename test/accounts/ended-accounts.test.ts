import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { findAccountByLoginId } from '../../src/accounts/directory.ts';
import { applyEnds } from '../../src/accounts/ended-accounts.ts';
import { importAccounts, type ImportReport } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { addSubject, countOf, recordsOf, type Subject } from '../attacks/support.ts';
import { appCode, type Cluster, startCluster, testPassword } from '../support/cluster.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { UserAgent } from '../support/user-agent.ts';

const timeZone = 'Asia/Tokyo';

describeOnEveryDatabase('the day on which an account ends, on two nodes', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: {
        locale: { default: 'en', time_zone: timeZone },
        password_limits: { wrong_per_id_and_network: 1000, wrong_per_network: 5000 },
      },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });
  const run = (csv: string): Promise<ImportReport> =>
    importAccounts({
      db: database.db,
      hasher: createPasswordHasher(cluster.config.passwords),
      sealer: cluster.sealer,
      canonicalAddress: (input) => ({ address: input }),
      source: Readable.from([csv]),
      actor: 'cli:test',
      timeZone,
    });
  const freshStep = ({ accountId }: Subject) =>
    database.db
      .updateTable('app_factors')
      .set({ last_step: 0 })
      .where('account_id', '=', accountId)
      .execute();
  async function signIn(subject: Subject, node: number) {
    await freshStep(subject);
    const agent = new UserAgent(cluster, { node });
    const page = await agent.password(subject.loginId);
    return { agent, arrival: await agent.submit(page, { code: appCode() }) };
  }
  async function passes(loginId: string, node = 0): Promise<boolean> {
    const agent = new UserAgent(cluster, { node });
    const arrival = await agent.submit(await agent.start('ordinary'), {
      login_id: loginId,
      password: testPassword,
    });
    if (arrival.callback === undefined)
      expect([arrival.page, arrival.fault]).toEqual(['sign-in', 'wrong_credentials']);
    return arrival.callback?.searchParams.has('code') === true;
  }
  const stateOf = async (loginId: string) =>
    database.db
      .selectFrom('accounts')
      .select(['status', sql<boolean>`ended_at is not null`.as('ended')])
      .where('login_id', '=', loginId)
      .executeTakeFirst();

  test('S5: an account that comes with a day that is over does not sign in', async () => {
    await run(
      `login_id,kind,password,ends_at\nover1,sps,${testPassword},2020-03-31\nover2,sps,${testPassword},2099-03-31`,
    );
    for (const node of [0, 1])
      expect([await passes('over1', node), await passes('over2', node)]).toEqual([false, true]);
    expect(await stateOf('over1')).toEqual({ status: 'disabled', ended: true });
  });

  test.each(['by an import', 'by the passing of time'])(
    'S5, R56: when the day has come %s, session, tokens, codes and logins in progress end on both nodes',
    async (how) => {
      const subject = await addSubject(cluster, { app: true });
      const bystander = await addSubject(cluster, { app: true });
      const [session, unredeemed, beside] = [
        await signIn(subject, 0),
        await signIn(subject, 1),
        await signIn(bystander, 1),
      ];
      const { tokens } = await session.agent.redeem(session.arrival.callback!);
      const halfDone = new UserAgent(cluster, { node: 1 });
      const page = await halfDone.password(subject.loginId);
      if (how === 'by an import') await run(`login_id,kind,ends_at\n${subject.loginId},sps,2026/3/31`);
      else {
        await sql`update accounts set ends_at = now() - interval '1 second' where id = ${subject.accountId}`.execute(
          database.db,
        );
        // By the job of whichever node is first.
        while ((await stateOf(subject.loginId))?.status === 'active')
          await new Promise((resolve) => {
            setTimeout(resolve, 100);
          });
      }
      for (const node of [1, 0]) {
        session.agent.node = node;
        const silent = await session.agent.start('important', { prompt: 'none' });
        expect(silent.callback?.searchParams.get('error')).toBe('login_required');
        expect((await session.agent.start()).page).toBe('sign-in');
        expect((await session.agent.open('/account')).page).toBe('sign-in');
        const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
        expect((await session.agent.tokenRequest(form, 'important', node)).status).toBe(400);
        const bearer = { authorization: `Bearer ${tokens.access_token ?? ''}` };
        expect((await session.agent.request('/userinfo', { headers: bearer })).status).toBe(401);
        expect(await passes(subject.loginId, node)).toBe(false);
      }
      expect((await unredeemed.agent.redeem(unredeemed.arrival.callback!)).status).toBe(400);
      await freshStep(subject);
      expect((await halfDone.submit(page, { code: appCode() })).callback).toBeUndefined();
      const records = await recordsOf(cluster, subject);
      expect([records.sessions, records.codes, countOf(records, 'account.ended')]).toEqual([0, 0, 1]);
      expect(
        (await beside.agent.start('important', { prompt: 'none' })).callback?.searchParams.has('code'),
      ).toBe(true);
    },
    60_000,
  );

  test('S5: another day lets in again whom the day alone has ended, and nobody whom an operator disabled', async () => {
    const [ended, disabled] = [await addSubject(cluster), await addSubject(cluster)];
    const file = (day: string) =>
      run(
        `login_id,kind,ends_at\n${[ended, disabled].map(({ loginId }) => `${loginId},sps,${day}`).join('\n')}`,
      );
    await file('2026-03-31');
    expect(await enableAccount(database.db, ended.accountId, 'cli:test')).toBe('ended');
    expect(await passes(ended.loginId)).toBe(false);
    // It was ended, and is disabled by somebody besides.
    expect(await disableAccount(database.db, disabled.accountId, 'cli:test')).toBe('changed');
    expect(await disableAccount(database.db, disabled.accountId, 'cli:test')).toBe('unchanged');
    await file('2099-03-31');
    expect([await passes(ended.loginId), await passes(disabled.loginId)]).toEqual([true, false]);
    expect(countOf(await recordsOf(cluster, ended), 'account.reopened')).toBe(1);
    expect(await enableAccount(database.db, disabled.accountId, 'cli:test')).toBe('changed');
    expect(await passes(disabled.loginId)).toBe(true);
    // No day at all does so too.
    await file('2026-03-31');
    await file('');
    expect([await passes(ended.loginId), await passes(disabled.loginId)]).toEqual([true, true]);
  });

  test('S5: the day ends with its midnight in the configured time zone', async () => {
    const account = await addSubject(cluster);
    // The clock of a database cannot be set, so the zone is: the present is the same day in one zone and the next one in another.
    const { rows } = await sql<{ east: string; west: string }>`
      select to_char(now() at time zone 'Pacific/Kiritimati', 'YYYY-MM-DD') as east,
        to_char(now() at time zone 'Etc/GMT+12', 'YYYY-MM-DD') as west`.execute(database.db);
    const { east = '', west = '' } = rows[0] ?? {};
    expect(east).not.toBe(west);
    for (const [zone, day, ended] of [
      ['Pacific/Kiritimati', east, 0],
      ['Pacific/Kiritimati', west, 1],
      ['Etc/GMT+12', west, 0],
    ] as const) {
      await database.db
        .transaction()
        .execute(async (trx) => {
          await sql`update accounts set status = 'active', ended_at = null, ends_at = ${`${day}T00:00:00Z`}::timestamptz
            where id = ${account.accountId}`.execute(trx);
          const done = await applyEnds(trx, { timeZone: zone, accountIds: [account.accountId] });
          expect([zone, day, done.ended]).toEqual([zone, day, ended]);
          throw new Error('undone');
        })
        .catch((error: unknown) => expect(String(error)).toContain('undone'));
    }
  });

  test('S5: of nodes that look at once one ends an account, once', async () => {
    const subjects = await Promise.all([1, 2, 3, 4].map(() => addSubject(cluster)));
    const ids = subjects.map(({ accountId }) => accountId);
    await sql`update accounts set ends_at = now() - interval '1 hour' where id = any(${ids}::text[])`.execute(
      database.db,
    );
    const nodes = cluster.nodes.map(({ db }) => db);
    await Promise.all(
      [0, 1, 0, 1].map((node) => nodes[node]!.transaction().execute((trx) => applyEnds(trx, { timeZone }))),
    );
    for (const subject of subjects) {
      expect(await stateOf(subject.loginId)).toEqual({ status: 'disabled', ended: true });
      expect(countOf(await recordsOf(cluster, subject), 'account.ended')).toBe(1);
    }
    expect((await findAccountByLoginId(database.db, subjects[0]!.loginId))?.status).toBe('disabled');
  });
});

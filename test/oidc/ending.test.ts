import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { endEverythingOf } from '../../src/accounts/status.ts';
import { lockAccount } from '../../src/accounts/account-lock.ts';
import { openSignIn } from '../../src/factors/sign-in/sign-ins.ts';
import { createPayloadSeal } from '../../src/oidc/storage/payload-seal.ts';
import { WriteConflict } from '../../src/oidc/storage/payload-store.ts';
import { createUnitOfWork } from '../../src/oidc/storage/unit-of-work.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  type Browser,
  NamedBrowser,
  obtainTokens,
  refresh,
  type Service,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';
import type { OwnSession } from '../../src/web/own-session.ts';

const origin = { requestId: 'r', address: '192.0.2.77', node: 'n' };

describeOnEveryDatabase('nothing outlives its end, on two nodes', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let service: Service;
  let other: Service;
  let number = 0;
  let account = '';
  const sealer = testSealer();
  const seal = createPayloadSeal(sealer);

  beforeAll(async () => {
    database = await open();
    const refreshing = { grant_types: ['authorization_code', 'refresh_token'] };
    service = await addService(database.db, sealer, 'grades', { ...refreshing, 'client_name#ja': '成績' });
    other = await addService(database.db, sealer, 'library', {
      ...refreshing,
      scope: 'openid email offline_access',
    });
    const decide = () => signedIn(account, 'app');
    nodes = [
      await startNode({ db: database.db, sealer, decide }),
      await startNode({ db: await database.connect(), sealer, decide }),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });

  async function newAccount(): Promise<string> {
    number += 1;
    account = await addAccount(database.db, `a${String(number).padStart(7, '0')}`, ['app']);
    return account;
  }
  async function signedInBrowser(agent: string, at = service) {
    const browser = new NamedBrowser(nodes[0], agent);
    const tokens = await obtainTokens(browser, at);
    return { browser, tokens };
  }
  async function ownSession(browser: Browser, node = nodes[1]): Promise<OwnSession> {
    browser.node = node;
    return (await browser.request('/account')).json as unknown as OwnSession;
  }
  const isSignedIn = async (browser: Browser, node: TestNode): Promise<boolean> =>
    (await ownSession(browser, node)).accountId !== undefined;

  test('C50, C19: no request in flight brings an ended session back', async () => {
    const accountId = await newAccount();
    for (let round = 0; round < 6; round += 1) {
      const { browser } = await signedInBrowser('busy');
      const [session] = await nodes[0].activity.sessions(accountId, { ...(await ownSession(browser)) });
      browser.node = nodes[round % 2] ?? nodes[0];
      const [ended] = await Promise.all([
        nodes[1].activity.endSession(accountId, session?.id ?? '', origin),
        browser.request(authorizationUrl(other, verifierOf(), { prompt: 'none' })),
        browser.request(authorizationUrl(service, verifierOf(), { prompt: 'none' })),
      ]);
      expect(ended).toBe(1);
      for (const node of nodes) expect(await isSignedIn(browser, node)).toBe(false);
      expect(await nodes[0].activity.sessions(accountId, await ownSession(browser))).toEqual([]);
    }
  });

  test('C19: what a request is just writing ends with everything else, whichever is first', async () => {
    if (database.kind !== 'postgres') return;
    const accountId = await newAccount();
    const second = await database.connect();
    const session = (id: string) => ({
      model: 'Session',
      id,
      text: '{}',
      ttl: 600,
      grantId: undefined,
      sessionUid: 'uid-1',
      accountId,
    });
    const count = async (): Promise<number> =>
      (
        await database.db
          .selectFrom('oidc_payloads')
          .select('id')
          .where('account_id', '=', accountId)
          .execute()
      ).length;
    const end = (db = second): Promise<void> =>
      db.transaction().execute(async (trx) => {
        await lockAccount(trx, accountId);
        await endEverythingOf(trx, accountId);
      });
    const begin = createUnitOfWork(database.db, seal);
    begin.store(session('first'));
    await begin.flush(origin);
    // The session goes on under another id, and is committed while everything is being ended.
    let ending: Promise<void> = Promise.resolve();
    await database.db.transaction().execute(async (trx) => {
      const unit = createUnitOfWork(trx, seal);
      await unit.find('Session', 'first');
      unit.store(session('second'));
      unit.remove('Session', 'first');
      await unit.flush(origin);
      ending = end();
      await sql`select pg_sleep(0.2)`.execute(trx);
    });
    await ending;
    expect(await count()).toBe(0);
    // The other way round: what it stood on is gone when it gets its turn.
    await begin.find('Session', 'first');
    const again = createUnitOfWork(database.db, seal);
    again.store(session('third'));
    await again.flush(origin);
    const late = createUnitOfWork(database.db, seal);
    await late.find('Session', 'third');
    late.store(session('fourth'));
    late.remove('Session', 'third');
    let flushing: Promise<unknown> = Promise.resolve();
    await second.transaction().execute(async (trx) => {
      await lockAccount(trx, accountId);
      flushing = late.flush(origin).catch((error: unknown) => error);
      await sql`select pg_sleep(0.2)`.execute(trx);
      await endEverythingOf(trx, accountId);
    });
    expect(await flushing).toBeInstanceOf(WriteConflict);
    expect(await count()).toBe(0);
  });

  test('C19: when everything ends the session in which it is done goes on, without its tokens', async () => {
    const accountId = await newAccount();
    const mine = await signedInBrowser('mine');
    const theirs = await signedInBrowser('theirs');
    const { uidDigests: sessionUids } = await ownSession(mine.browser);
    const later = sql<Date>`now() + interval '1 hour'`;
    const trust = {
      account_id: accountId,
      secret_digest: 'x',
      user_agent: '',
      address: '',
      expires_at: later,
    };
    await database.db
      .insertInto('trusted_browsers')
      .values({ id: `t-${accountId}`, ...trust })
      .execute();
    const change = {
      account_id: accountId,
      kind: 'app',
      browser: 'b',
      session_uid: 's',
      expires_at: later,
    } as const;
    await database.db
      .insertInto('factor_changes')
      .values({ id: `c-${accountId}`, ...change })
      .execute();
    await database.db.transaction().execute(async (trx) => {
      await lockAccount(trx, accountId);
      await endEverythingOf(trx, accountId, { sessionUids, why: 'reset' });
    });
    expect(await isSignedIn(mine.browser, nodes[1])).toBe(true);
    expect(await isSignedIn(theirs.browser, nodes[1])).toBe(false);
    expect((await refresh(nodes[0], service, String(mine.tokens.refresh_token))).status).toBe(400);
    // Back at the service without a question, with tokens of a new grant.
    const loginsBefore = nodes[0].seen.length;
    mine.browser.node = nodes[0];
    expect(await obtainTokens(mine.browser, service)).toHaveProperty('refresh_token');
    expect(nodes[0].seen.length).toBe(loginsBefore);
    const ended = await database.db
      .selectFrom('trusted_browsers')
      .select(['ended_why', 'ended_at'])
      .where('account_id', '=', accountId)
      .execute();
    expect(ended).toEqual([{ ended_why: 'reset', ended_at: expect.anything() }]);
    const unfinished =
      await sql`select 1 from factor_changes where account_id = ${accountId} and expires_at > now()`.execute(
        database.db,
      );
    expect(unfinished.rows).toEqual([]);
  });

  test('C19: a login whose proofs were given just before everything ended is not finished after it', async () => {
    const accountId = await newAccount();
    const finish = async (interaction: string, db = database.db): Promise<void> => {
      const unit = createUnitOfWork(db, seal);
      const result = { model: 'Interaction', id: interaction, text: '{}', ttl: 600 };
      unit.store({ ...result, grantId: undefined, sessionUid: undefined, accountId: undefined });
      unit.requireLogin({ interaction, accountId });
      await unit.flush(origin);
    };
    const begin = (interaction: string): Promise<boolean> =>
      openSignIn(database.db, {
        interaction,
        accountId,
        clientId: 'grades',
        browser: 'b',
        steppedUpFrom: undefined,
        lifetimeSeconds: 600,
      });
    const [first, second] = [`first-${accountId}`, `second-${accountId}`];
    await begin(first);
    await finish(first);
    await begin(second);
    if (database.kind === 'pglite') {
      await database.db.transaction().execute((trx) => endEverythingOf(trx, accountId));
    } else {
      const elsewhere = await database.connect();
      let finishing: Promise<void> = Promise.resolve();
      await database.db.transaction().execute(async (trx) => {
        await lockAccount(trx, accountId);
        await endEverythingOf(trx, accountId);
        finishing = finish(second, elsewhere);
        finishing.catch(() => undefined);
        // It waits for the row that is just being deleted.
        await new Promise((resolve) => {
          setTimeout(resolve, 300);
        });
      });
      await expect(finishing).rejects.toThrow(WriteConflict);
    }
    await expect(finish(second)).rejects.toThrow(WriteConflict);
  });
});

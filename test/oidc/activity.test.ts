import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { recordAudit } from '../../src/audit/audit.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  type Browser,
  NamedBrowser,
  obtainTokens,
  refresh,
  type Service,
  send,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';
import type { OwnSession } from '../../src/web/own-session.ts';

const origin = { requestId: 'r', address: '192.0.2.77', node: 'n' };

describeOnEveryDatabase('what a user sees and ends, on two nodes', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let service: Service;
  let other: Service;
  let number = 0;
  let account = '';
  const sealer = testSealer();

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
  const events = async (accountId: string, event: string) =>
    (
      await database.db
        .selectFrom('audit_events')
        .select(['details', 'client_id', 'address'])
        .where('account_id', '=', accountId)
        .where('event', '=', event)
        .execute()
    ).map((row) => ({ ...row }));

  test('C50: every browser is shown by what it says of itself, and ending one ends it on every node at once', async () => {
    const accountId = await newAccount();
    const mine = await signedInBrowser('My browser');
    const theirs = await signedInBrowser('Their browser');
    await theirs.browser.follow(authorizationUrl(other, verifierOf()));
    const present = await ownSession(mine.browser);
    const shown = await nodes[1].activity.sessions(accountId, present);
    expect(
      shown.map(({ userAgent, present: isPresent, address }) => [userAgent, isPresent, address]),
    ).toEqual([
      ['My browser', true, '192.0.2.1'],
      ['Their browser', false, '192.0.2.1'],
    ]);
    expect(shown[1]?.services).toEqual([
      { en: 'Service grades', ja: '成績' },
      { en: 'Service library', ja: 'Service library' },
    ]);
    expect(Math.abs(Date.now() - Number(shown[1]?.since))).toBeLessThan(120_000);
    const id = shown[1]?.id ?? '';
    // Nobody else's: neither by the id, nor by one that is none.
    const stranger = await newAccount();
    expect(await nodes[0].activity.endSession(stranger, id, origin)).toBe(0);
    expect(await nodes[0].activity.endSession(accountId, 'x', origin)).toBe(0);
    expect(await nodes[0].activity.endSession(accountId, id, origin)).toBe(1);
    for (const node of nodes) {
      expect(await isSignedIn(theirs.browser, node)).toBe(false);
      expect(await isSignedIn(mine.browser, node)).toBe(true);
      const silent = await theirs.browser.request(
        authorizationUrl(service, verifierOf(), { prompt: 'none' }),
      );
      expect(silent.location).toContain('error=login_required');
      expect((await refresh(node, service, String(theirs.tokens.refresh_token))).status).toBe(400);
      const bearer = { authorization: `Bearer ${String(theirs.tokens.access_token)}` };
      expect((await send(node, '/userinfo', { headers: bearer })).status).toBe(401);
    }
    expect((await refresh(nodes[0], service, String(mine.tokens.refresh_token))).status).toBe(200);
    expect(await nodes[0].activity.endSession(accountId, id, origin)).toBe(0);
    expect(await events(accountId, 'session.ended-by-user')).toEqual([
      { details: { sessions: 1 }, client_id: null, address: origin.address },
    ]);
  });

  test('C50: all others end, also one that is a redirect away from beginning; the present one goes on', async () => {
    const accountId = await newAccount();
    const mine = await signedInBrowser('mine');
    const two = [await signedInBrowser('a'), await signedInBrowser('b')];
    const halfway = new NamedBrowser(nodes[0]);
    const start = await halfway.request(authorizationUrl(service, verifierOf()));
    const finished = await halfway.request(String(start.location));
    expect(finished.location).toContain('/authorize/');
    const present = await ownSession(mine.browser);
    expect(await nodes[1].activity.endOthers(accountId, present, origin)).toBe(2);
    const resumed = await halfway.request(String(finished.location));
    expect(resumed.location ?? '').not.toContain('code=');
    for (const browser of [halfway, ...two.map((each) => each.browser)])
      expect(await isSignedIn(browser, nodes[0])).toBe(false);
    expect(await isSignedIn(mine.browser, nodes[0])).toBe(true);
    expect(await nodes[0].activity.sessions(accountId, present)).toHaveLength(1);
  });

  test("a grant that is taken back ends its tokens on every node, and nobody else's", async () => {
    const accountId = await newAccount();
    const offline = { scope: 'openid email offline_access', prompt: 'consent' };
    const browser = new NamedBrowser(nodes[0]);
    const kept = await obtainTokens(browser, service);
    nodes[0].decide = (details) =>
      details.prompt === 'consent' ? { kind: 'consented' } : signedIn(account, 'app');
    const given = await obtainTokens(browser, other, offline);
    const grants = await nodes[1].activity.grants(accountId);
    expect(grants.map(({ id, service: { en }, scopes }) => [id, en, scopes]).toSorted()).toEqual([
      ['grades', 'Service grades', []],
      ['library', 'Service library', ['email', 'offline_access']],
    ]);
    expect(await nodes[1].activity.revokeGrant(await newAccount(), 'library', origin)).toBe(false);
    expect(await nodes[1].activity.revokeGrant(accountId, 'library', origin)).toBe(true);
    expect(await nodes[1].activity.revokeGrant(accountId, 'library', origin)).toBe(false);
    for (const node of nodes) {
      expect((await refresh(node, other, String(given.refresh_token))).json.error).toBe('invalid_grant');
      const bearer = { authorization: `Bearer ${String(given.access_token)}` };
      expect((await send(node, '/userinfo', { headers: bearer })).status).toBe(401);
    }
    expect((await refresh(nodes[1], service, String(kept.refresh_token))).status).toBe(200);
    expect((await nodes[0].activity.grants(accountId)).map(({ id }) => id)).toEqual(['grades']);
    expect(await events(accountId, 'grant.revoked')).toMatchObject([{ client_id: 'library' }]);
  });

  test('the history is what a user understands, newest first, fifty at a time', async () => {
    const accountId = await newAccount();
    const event = { result: 'success', accountId, clientId: 'grades' } as const;
    await recordAudit(database.db, origin, { ...event, event: 'account.enabled' });
    for (let n = 0; n < 60; n += 1) {
      await recordAudit(database.db, origin, { ...event, event: 'sign-in.finished', details: { n } });
      await recordAudit(database.db, origin, { ...event, event: 'password.rehashed' });
    }
    const first = await nodes[0].activity.history(accountId);
    expect(first.rows).toHaveLength(50);
    expect(first.rows[0]).toMatchObject({
      event: 'sign-in.finished',
      service: { en: 'Service grades', ja: '成績' },
      address: '192.0.2.77',
      details: { n: 59 },
    });
    const rest = await nodes[1].activity.history(accountId, first.next);
    expect(rest.rows.map(({ details }) => details.n)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, undefined]);
    expect(rest.next).toBeUndefined();
    expect(rest.rows.at(-1)?.at).toBeInstanceOf(Date);
    expect((await nodes[0].activity.history(accountId, 'no number')).rows).toHaveLength(50);
    expect((await nodes[0].activity.history(await newAccount())).rows).toEqual([]);
  });

  test('when a session was last seen is written at most once a minute', async () => {
    const accountId = await newAccount();
    const { browser } = await signedInBrowser('mine');
    const row = () =>
      database.db
        .selectFrom('browser_sessions')
        .select(['last_seen_at', 'created_at', 'user_agent'])
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow();
    const before = await row();
    browser.agent = 'another word';
    await browser.request(authorizationUrl(service, verifierOf()));
    expect(await row()).toEqual(before);
    await sql`update browser_sessions set last_seen_at = now() - interval '2 minutes' where account_id = ${accountId}`.execute(
      database.db,
    );
    const moved = await row();
    await browser.request(authorizationUrl(service, verifierOf()));
    const after = await row();
    expect(after.last_seen_at.getTime()).toBeGreaterThan(moved.last_seen_at.getTime());
    expect(after).toMatchObject({ created_at: before.created_at, user_agent: 'mine' });
  });
});

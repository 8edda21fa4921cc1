import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  Browser,
  type Answer,
  obtainCode,
  obtainTokens,
  redeem,
  type Service,
  send,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

describe('a database that goes away in the middle of a request', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let db: Db;
  let node: TestNode;
  let service: Service;
  let account: string;
  let breakAfter = Number.POSITIVE_INFINITY;
  const sealer = testSealer();

  beforeAll(async () => {
    database = await openTestPostgres();
    account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'rp', {
      grant_types: ['authorization_code', 'refresh_token'],
    });
    const url = new URL(String(database.url));
    proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
    const settings = databaseSchema.parse({
      query_timeout_ms: 1000,
      connect_timeout_ms: 500,
      statement_timeout_ms: 900,
    });
    db = openPostgres(
      { ...settings, url: proxy.through(url.href) },
      () => undefined,
      () => {
        breakAfter -= 1;
        if (breakAfter <= 0) proxy.set({ mode: 'reset' });
      },
    );
    node = await startNode({ db, sealer, clientCacheMs: 600_000, decide: () => signedIn(account, 'app') });
  });
  afterAll(async () => {
    proxy.set({ mode: 'pass' });
    await node.close();
    await db.destroy();
    await proxy.close();
    await database.close();
  });
  beforeEach(() => {
    breakAfter = Number.POSITIVE_INFINITY;
    proxy.set({ mode: 'pass' });
  });

  const rows = async (model: string): Promise<number> => {
    const { count } = await database.db
      .selectFrom('oidc_payloads')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('model', '=', model)
      .executeTakeFirstOrThrow();
    return Number(count);
  };
  const expectNothingGiven = (answer: Answer): void => {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.location).toBeUndefined();
    expect(answer.setCookie).toEqual([]);
  };
  /** Breaks after 0, 1, 2 … statements until the request gets through. @returns how often it did not. */
  async function atEveryStatement(
    attempt: () => Promise<Answer>,
  ): Promise<{ broken: number; answer: Answer }> {
    for (let statements = 0; statements < 12; statements += 1) {
      if (statements === 0) proxy.set({ mode: 'reset' });
      breakAfter = statements === 0 ? Number.POSITIVE_INFINITY : statements;
      const answer = await attempt();
      breakAfter = Number.POSITIVE_INFINITY;
      proxy.set({ mode: 'pass' });
      if (answer.status !== 503) return { broken: statements, answer };
      expectNothingGiven(answer);
    }
    throw new Error('never got through');
  }

  test('at the token endpoint: 503, no token, and the code is still good', async () => {
    const { code, verifier } = await obtainCode(new Browser(node), service);
    const before = await rows('AccessToken');
    const { broken, answer } = await atEveryStatement(() => redeem(node, service, code, verifier));
    expect(broken).toBeGreaterThanOrEqual(1);
    expect(answer.status).toBe(200);
    // Each try that failed had written nothing: one token set for one code.
    expect(await rows('AccessToken')).toBe(before + 1);
  });

  test('at the authorization and resume endpoints: 503 page without cookies, and the same login goes on', async () => {
    const browser = new Browser(node);
    const started = await atEveryStatement(() => browser.request(authorizationUrl(service, verifierOf())));
    expect(started.broken).toBeGreaterThanOrEqual(1);
    const finished = await browser.request(String(started.answer.location));
    const before = await rows('Session');
    const { broken, answer } = await atEveryStatement(() => browser.request(String(finished.location)));
    expect(broken).toBeGreaterThanOrEqual(2);
    expect(answer.location).toContain('code=');
    expect(await rows('Session')).toBe(before + 1);
  });

  test('userinfo and introspection answer 503 rather than that the token is unknown', async () => {
    const tokens = await obtainTokens(new Browser(node), service);
    const bearer = { headers: { authorization: `Bearer ${String(tokens.access_token)}` } };
    const { broken, answer } = await atEveryStatement(() => send(node, '/userinfo', bearer));
    expect(broken).toBeGreaterThanOrEqual(1);
    expect(answer.status).toBe(200);
  });

  test('a login page is told that the server is away, and finishes later', async () => {
    const browser = new Browser(node);
    const start = String((await browser.request(authorizationUrl(service, verifierOf()))).location);
    proxy.set({ mode: 'reset' });
    const away = await browser.request(start);
    expect(away.status).toBe(503);
    expect(away.json.fault).toBe('temporarily_unavailable');
    proxy.set({ mode: 'pass' });
    expect((await browser.follow(start)).end.searchParams.get('code')).not.toBeNull();
  });
});

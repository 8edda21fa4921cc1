import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { type Db, openPostgres } from '../../src/db/open.ts';
import { openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  basic,
  Browser,
  obtainTokens,
  post,
  redeem,
  refresh,
  type Service,
  send,
  verifierOf,
} from './support/browser.ts';
import { signedIn, startNode, type TestNode } from './support/node.ts';
import { addAccount, addService } from './support/seed.ts';

/** Counts of one request: statements, and those of them that write (each is one commit). */
interface Cost {
  statements: number;
  writes: number;
}

describe('what the protocol asks of the database (docs/performance.md)', () => {
  let database: TestDatabase;
  let db: Db;
  let node: TestNode;
  let service: Service;
  let account: string;
  const sealer = testSealer();
  const seen: string[] = [];

  beforeAll(async () => {
    database = await openTestPostgres();
    account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'rp', {
      grant_types: ['authorization_code', 'refresh_token'],
    });
    db = openPostgres(
      { ...databaseSchema.parse({}), url: String(database.url) },
      () => undefined,
      (event) => {
        seen.push(event.query.sql);
      },
    );
    // The clients are looked at once a second however many logins there are: kept out of the count.
    node = await startNode({ db, sealer, clientCacheMs: 600_000, decide: () => signedIn(account, 'app') });
    await obtainTokens(new Browser(node), service);
  });
  afterAll(async () => {
    await node.close();
    await db.destroy();
    await database.close();
  });
  beforeEach(() => {
    seen.length = 0;
  });

  const cost = (): Cost => {
    const statements = seen.splice(0);
    return {
      statements: statements.length,
      writes: statements.filter((sql) => /\b(insert into|update|delete from)\b/i.test(sql)).length,
    };
  };

  test('a login: authorize, login page, resume, token, userinfo', async () => {
    const browser = new Browser(node);
    const verifier = verifierOf();
    const start = await browser.request(authorizationUrl(service, verifier));
    expect(cost()).toEqual({ statements: 1, writes: 1 });
    const finished = await browser.request(String(start.location));
    // One of each opens the login, which is the pages' own and no part of the protocol's.
    expect(cost()).toEqual({ statements: 3, writes: 2 });
    const resumed = await browser.request(String(finished.location));
    expect(cost()).toEqual({ statements: 2, writes: 1 });
    const code = new URL(String(resumed.location)).searchParams.get('code');
    const tokens = await redeem(node, service, String(code), verifier);
    expect(cost()).toEqual({ statements: 2, writes: 1 });
    await send(node, '/userinfo', {
      headers: { authorization: `Bearer ${String(tokens.json.access_token)}` },
    });
    expect(cost()).toEqual({ statements: 1, writes: 0 });
  });

  test('single sign-on, refresh, introspection, discovery and keys', async () => {
    const browser = new Browser(node);
    const tokens = await obtainTokens(browser, service);
    cost();
    await browser.request(authorizationUrl(service, verifierOf()));
    expect(cost()).toEqual({ statements: 3, writes: 1 });
    const rotated = await refresh(node, service, String(tokens.refresh_token));
    expect(rotated.status).toBe(200);
    expect(cost()).toEqual({ statements: 2, writes: 1 });
    await post(
      node,
      '/introspect',
      { token: String(rotated.json.access_token), token_type_hint: 'access_token' },
      basic(service),
    );
    expect(cost()).toEqual({ statements: 1, writes: 0 });
    await send(node, '/.well-known/openid-configuration');
    await send(node, '/jwks');
    expect(cost()).toEqual({ statements: 0, writes: 0 });
  });
});

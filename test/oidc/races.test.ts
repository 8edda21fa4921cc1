import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { burst } from '../support/burst.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import {
  authorizationUrl,
  Browser,
  basic,
  obtainCode,
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

const count = 20;
const parallel = 10;

describeOnEveryDatabase('what may happen once, on two nodes', (open) => {
  let database: TestDatabase;
  let nodes: [TestNode, TestNode];
  let service: Service;
  let account: string;
  const sealer = testSealer();
  const log = collectingLogger();
  const lostRaces = (): number => log.lines().filter(({ event }) => event === 'oidc.lost-race').length;

  beforeAll(async () => {
    database = await open();
    account = await addAccount(database.db, 'a0000001', ['app']);
    service = await addService(database.db, sealer, 'rp', {
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid offline_access',
    });
    const decide = () => signedIn(account, 'app');
    nodes = [
      await startNode({ db: database.db, sealer, decide, logger: log.logger }),
      await startNode({ db: await database.connect(), sealer, decide, logger: log.logger }),
    ];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.close();
  });

  const audited = async (): Promise<number> => {
    const row = await database.db
      .selectFrom('audit_events')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('event', '=', 'token.reuse-detected')
      .executeTakeFirstOrThrow();
    return Number(row.count);
  };
  const userinfo = (node: TestNode, token: unknown) =>
    send(node, '/userinfo', { headers: { authorization: `Bearer ${String(token)}` } });

  test('E1, A44: 20 codes redeemed 10 times in parallel give exactly 20 token sets', async () => {
    const browser = new Browser(nodes[0]);
    let sets = 0;
    const answers: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const { code, verifier } = await obtainCode(browser, service);
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: service.redirectUri,
        code_verifier: verifier,
      }).toString();
      const results = await burst(
        Array.from({ length: parallel }, (_, n) => ({
          url: `${nodes[n % 2]?.url}/token`,
          headers: { ...basic(service), accept: 'application/json' },
          body,
        })),
      );
      for (const result of results) {
        answers.push(result.status);
        if (result.status === 200) sets += 1;
        else {
          expect(result.status).toBe(400);
          expect(JSON.parse(result.body)).toMatchObject({ error: 'invalid_grant' });
          expect(result.setCookie).toEqual([]);
        }
      }
    }
    expect(answers).toHaveLength(count * parallel);
    expect(sets).toBe(count);
    // They did meet: losers passed every check and lost at the write.
    expect(lostRaces()).toBeGreaterThan(count);
  });

  test('E1, A45: 20 refresh tokens used 10 times in parallel give exactly 20 rotations', async () => {
    let rotations = 0;
    for (let i = 0; i < count; i += 1) {
      const { refresh_token: token } = await obtainTokens(new Browser(nodes[0]), service);
      const results = await Promise.all(
        Array.from({ length: parallel }, (_, n) => refresh(nodes[(n % 2) as 0 | 1], service, String(token))),
      );
      rotations += results.filter((result) => result.status === 200).length;
      for (const result of results) expect([200, 400]).toContain(result.status);
    }
    expect(rotations).toBe(count);
  });

  test('C28, A44: a code that comes again is refused, and revokes what it has given', async () => {
    const before = await audited();
    const { code, verifier } = await obtainCode(new Browser(nodes[0]), service);
    const first = await redeem(nodes[0], service, code, verifier);
    expect((await userinfo(nodes[1], first.json.access_token)).status).toBe(200);
    const second = await redeem(nodes[1], service, code, verifier);
    expect(second.json.error).toBe('invalid_grant');
    expect((await userinfo(nodes[0], first.json.access_token)).status).toBe(401);
    expect((await refresh(nodes[0], service, String(first.json.refresh_token))).json.error).toBe(
      'invalid_grant',
    );
    expect(await audited()).toBe(before + 1);
  });

  test('C29, A45, I7: a refresh token that comes again ends the whole family', async () => {
    const before = await audited();
    const first = await obtainTokens(new Browser(nodes[0]), service);
    const second = await refresh(nodes[0], service, String(first.refresh_token));
    expect(second.status).toBe(200);
    expect(second.json.refresh_token).not.toBe(first.refresh_token);
    expect((await refresh(nodes[1], service, String(first.refresh_token))).json.error).toBe('invalid_grant');
    expect((await refresh(nodes[0], service, String(second.json.refresh_token))).json.error).toBe(
      'invalid_grant',
    );
    expect((await userinfo(nodes[0], second.json.access_token)).status).toBe(401);
    const introspected = await post(
      nodes[1],
      '/introspect',
      { token: String(second.json.access_token) },
      basic(service),
    );
    expect(introspected.json).toEqual({ active: false });
    expect(await audited()).toBe(before + 1);
    const event = await database.db
      .selectFrom('audit_events')
      .selectAll()
      .where('event', '=', 'token.reuse-detected')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(event).toMatchObject({
      account_id: account,
      client_id: 'rp',
      address: '192.0.2.1',
      details: { token: 'refresh_token' },
    });
  });

  test('A11: a login that two requests resume at once ends in one session and one code', async () => {
    for (let i = 0; i < 5; i += 1) {
      const browser = new Browser(nodes[0]);
      const start = await browser.request(authorizationUrl(service, verifierOf()));
      const finished = await browser.request(String(start.location));
      const resume = new URL(String(finished.location));
      const cookie = browser.cookieHeader(resume.pathname);
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          send(nodes[(n % 2) as 0 | 1], resume.pathname, { headers: { cookie, accept: 'text/html' } }),
        ),
      );
      const won = answers.filter((answer) => answer.location?.startsWith(service.redirectUri) === true);
      expect(won).toHaveLength(1);
      for (const lost of answers.filter((answer) => answer !== won[0])) {
        expect(lost.setCookie.filter((line) => line.includes('nijo-session'))).toEqual([]);
        // Made again, or already answered by what the winner has left.
        expect([303, 400]).toContain(lost.status);
      }
    }
  });

  test('a pushed request is good for one authorization, also for two at once', async () => {
    const verifier = verifierOf();
    const query = new URL(authorizationUrl(service, verifier), 'https://x.example').searchParams;
    const browser = new Browser(nodes[0]);
    await obtainTokens(browser, service);
    const pushed = await post(nodes[0], '/par', Object.fromEntries(query), basic(service));
    expect(pushed.status).toBe(201);
    const target = `/authorize?${new URLSearchParams({ client_id: service.id, request_uri: String(pushed.json.request_uri) }).toString()}`;
    const cookie = browser.cookieHeader('/authorize');
    const answers = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        send(nodes[(n % 2) as 0 | 1], target, { headers: { cookie, accept: 'text/html' } }),
      ),
    );
    const codes = answers.filter((answer) => answer.location?.includes('code=') === true);
    expect(codes).toHaveLength(1);
    const late = await send(nodes[1], target, { headers: { cookie, accept: 'text/html' } });
    expect(late.text + String(late.location)).toContain('invalid_request_uri');
  });
});

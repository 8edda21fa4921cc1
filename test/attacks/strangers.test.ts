import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type pg from 'pg';
import { databaseSchema } from '../../src/config/sections/database.ts';
import { openPostgres } from '../../src/db/open.ts';
import { readOpening } from '../../src/desk/calendar/calendar.ts';
import { noticeToken } from '../../src/factors/notices/links.ts';
import { createVisitLimit } from '../../src/limits/visit-limit.ts';
import type { Route } from '../../src/web/route-table.ts';
import { accountId, person, signInWithApp } from '../login/visits.ts';
import { type Cluster, redirectUri, startCluster, testClients } from '../support/cluster.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { type Explained, explainGeneric, explainNested, stockSession } from '../support/explain.ts';
import { type RecordingHandle, recordingHandle } from '../support/recorded-statements.ts';
import { type RequestOptions, UserAgent } from '../support/user-agent.ts';

// Far below 100,000, from which on a stock Postgres compiles a plan, and above what a look by a key costs.
const dearest = 1000;

const isStatement = (text: string): boolean => /^\s*(select|insert|update|delete|with)\b/i.test(text);

/** Postgres with its own settings, on tables that were never analysed: as it is on the first day. */
describe('S12: what a stranger can make the database do', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let handle: RecordingHandle;
  let session: pg.Client;
  let routes: readonly Route[];

  beforeAll(async () => {
    database = await openTestPostgres();
    session = await stockSession(String(database.url));
    handle = recordingHandle(String(database.url));
    cluster = await startCluster(database, { handles: [handle.db] });
    routes = cluster.nodes[0]!.nijo.routes.all;
  });
  afterAll(async () => {
    await cluster.close();
    await handle.db.destroy();
    await session.end();
    await database.close();
  });

  const known = new Map<string, Explained>();
  const explained = async (statement: string): Promise<Explained> => {
    const plan = known.get(statement) ?? (await explainGeneric(session, statement));
    known.set(statement, plan);
    return plan;
  };

  /** Asks, and says what is too much about it. */
  async function tooMuch(
    path: string,
    options: RequestOptions = {},
    browser = new UserAgent(cluster),
  ): Promise<string[]> {
    handle.take();
    await browser.request(path, options);
    const sent = handle.take().filter(isStatement);
    const about = `${options.method ?? (options.form === undefined ? 'GET' : 'POST')} ${path.slice(0, 60)}`;
    const plans: (Explained & { statement: string })[] = [];
    for (const statement of sent) plans.push({ statement, ...(await explained(statement)) });
    return [
      ...(sent.length > 12 ? [`${about}: ${sent.length} statements\n${sent.join('\n')}`] : []),
      ...plans
        .filter(({ cost, jit }) => cost > dearest || jit)
        .map(({ cost, statement }) => `${about}: costs ${cost}: ${statement}`),
    ];
  }

  test('S12: every route of the node asked without a sign-in stays cheap', async () => {
    const paths = routes.map(({ pattern }) => pattern);
    // The list is that of the routers: some of each, so that it cannot be empty unnoticed.
    for (const path of [
      '/interaction/:uid',
      '/help/support',
      '/not-me/:token',
      '/account',
      '/desk',
      '/authorize',
      '/token',
    ])
      expect(paths).toContain(path);
    const found: string[] = [];
    // Pages that need a sign-in are asked too: what they look up before they send somebody there is for everybody.
    for (const { methods, pattern } of routes) {
      for (const method of methods) {
        for (const word of ['A'.repeat(43), 'x', '~'])
          found.push(
            ...(await tooMuch(pattern.replaceAll(/:\w+/g, word), {
              method,
              ...(method === 'POST' ? { form: { action: 'continue', csrf: word } } : {}),
            })),
          );
      }
    }
    for (const path of [
      '/',
      '/health/live',
      '/health/ready',
      '/assets/none.js',
      '/nothing',
      '/.well-known/nothing',
    ])
      found.push(...(await tooMuch(path)));
    expect(found).toEqual([]);
  });

  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const { client_id: client, client_secret: secret } = testClients[0]!;
  const service = { fromPage: false } as const;

  test.each<[string, string, RequestOptions]>([
    [
      'a code that nobody has',
      '/token',
      {
        ...service,
        headers: basic(client, secret),
        form: {
          grant_type: 'authorization_code',
          code: 'x'.repeat(43),
          redirect_uri: redirectUri,
          code_verifier: 'v'.repeat(43),
        },
      },
    ],
    [
      'a refresh token that nobody has',
      '/token',
      {
        ...service,
        headers: basic(client, secret),
        form: { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) },
      },
    ],
    [
      'a wrong secret',
      '/token',
      { ...service, headers: basic(client, 'wrong'), form: { grant_type: 'authorization_code' } },
    ],
    [
      'a client that is not there',
      '/token',
      { ...service, headers: basic('none', 'wrong'), form: { grant_type: 'refresh_token' } },
    ],
    [
      'introspection with a wrong secret',
      '/introspect',
      { ...service, headers: basic(client, 'wrong'), form: { token: 'x' } },
    ],
    [
      'introspection of junk',
      '/introspect',
      { ...service, headers: basic(client, secret), form: { token: 'x'.repeat(2000) } },
    ],
    [
      'revocation of junk',
      '/revoke',
      { ...service, headers: basic(client, secret), form: { token: 'x'.repeat(43) } },
    ],
    [
      'a pushed request with a wrong secret',
      '/par',
      { ...service, headers: basic(client, 'wrong'), form: { response_type: 'code' } },
    ],
    ['userinfo with junk', '/userinfo', { headers: { authorization: `Bearer ${'x'.repeat(43)}` } }],
    ['a client id that nobody has', '/authorize?client_id=none&response_type=code&scope=openid', {}],
    [
      'a request address that nobody has',
      `/authorize?client_id=${client}&request_uri=urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}`,
      {},
    ],
    ['a sign-out with a hint that is none', '/logout?id_token_hint=eyJhbGciOiJSUzI1NiJ9.e30.AAAA', {}],
    ['a link that nobody was sent', `/not-me/${'A'.repeat(43)}`, {}],
    ['a page that is opened again and again in a login that is none', `/interaction/${'A'.repeat(21)}`, {}],
    [
      'cookies of all sizes',
      '/account',
      { headers: { cookie: `_session=${'x'.repeat(4000)}; nijo-known=${'y'.repeat(4000)}` } },
    ],
    ['a body that is too large', '/help/support', { form: { login_id: 'x'.repeat(60_000) } }],
  ])('S12: %s costs little', async (_, path, options) => {
    expect(await tooMuch(path, options)).toEqual([]);
  });

  test('S12: a login begun, its page, and a wrong password for an ID that nobody has', async () => {
    const browser = new UserAgent(cluster);
    const url = browser.authorizeUrl('important');
    expect(await tooMuch(url, {}, browser)).toEqual([]);
    const page = await browser.open(url);
    expect(page.page).toBe('sign-in');
    expect(await tooMuch(page.url.pathname, {}, browser)).toEqual([]);
    const form = browser.fields(page, { login_id: 'nobody1', password: 'wrong' });
    expect(await tooMuch(page.url.pathname, { form }, browser)).toEqual([]);
  });

  test('S12: a request for help, and the same once more', async () => {
    const browser = new UserAgent(cluster);
    const page = await browser.open('/help/support');
    const form = browser.fields(page, { login_id: 'nobody1', reason: 'lost-device' });
    for (const _ of [1, 2]) expect(await tooMuch('/help/support', { form }, browser)).toEqual([]);
  });

  test('S12: the calendar is cheap in every session, functions and triggers included', async () => {
    for (const statement of [
      'select * from desk_opening(now())',
      'select desk_is_open(now())',
      `select desk_is_open_to('somebody', now())`,
      `select * from desk_hours(current_date, current_date + 60)`,
    ]) {
      const plans = await explainNested(session, statement);
      expect(plans.length).toBeGreaterThan(0);
      expect(plans.filter(({ cost, jit }) => cost > 20_000 || jit)).toEqual([]);
    }
  });

  test('S12: sessions of Nijo compile nothing, whatever the server or the address of the database says', async () => {
    const url = new URL(String(database.url));
    for (const given of [undefined, '-c jit=on -c work_mem=5MB', '-c work_mem=5MB']) {
      // As libpq reads it: a blank is %20 there.
      if (given !== undefined) url.search = `?options=${encodeURIComponent(given)}`;
      const db = openPostgres({ ...databaseSchema.parse({}), url: url.href }, () => undefined);
      const { rows } = await sql<{
        jit: string;
        plans: string;
        memory: string;
      }>`select current_setting('jit') as jit,
        current_setting('plan_cache_mode') as plans, current_setting('work_mem') as memory`.execute(db);
      await db.destroy();
      expect(rows).toEqual([
        {
          // Whoever asks for it in the address has said so.
          jit: given?.includes('jit=on') === true ? 'on' : 'off',
          plans: 'force_generic_plan',
          memory: given === undefined ? '4MB' : '5MB',
        },
      ]);
    }
  });

  test('S12: however often it is looked at, the calendar is computed once', async () => {
    const browser = new UserAgent(cluster);
    await browser.open('/help/support');
    handle.take();
    for (let visit = 0; visit < 20; visit += 1) await browser.open('/help/support');
    await Promise.all(Array.from({ length: 20 }, () => new UserAgent(cluster).open('/help/support')));
    const sent = handle.take();
    expect(sent.filter((text) => text.includes('desk_opening'))).toEqual([]);
    // One look at a number for each, or for several that asked at once.
    expect(sent.filter((text) => text.includes('desk_calendar')).length).toBeLessThanOrEqual(40);
  });
});

describeOnEveryDatabase('S12: pages for everybody', (open) => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await open();
    cluster = await startCluster(database, {
      nodes: 2,
      config: { server: { trusted_proxies: ['127.0.0.1'] } },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  test('S12, R51: a change of the calendar is on the next page of every node', async () => {
    const { db } = database;
    const shown = async (node: number): Promise<string | undefined> => {
      const page = await new UserAgent(cluster, { node }).open('/help/support');
      return page.html.querySelector('[data-opening]')?.getAttribute('data-opening');
    };
    const today = sql<string>`to_char(now() at time zone 'Asia/Tokyo', 'YYYY-MM-DD')`;
    const named = { source: 'operator' as const, name_en: 'n', name_ja: 'n', changed_by: 'test' };
    const day = (await sql<{ day: string }>`select ${today} as day`.execute(db)).rows[0]?.day ?? '';
    for (const kind of ['open', 'closed', 'open'] as const) {
      const hours = kind === 'open' ? { opens: '00:00', closes: '24:00' } : { opens: null, closes: null };
      await db.deleteFrom('desk_days').where('source', '=', 'operator').execute();
      await db
        .insertInto('desk_days')
        .values({ ...named, day, kind, ...hours })
        .execute();
      expect((await readOpening(db)).open).toBe(kind === 'open');
      for (const node of [0, 1, 0]) expect(await shown(node)).toBe(kind);
    }
    await db
      .updateTable('desk_days')
      .set({ kind: 'closed', opens: null, closes: null })
      .where('day', '=', day)
      .execute();
    for (const node of [0, 1]) expect(await shown(node)).toBe('closed');
    await db.deleteFrom('desk_days').execute();
    await db.updateTable('desk_calendar').set({ weekly: '[]' }).execute();
    for (const node of [0, 1]) expect(await shown(node)).toBe('closed');
  });

  test('S12: a network that asks without end is refused, others are not, and logins go on', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const browser = new UserAgent(cluster);
    let refused: Awaited<ReturnType<UserAgent['request']>> | undefined;
    for (let visit = 0; visit < 2000 && refused === undefined; visit += 1) {
      const path =
        ['/help/support', '/help/support?ui_locales=ja', `/not-me/${'A'.repeat(43)}`, '/not-me/x'][
          visit % 4
        ] ?? '';
      const answer = await browser.request(path, from(`2001:db8:1:2::${(visit % 9) + 1}`));
      if (answer.status === 429) refused = answer;
    }
    expect(refused?.fault).toBe('too_many_visits');
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await browser.request('/help/support', from('2001:db8:1:3::1'))).status).toBe(200);
    expect((await browser.request('/help/support', from('192.0.2.7'))).status).toBe(200);
    const login = await browser.request(browser.authorizeUrl('important'), from('2001:db8:1:2::1'));
    expect(login.status).toBe(303);
  });

  test('S12, R67: a browser that has signed in, and whoever has a link of ours, are refused for no network', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const who = await person(cluster, { app: true });
    const { browser: known } = await signInWithApp(cluster, who);
    const link = randomBytes(16).toString('base64url');
    await database.db
      .insertInto('notice_links')
      .values({
        id: link,
        account_id: await accountId(database.db, who),
        event: 'new-browser',
        expires_at: sql<Date>`now() + interval '1 day'`,
      })
      .execute();
    const stranger = new UserAgent(cluster);
    const here = from('198.51.100.9');
    // What is refused refills while the next request is on its way, so it is asked for a few times.
    const isRefused = async (path: string, options: { headers: Record<string, string> }, tries: number) => {
      for (let visit = 0; visit < tries; visit += 1)
        if ((await stranger.request(path, options)).status === 429) return true;
      return false;
    };
    expect(await isRefused('/help/support', here, 2000)).toBe(true);
    expect((await known.request('/help/support', here)).status).toBe(200);
    const path = `/not-me/${noticeToken(cluster.sealer, link)}`;
    expect((await new UserAgent(cluster).request(path, here)).status).toBe(200);
    // A forged link, and a forged cookie, are a stranger's: of their own they would have 240 looks at once.
    expect(await isRefused(`/not-me/${link}${'A'.repeat(22)}`, here, 60)).toBe(true);
    const forged = { ...here.headers, cookie: `nijo-known=${'x'.repeat(43)}.${'y'.repeat(43)}` };
    expect(await isRefused('/help/support', { headers: forged }, 60)).toBe(true);
  });
});

test('S12: a network may look again after a while, and memory stays bounded', () => {
  let now = 0;
  const limit = createVisitLimit({ burst: 3, perSecond: 1 }, () => now);
  const visit = (address: string, own?: string) => limit({ address, own }).allowed;
  expect([1, 2, 3, 4].map(() => visit('192.0.2.1'))).toEqual([true, true, true, false]);
  expect(limit({ address: '192.0.2.1' })).toEqual({ allowed: false, retryAfterSeconds: 1 });
  // Who is no stranger counts for themselves, and not without end either.
  expect([1, 2, 3, 4].map(() => visit('192.0.2.1', 'a known browser'))).toEqual([true, true, true, false]);
  // Network after network of one /48: four times as many as from one.
  expect(Array.from({ length: 13 }, (_, net) => visit(`2001:db8:7:${net}::1`)).indexOf(false)).toBe(12);
  expect(visit('2001:db8:8::1')).toBe(true);
  now += 1000;
  expect([1, 2].map(() => visit('192.0.2.1'))).toEqual([true, false]);
  // An attacker with many addresses pushes out the quietest, not the memory of the node.
  for (let index = 0; index < 30_000; index += 1)
    visit(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  expect(visit('192.0.2.1')).toBe(true);
});

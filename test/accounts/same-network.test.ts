import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attemptLimits } from '../../src/accounts/attempt-limits.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { createPasswordVerifier, type PasswordOutcome } from '../../src/accounts/verify-password.ts';
import { passwordLimitsSchema } from '../../src/config/sections/accounts.ts';
import { placesSchema } from '../../src/config/sections/places.ts';
import type { Db } from '../../src/db/open.ts';
import { networkOf, siteOf } from '../../src/limits/network.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { addAccount, cheapHashing, countingHasher, limits, originAt, password } from './helpers.ts';

const campus = '198.51.100.20';

describeOnEveryDatabase('S13: many people on one network', (open) => {
  let database: TestDatabase;
  let db: Db;
  let ownerId: string;
  const hasher = createPasswordHasher(cheapHashing);
  const knownHere = 'digest-of-a-known-browser';

  beforeAll(async () => {
    database = await open();
    db = database.db;
    ownerId = await addAccount(db, hasher, { loginId: 'owner' });
    await addAccount(db, hasher, { loginId: 'other' });
    await db
      .insertInto('known_browsers')
      .values({ account_id: ownerId, browser: knownHere, user_agent: 'a browser', network: campus })
      .execute();
  });
  beforeEach(() => db.deleteFrom('limits').execute());
  afterAll(() => database.close());

  const verifierOn = (handle: Db, overrides: Partial<Parameters<typeof createPasswordVerifier>[0]> = {}) =>
    createPasswordVerifier({
      db: handle,
      hasher,
      limits,
      sealer: testSealer(),
      logger: silentLogger(),
      ...overrides,
    });
  const at = (loginId: string, given: string, address = campus, browser?: string) => ({
    loginId,
    password: given,
    origin: originAt(address),
    browser,
  });
  const count = (results: readonly PasswordOutcome[]) => {
    const counted: Record<string, number> = {};
    for (const { outcome } of results) counted[outcome] = (counted[outcome] ?? 0) + 1;
    return counted;
  };

  test('R67: 320 wrong passwords for 320 IDs refuse nobody a right one, nor a wrong one its answer', async () => {
    const verifier = verifierOn(db);
    const wrong: PasswordOutcome[] = [];
    for (let i = 0; i < 320; i += 1) wrong.push(await verifier.verify(at(`invented${i}`, 'wrong')));
    expect(count(wrong)).toEqual({ refused: 320 });
    expect((await verifier.verify(at('owner', password))).outcome).toBe('verified');
    expect((await verifier.verify(at('owner', 'wrong'))).outcome).toBe('refused');
    // It goes on while others try, on every node.
    const node = verifierOn(await database.connect());
    const [right] = await Promise.all([
      node.verify(at('other', password)),
      ...Array.from({ length: 20 }, (_, i) => verifier.verify(at(`further${i}`, 'wrong'))),
    ]);
    expect(right.outcome).toBe('verified');
  });

  test('over its limit a network is compared one after the other, over all nodes, and its queue has an end', async () => {
    const settings = { ...limits, wrong_per_network: 10, slowed_per_minute: 10 };
    const verifier = verifierOn(db, { limits: settings });
    for (let i = 0; i < 10; i += 1) await verifier.verify(at(`first${i}`, 'wrong'));
    // 20 s are as long as the queue is, six seconds for each.
    const counting = countingHasher();
    const nodes = await Promise.all([database.connect(), database.connect()]);
    const waiting = Array.from({ length: 12 }, (_, i) =>
      verifierOn(nodes[i % 2] as Db, { limits: settings, hasher: counting }).verify(at(`next${i}`, 'wrong')),
    );
    const places = Promise.all(waiting);
    const early = await Promise.all(
      waiting.map((attempt) =>
        Promise.race([
          attempt.then((result) => (result.outcome === 'limited' ? result.retryAfterSeconds : 0)),
          new Promise<undefined>((resolve) => {
            setTimeout(resolve, 2000, undefined);
          }),
        ]),
      ),
    );
    expect(early.filter((answer) => answer === undefined)).toHaveLength(4);
    expect(early.filter((answer) => answer === 20)).toHaveLength(8);
    expect(counting.counts().verifyNothing).toBe(0);
    // A browser that has signed in before does not wait behind them.
    const known = await verifierOn(db, { limits: settings }).verify(at('owner', password, campus, knownHere));
    expect(known.outcome).toBe('verified');
    // Whoever was turned away has nothing counted against their ID.
    const keys = waiting.map(
      (_, i) =>
        attemptLimits(settings, [], testSealer(), {
          loginId: `next${i}`,
          address: campus,
          browser: undefined,
        }).idAndNetwork.key,
    );
    const rows = await db.selectFrom('limits').selectAll().where('key', 'in', keys).execute();
    expect(rows.filter(({ hits }) => hits.length > 0)).toHaveLength(4);
    await places;
  }, 60_000);

  test('S13, R67: as it is configured, sixty who guess at once keep no right password out', async () => {
    const { slowed_per_minute } = passwordLimitsSchema.parse({});
    const verifier = verifierOn(db, { limits: { ...limits, wrong_per_network: 10, slowed_per_minute } });
    const guesses = Array.from({ length: 70 }, (_, i) => verifier.verify(at(`guessed${i}`, 'wrong')));
    const right = verifier.verify(at('other', password));
    expect((await right).outcome).toBe('verified');
    expect(count(await Promise.all(guesses))).toEqual({ refused: 70 });
  }, 60_000);

  test('what is changed while an attempt waits counts: the earlier password is no longer right', async () => {
    const id = await addAccount(db, hasher, { loginId: 'changing' });
    const settings = { ...limits, wrong_per_network: 10, slowed_per_minute: 30 };
    const verifier = verifierOn(db, { limits: settings });
    for (let i = 0; i < 10; i += 1) await verifier.verify(at(`before${i}`, 'wrong'));
    const waits = verifier.verify(at('changing', password));
    await db
      .updateTable('passwords')
      .set({ phc: await hasher.hash('another right one 2') })
      .where('account_id', '=', id)
      .execute();
    expect((await waits).outcome).toBe('refused');
  });

  test('a browser that has signed in to the account is kept out by nobody else who guesses its password there', async () => {
    const verifier = verifierOn(db);
    const guesses: PasswordOutcome[] = [];
    for (let i = 0; i < 14; i += 1) guesses.push(await verifier.verify(at('owner', `guess ${i}`)));
    expect(count(guesses)).toEqual({ refused: 10, limited: 4 });
    expect((await verifier.verify(at('owner', password, campus, knownHere))).outcome).toBe('verified');
    // A digest that belongs to nobody is no known browser.
    expect((await verifier.verify(at('owner', password, campus, 'made-up'))).outcome).toBe('limited');
    // It guesses no more than anybody else, and what it used up is its own.
    const own: PasswordOutcome[] = [];
    for (let i = 0; i < 12; i += 1)
      own.push(await verifier.verify(at('owner', `guess ${i}`, `192.0.2.${i}`, knownHere)));
    expect(count(own)).toEqual({ refused: 10, limited: 2 });
    expect((await verifier.verify(at('owner', password, '192.0.2.200'))).outcome).toBe('verified');
  });

  test('a browser that somebody else has signed in with is not slowed for its network, ten wrong ones long', async () => {
    const settings = { ...limits, wrong_per_network: 10 };
    const verifier = verifierOn(db, { limits: settings });
    for (let i = 0; i < 10; i += 1) await verifier.verify(at(`full${i}`, 'wrong'));
    for (let i = 0; i < 12; i += 1) await verifier.verify(at(`shared${i}`, 'wrong', campus, knownHere));
    const slowed = await db
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'password.refused')
      .orderBy('id', 'desc')
      .limit(12)
      .execute();
    expect(slowed.map(({ details }) => 'slowed' in (details as object))).toEqual([
      true,
      true,
      ...Array.from({ length: 10 }, () => false),
    ]);
  });

  test('IPv6 is counted at /64 and at /48, IPv4 in IPv6 dress as IPv4', async () => {
    const verifier = verifierOn(db, { limits: { ...limits, wrong_per_network: 10 } });
    const slowedFrom = async (address: string, loginId: string) => {
      await verifier.verify(at(loginId, 'wrong', address));
      const { details } = await db
        .selectFrom('audit_events')
        .select('details')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      return 'slowed' in (details as object);
    };
    // One network is full; its neighbour is not.
    for (let i = 0; i < 10; i += 1) expect(await slowedFrom(`2001:db8:7:1::${i}`, `one${i}`)).toBe(false);
    expect(await slowedFrom('2001:db8:7:1:ffff::1', 'one-more')).toBe(true);
    expect(await slowedFrom('2001:db8:7:2::1', 'neighbour')).toBe(false);
    // Network after network of one /48: four times as many.
    for (let i = 0; i < 29; i += 1)
      expect(await slowedFrom(`2001:db8:7:${i + 16}::1`, `site${i}`)).toBe(false);
    expect(await slowedFrom('2001:db8:7:ffff::1', 'site-more')).toBe(true);
    expect(await slowedFrom('2001:db8:8:1::1', 'elsewhere')).toBe(false);
    // One ID from network after network of one /48: three times as many as from one.
    const guesses: PasswordOutcome[] = [];
    for (let i = 0; i < 32; i += 1)
      guesses.push(await verifier.verify(at('owner', 'wrong', `2001:db8:9:${i + 1}::1`)));
    expect(count(guesses)).toEqual({ refused: 30, limited: 2 });
    for (let i = 0; i < 10; i += 1)
      await verifier.verify(at('mapped', 'wrong', i % 2 === 0 ? '203.0.113.9' : '::ffff:203.0.113.9'));
    expect((await verifier.verify(at('mapped', 'wrong', '::FFFF:CB00:7109'))).outcome).toBe('limited');
  });

  test('a named place has limits of its own, and nobody else has them', async () => {
    const places = placesSchema.parse([
      {
        name: { en: 'Campus', ja: '学内' },
        networks: ['198.51.100.0/24', '::ffff:203.0.113.0/120', '2001:db8:100::/40'],
        limits: { wrong_passwords_per_network: 40, wrong_passwords_per_id_and_network: 20 },
      },
      { name: { en: 'Dormitory', ja: '寮' }, networks: ['192.0.2.0/24'] },
    ]);
    const verifier = verifierOn(db, { places, limits: { ...limits, wrong_per_network: 10 } });
    for (const [address, most] of [
      ['198.51.100.3', 20],
      ['203.0.113.77', 20],
      ['2001:db8:1ff:1::1', 20],
      ['192.0.2.3', 10],
    ] as const) {
      const guesses: PasswordOutcome[] = [];
      for (let i = 0; i < most + 1; i += 1)
        guesses.push(await verifier.verify(at('owner', 'wrong', address)));
      expect({ address, ...count(guesses) }).toEqual({ address, refused: most, limited: 1 });
    }
    const others: boolean[] = [];
    for (let i = 0; i < 21; i += 1) {
      await verifier.verify(at(`place${i}`, 'wrong', '198.51.100.3'));
      const { details } = await db
        .selectFrom('audit_events')
        .select('details')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      others.push('slowed' in (details as object));
    }
    expect(others.indexOf(true)).toBe(20);
  });

  test('whatever others on the network try, a right password is verified there (generated)', async () => {
    const attempt = fc.record({
      loginId: fc.constantFrom('other', 'invented', 'a b', 'x'.repeat(300), 'OTHER', ''),
      number: fc.nat(400),
      browser: fc.constantFrom(undefined, knownHere, 'made-up'),
      address: fc.constantFrom(campus, `::ffff:${campus}`),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 25 }), async (attempts) => {
        await db.deleteFrom('limits').execute();
        const verifier = verifierOn(db, { limits: { ...limits, wrong_per_network: 10 } });
        await Promise.all(
          attempts.map(({ loginId, number, browser, address }) =>
            verifier.verify(at(loginId === '' ? `n${number}` : loginId, `wrong ${number}`, address, browser)),
          ),
        );
        expect((await verifier.verify(at('owner', password))).outcome).toBe('verified');
        expect((await verifier.verify(at('owner', password, campus, knownHere))).outcome).toBe('verified');
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});

test('networks and sites of addresses', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(siteOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48');
  expect(siteOf('::ffff:192.0.2.1')).toBeUndefined();
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect([networkOf('unknown'), siteOf('unknown')]).toEqual(['unknown', undefined]);
});

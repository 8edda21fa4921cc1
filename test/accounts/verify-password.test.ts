import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { disableAccount } from '../../src/accounts/status.ts';
import { createPasswordVerifier, type PasswordOutcome } from '../../src/accounts/verify-password.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { collectingLogger, silentLogger } from '../support/logger.ts';
import {
  addAccount,
  cheapHashing,
  countingDb,
  countingHasher,
  limits,
  originAt,
  password,
} from './helpers.ts';

function verifierOn(db: Db, overrides: Partial<Parameters<typeof createPasswordVerifier>[0]> = {}) {
  return createPasswordVerifier({
    db,
    hasher: createPasswordHasher(cheapHashing),
    limits,
    sealer: testSealer(),
    logger: silentLogger(),
    ...overrides,
  });
}

const outcomes = (results: readonly PasswordOutcome[], outcome: string): number =>
  results.filter((result) => result.outcome === outcome).length;

describeOnEveryDatabase('verifying a password', (open) => {
  let database: TestDatabase;
  let db: Db;
  const hasher = createPasswordHasher(cheapHashing);
  const lastAudit = () =>
    db.selectFrom('audit_events').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();

  beforeAll(async () => {
    database = await open();
    db = database.db;
    await addAccount(db, hasher, { loginId: 'a0000001' });
    await addAccount(db, hasher, { loginId: 'disabled', status: 'disabled' });
    await addAccount(db, hasher, { loginId: 'nopassword', phc: null });
    await addAccount(db, hasher, { loginId: 'unreadable', phc: 'garbage' });
  });
  beforeEach(() => db.deleteFrom('limits').execute());
  afterAll(() => database.close());

  test('R2: the ID is found in any spelling, and the account comes back', async () => {
    const origin = originAt();
    const result = await verifierOn(db).verify({
      loginId: '　Ａ０００0001 ',
      password,
      origin,
      clientId: 'library',
    });
    expect(result).toMatchObject({ outcome: 'verified', account: { loginId: 'a0000001', kind: 'sps' } });
    expect(await lastAudit()).toMatchObject({
      event: 'password.verified',
      result: 'success',
      method: 'pwd',
      client_id: 'library',
      request_id: origin.requestId,
      address: '192.0.2.1',
      node: 'test',
    });
  });

  test.each([
    ['unknown', 'nobody', password, 'unknown-id'],
    ['malformed', 'no body\0', password, 'malformed-id'],
    ['wrong', 'a0000001', 'a wrong password', 'wrong'],
    ['disabled', 'disabled', password, 'disabled'],
    ['without a password', 'nopassword', password, 'no-password-set'],
    ['empty password', 'a0000001', '', 'no-password-given'],
    ['too long', 'a0000001', 'x'.repeat(5000), 'wrong'],
    ['NUL in the password', 'a0000001', `${password}\0`, 'wrong'],
    ['unreadable hash', 'unreadable', 'garbage', 'hash-unreadable'],
  ])(
    'R3, A33: %s gives the same answer, one hash and the same statements',
    async (_name, loginId, given, reason) => {
      const counted = countingDb(db);
      const counting = countingHasher();
      const result = await verifierOn(counted.db, { hasher: counting }).verify({
        loginId,
        password: given,
        origin: originAt(),
      });
      expect(result).toEqual({ outcome: 'refused' });
      const { hash = 0, verify = 0, verifyNothing = 0 } = counting.counts();
      expect({ hash, compared: verify + verifyNothing }).toEqual({ hash: 0, compared: 1 });
      expect(counted.statements()).toBe(2);
      expect(await lastAudit()).toMatchObject({
        event: 'password.refused',
        result: 'failure',
        actor: 'anonymous',
        details: { reason },
      });
    },
  );

  test('a right password takes two statements and counts for nothing', async () => {
    const counted = countingDb(db);
    const verifier = verifierOn(counted.db);
    for (let i = 0; i < 15; i += 1) {
      expect((await verifier.verify({ loginId: 'a0000001', password, origin: originAt() })).outcome).toBe(
        'verified',
      );
    }
    expect(counted.statements()).toBe(30);
    expect((await db.selectFrom('limits').select('hits').execute()).flatMap((row) => row.hits)).toEqual([]);
  });

  test('E2: of 200 wrong passwords at once at most 10 are compared, over two nodes', async () => {
    const counting = countingHasher();
    const nodes = await Promise.all([database.connect(), database.connect()]);
    const verifiers = nodes.map((node) => verifierOn(node, { hasher: counting }));
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const verifier = verifiers[i % 2];
        if (verifier === undefined) throw new Error('no node');
        return verifier.verify({ loginId: 'a0000001', password: `wrong ${i}`, origin: originAt() });
      }),
    );
    expect(outcomes(results, 'refused')).toBe(10);
    expect(outcomes(results, 'limited')).toBe(190);
    expect(counting.counts().verify).toBe(10);
    const limited = results.find((result) => result.outcome === 'limited');
    expect(limited?.outcome === 'limited' && limited.retryAfterSeconds).toBeGreaterThan(800);
    const audited = await db
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'password.limited')
      .execute();
    expect(audited).toHaveLength(190);
    expect(audited[0]).toMatchObject({ details: { by: 'id' } });
  });

  test('A16: whoever exhausts the tries elsewhere does not lock the owner out', async () => {
    const verifier = verifierOn(db);
    const attack = async (address: string): Promise<PasswordOutcome[]> => {
      const results: PasswordOutcome[] = [];
      for (let i = 0; i < 12; i += 1) {
        results.push(
          await verifier.verify({ loginId: 'a0000001', password: 'wrong one', origin: originAt(address) }),
        );
      }
      return results;
    };
    expect(outcomes(await attack('198.51.100.7'), 'limited')).toBe(2);
    expect(outcomes(await attack('2001:db8:1:2::1'), 'limited')).toBe(2);
    // Also the right one, from there: what is limited is not compared.
    const right = { loginId: 'a0000001', password };
    expect((await verifier.verify({ ...right, origin: originAt('::ffff:198.51.100.7') })).outcome).toBe(
      'limited',
    );
    expect((await verifier.verify({ ...right, origin: originAt('2001:db8:1:2:ffff::9') })).outcome).toBe(
      'limited',
    );
    expect((await verifier.verify({ ...right, origin: originAt('192.0.2.1') })).outcome).toBe('verified');
    expect((await verifier.verify({ ...right, origin: originAt('2001:db8:1:3::1') })).outcome).toBe(
      'verified',
    );
  });

  test('a network is slowed over all IDs; one ID tried on and on does not use it up', async () => {
    const verifier = verifierOn(db, { limits: { ...limits, wrong_per_network: 20 } });
    const origin = originAt('203.0.113.5');
    for (let i = 0; i < 40; i += 1)
      await verifier.verify({ loginId: 'a0000001', password: 'wrong one', origin });
    const others: PasswordOutcome[] = [];
    for (let i = 0; i < 15; i += 1) {
      others.push(await verifier.verify({ loginId: `spray${i}`, password: 'wrong one', origin }));
    }
    expect(outcomes(others, 'refused')).toBe(15);
    const slowed = await db
      .selectFrom('audit_events')
      .select('details')
      .where('event', '=', 'password.refused')
      .where('address', '=', '203.0.113.5')
      .orderBy('id')
      .execute();
    expect(slowed.map(({ details }) => (details as { slowed?: boolean }).slowed === true)).toEqual([
      ...Array.from({ length: 20 }, () => false),
      ...Array.from({ length: 5 }, () => true),
    ]);
  });

  test('right and wrong passwords of many people on one network at once: no deadlock, every right one passes', async () => {
    const nodes = await Promise.all([database.connect(), database.connect()]);
    const verifiers = nodes.map((node) => verifierOn(node));
    const people = Array.from({ length: 8 }, (_, i) => `crowd${i}`);
    for (const loginId of people) await addAccount(db, hasher, { loginId });
    const results = await Promise.all(
      Array.from({ length: 80 }, async (_, i) => {
        const right = i % 3 !== 0;
        const loginId = people[i % people.length] ?? '';
        const given = right ? password : 'wrong one';
        const result = await verifiers[i % 2]?.verify({ loginId, password: given, origin: originAt() });
        return { right, outcome: result?.outcome };
      }),
    );
    expect(results.filter(({ right, outcome }) => outcome !== (right ? 'verified' : 'refused'))).toEqual([]);
    const network = await db
      .selectFrom('limits')
      .select('hits')
      .where('key', '=', 'password:network:192.0.2.1')
      .executeTakeFirstOrThrow();
    const refused = results.filter(({ outcome }) => outcome === 'refused').length;
    expect(network.hits).toHaveLength(refused);
  });

  test('F20: with a full queue the answer is hashing_busy, and nothing has been counted', async () => {
    const slow = createPasswordHasher({
      ...cheapHashing,
      memory_kib: 16_384,
      passes: 4,
      max_parallel: 1,
      max_queue: 2,
    });
    const verifier = verifierOn(db, { hasher: slow });
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        verifier.verify({ loginId: `busy${i}`, password: 'wrong one', origin: originAt() }),
      ),
    );
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const { reason } of rejected) expect(reason).toMatchObject({ code: 'hashing_busy' });
    const network = await db
      .selectFrom('limits')
      .select('hits')
      .where('key', '=', 'password:network:192.0.2.1')
      .executeTakeFirstOrThrow();
    expect(network.hits).toHaveLength(12 - rejected.length);
  });

  test('a full queue is refused before the database is asked', async () => {
    const full = createPasswordHasher({ ...cheapHashing, memory_kib: 16_384, max_parallel: 1, max_queue: 0 });
    const running = full.verifyNothing('x');
    const counted = countingDb(db);
    const attempt = verifierOn(counted.db, { hasher: full }).verify({
      loginId: 'a0000001',
      password,
      origin: originAt(),
    });
    await expect(attempt).rejects.toMatchObject({ code: 'hashing_busy' });
    expect(counted.statements()).toBe(0);
    await running;
  });

  test('a hash with other parameters is renewed by a right password, and by no wrong one', async () => {
    const phc = await argon2(password, { memoryCost: 128, timeCost: 2 });
    const id = await addAccount(db, hasher, { loginId: 'imported', phc });
    const stored = () =>
      db.selectFrom('passwords').selectAll().where('account_id', '=', id).executeTakeFirstOrThrow();
    const before = await stored();
    const verifier = verifierOn(db);
    await verifier.verify({ loginId: 'imported', password: 'wrong one', origin: originAt() });
    expect((await stored()).phc).toBe(phc);
    // Two at once: one renews, and both are verified.
    const both = await Promise.all(
      [1, 2].map(() => verifier.verify({ loginId: 'imported', password, origin: originAt() })),
    );
    expect(outcomes(both, 'verified')).toBe(2);
    const after = await stored();
    expect(after.phc).toMatch(/^\$argon2id\$v=19\$m=256,t=1,p=1\$/);
    expect(after.changed_at).toEqual(before.changed_at);
    const events = await db
      .selectFrom('audit_events')
      .select('event')
      .where('account_id', '=', id)
      .where('event', '=', 'password.rehashed')
      .execute();
    expect(events).toHaveLength(1);
    expect((await verifier.verify({ loginId: 'imported', password, origin: originAt() })).outcome).toBe(
      'verified',
    );
  });

  test('A55: a disabled account is refused with the right password from that moment on', async () => {
    const id = await addAccount(db, hasher, { loginId: 'leaver' });
    const verifier = verifierOn(await database.connect());
    const right = { loginId: 'leaver', password, origin: originAt() };
    expect((await verifier.verify(right)).outcome).toBe('verified');
    expect(await disableAccount(db, id, 'cli:test')).toBe('changed');
    expect(await verifier.verify(right)).toEqual({ outcome: 'refused' });
  });

  test('A51: neither log nor audit holds a password or what was typed as an unknown ID', async () => {
    const log = collectingLogger();
    const verifier = verifierOn(db, { logger: log.logger });
    const canary = 'canary-5f21';
    await verifier.verify({ loginId: canary, password: canary, origin: originAt() });
    await verifier.verify({ loginId: 'unreadable', password: canary, origin: originAt() });
    expect(log.text()).toContain('password-hash-unreadable');
    const audit = JSON.stringify(
      await db.selectFrom('audit_events').selectAll().execute(),
      (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value),
    );
    expect(log.text() + audit).not.toContain(canary);
  });
});

describeOnEveryDatabase('verifying a password without a database', (open) => {
  test('C44: the error of the database comes through and nothing is verified', async () => {
    const database = await open();
    const verifier = verifierOn(database.db);
    await database.close();
    await expect(verifier.verify({ loginId: 'a0000001', password, origin: originAt() })).rejects.toThrow();
  });
});

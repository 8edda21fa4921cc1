import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import {
  createPasswordHasher,
  type PasswordHasher,
  parametersOf,
} from '../../src/accounts/password-hasher.ts';
import { createStandIns } from '../../src/accounts/stand-ins.ts';
import { createPasswordVerifier } from '../../src/accounts/verify-password.ts';
import { createSealer } from '../../src/base/sealing.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';
import { addAccount, cheapHashing, originAt, password } from './helpers.ts';

const limits = {
  wrong_per_id_and_network: 10_000,
  wrong_per_network: 100_000,
  window_minutes: 15,
  slowed_per_minute: 6000,
};
const own = '$argon2id$v=19$m=256,t=1,p=1';
const foreign = '$argon2id$v=19$m=512,t=2,p=1';
const rare = '$argon2id$m=512,t=1,p=2';

describeOnEveryDatabase('the work for an ID without a hash', (open) => {
  let database: TestDatabase;
  let other: Db;
  const hasher = createPasswordHasher(cheapHashing);
  beforeAll(async () => {
    database = await open();
    other = await database.connect();
    const phcs = {
      [own]: await hasher.hash(password),
      [foreign]: await argon2(password, { memoryCost: 512, timeCost: 2 }),
      [rare]: (await argon2(password, { memoryCost: 512, timeCost: 1, parallelism: 2 })).replace('v=19$', ''),
    };
    expect(Object.values(phcs).map(parametersOf)).toEqual([own, foreign, rare]);
    // 12, 24 and 4 of 40.
    for (let number = 0; number < 40; number += 1) {
      const phc = phcs[number < 12 ? own : number < 36 ? foreign : rare] ?? '';
      await addAccount(database.db, hasher, { loginId: `known${number}`, phc });
    }
    await addAccount(database.db, hasher, { loginId: 'without', phc: null });
    await addAccount(database.db, hasher, { loginId: 'broken', phc: '$2b$12$unreadable' });
  });
  afterAll(() => database.close());

  /** What the real hasher is asked to compare with, by the verifier of one node. */
  function watched(db: Db, sealer = testSealer()) {
    const work: (string | undefined)[] = [];
    const watching: PasswordHasher = {
      ...hasher,
      verify: (phc, plain) => (work.push(parametersOf(phc)), hasher.verify(phc, plain)),
      verifyNothing: (plain, parameters) => (work.push(parameters), hasher.verifyNothing(plain, parameters)),
    };
    const standIns = createStandIns({ db, sealer, logger: silentLogger() });
    const verifier = createPasswordVerifier({
      db,
      hasher: watching,
      limits,
      sealer,
      logger: silentLogger(),
      standIns,
    });
    return {
      standIns,
      workFor: async (loginId: string, typed = 'a wrong password'): Promise<string | undefined> => {
        work.length = 0;
        const outcome = await verifier.verify({ loginId, password: typed, origin: originAt() });
        expect([loginId, outcome.outcome, work.length]).toEqual([loginId, 'refused', 1]);
        return work[0];
      },
    };
  }

  test('S14, C13: IDs that nobody has take the parameters of those that are stored, in their proportion', async () => {
    const { workFor } = watched(database.db);
    const counts = new Map<string | undefined, number>();
    const total = 600;
    for (let number = 0; number < total; number += 1) {
      const parameters = await workFor(`nobody${number}`);
      counts.set(parameters, (counts.get(parameters) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual([own, foreign, rare].toSorted());
    for (const [parameters, share] of [
      [own, 0.3],
      [foreign, 0.6],
      [rare, 0.1],
    ] as const) {
      // Six standard deviations: one run in a hundred million is beyond them by chance.
      const tolerance = 6 * Math.sqrt((share * (1 - share)) / total);
      expect(Math.abs((counts.get(parameters) ?? 0) / total - share)).toBeLessThan(tolerance);
    }
  }, 60_000);

  test('S14: an ID takes the same always: in any spelling, with any input, on each node', async () => {
    const nodes = [watched(database.db), watched(other)];
    const ids = Array.from({ length: 12 }, (_, index) => `someone${index}`);
    for (const id of [...ids, 'without', 'broken', 'no such id!', 'a'.repeat(300)]) {
      const [first, second] = [await nodes[0]!.workFor(id), await nodes[1]!.workFor(id)];
      expect([own, foreign, rare]).toContain(first);
      const others = [
        second,
        await nodes[0]!.workFor(id, ''),
        await nodes[1]!.workFor(id, 'あ'.repeat(2000)),
      ];
      expect(others).toEqual([first, first, first]);
    }
    for (const id of ids) {
      const first = await nodes[0]!.workFor(id);
      expect(await nodes[1]!.workFor(` ${id.toUpperCase()} `)).toBe(first);
    }
    // An account does its own work also for what is never a password.
    expect([await nodes[0]!.workFor('known20'), await nodes[0]!.workFor('known20', '')]).toEqual([
      foreign,
      foreign,
    ]);
  });

  test('S14: a hash renewed at sign-in takes only IDs along that stood for its kind', async () => {
    const { standIns } = watched(database.db);
    const ids = Array.from({ length: 300 }, (_, index) => `later${index}`);
    const choices = async () => Promise.all(ids.map((id) => standIns.parametersFor(id)));
    const before = await choices();
    const renewed = await hasher.hash(password);
    await database.db
      .updateTable('passwords')
      .set({ phc: renewed })
      .where('phc', 'like', `${rare}%`)
      .execute();
    await standIns.refresh();
    const after = await choices();
    expect(after).not.toContain(rare);
    const moved = before.filter((parameters, index) => parameters !== after[index]);
    // Some of the others move to the kind that has grown, none to the one that has not.
    expect(after.filter((parameters, index) => parameters === foreign && before[index] === own)).toEqual([]);
    expect(moved.length).toBeGreaterThanOrEqual(before.filter((parameters) => parameters === rare).length);
  });

  test('S14: an import from elsewhere is counted without a restart, at whichever node', async () => {
    const fresh = await open();
    try {
      await addAccount(fresh.db, hasher, { loginId: 'first', phc: await hasher.hash(password) });
      const standIns = createStandIns({
        db: await fresh.connect(),
        sealer: testSealer(),
        logger: silentLogger(),
        maxAgeMs: 0,
      });
      expect(await standIns.parametersFor('nobody')).toBe(own);
      await fresh.db
        .updateTable('passwords')
        .set({ phc: await argon2(password, { memoryCost: 512, timeCost: 2 }) })
        .execute();
      let parameters = await standIns.parametersFor('nobody');
      while (parameters === own) parameters = await standIns.parametersFor('nobody');
      expect(parameters).toBe(foreign);
    } finally {
      await fresh.close();
    }
  });

  test('S14: with no hash at all the configured parameters are compared with', async () => {
    const empty = await open();
    try {
      expect(await watched(empty.db).workFor('nobody')).toBeUndefined();
    } finally {
      await empty.close();
    }
  });

  test('S14: the choice outlives a change of NIJO_SECRET', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `rotated${index}`);
    const fresh = await open();
    try {
      const earlier = { id: 'earlier', secret: 'x'.repeat(48) };
      const sealers = [
        createSealer([earlier]),
        createSealer([{ id: 'later', secret: 'y'.repeat(48) }, earlier]),
      ];
      for (const [index, phc] of [await hasher.hash(password), await argon2(password)].entries())
        await addAccount(fresh.db, hasher, { loginId: `secret${index}`, phc });
      const choices = await Promise.all(
        sealers.map(async (sealer) => {
          const { standIns } = watched(fresh.db, sealer);
          return Promise.all(ids.map((id) => standIns.parametersFor(id)));
        }),
      );
      expect(new Set(choices[0]).size).toBe(2);
      expect(choices[1]).toEqual(choices[0]);
    } finally {
      await fresh.close();
    }
  });
});

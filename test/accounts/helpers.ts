import type { RequestOrigin } from '../../src/audit/audit.ts';
import { createPasswordHasher, type PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { newId } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';

/** Real argon2id, cheap enough to do hundreds of. */
export const cheapHashing = {
  memory_kib: 256,
  passes: 1,
  parallelism: 1,
  max_parallel: 2,
  max_queue: 1000,
};

export const limits = {
  wrong_per_id_and_network: 10,
  wrong_per_network: 300,
  window_minutes: 15,
  slowed_per_minute: 6000,
};

export const password = 'a right password 1';

export function originAt(address = '192.0.2.1'): RequestOrigin {
  return { requestId: newId(), address, node: 'test' };
}

interface AccountSetUp {
  loginId: string;
  kind?: 'ecs' | 'sps';
  status?: 'active' | 'disabled';
  /** Undefined: the usual one; null: none. */
  phc?: string | null;
}

export async function addAccount(db: Db, hasher: PasswordHasher, setUp: AccountSetUp): Promise<string> {
  const id = newId();
  const { loginId, kind = 'sps', status = 'active', phc } = setUp;
  await db.insertInto('accounts').values({ id, login_id: loginId, kind, status }).execute();
  if (phc !== null) {
    await db
      .insertInto('passwords')
      .values({ account_id: id, phc: phc ?? (await hasher.hash(password)) })
      .execute();
  }
  return id;
}

/** A hasher that counts what it is asked for. */
export function countingHasher(
  settings = cheapHashing,
): PasswordHasher & { counts(): Record<string, number> } {
  const hasher = createPasswordHasher(settings);
  const counts: Record<string, number> = { hash: 0, verify: 0, verifyNothing: 0 };
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  return {
    ...hasher,
    hash: (plain) => (count('hash'), hasher.hash(plain)),
    verify: (...given) => (count('verify'), hasher.verify(...given)),
    verifyNothing: (...given) => (count('verifyNothing'), hasher.verifyNothing(...given)),
    counts: () => ({ ...counts }),
  };
}

/** The same database, counting its statements. */
export function countingDb(db: Db): { db: Db; statements(): number } {
  let statements = 0;
  return {
    db: db.withPlugin({
      transformQuery: ({ node }) => {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    }),
    statements: () => statements,
  };
}

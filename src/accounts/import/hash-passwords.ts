import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import type { ImportRow } from './import-row.ts';

/** What a row's plain password comes to. */
export interface HashedPassword {
  /** The stored hash it was compared with; undefined when there was none. */
  comparedWith: string | undefined;
  /** The new hash; undefined when the stored one verifies already. */
  phc: string | undefined;
}

/**
 * Hashes the plain passwords of these rows, as many at once as the hasher takes, before any
 * transaction is open. A password that the account has already is verified and not hashed anew, so
 * that a file can be run again.
 * @returns by login ID.
 */
export async function hashPasswords(
  db: Db,
  hasher: PasswordHasher,
  rows: readonly ImportRow[],
): Promise<Map<string, HashedPassword>> {
  const hashed = new Map<string, HashedPassword>();
  const work = rows.filter((row) => row.password !== undefined);
  if (work.length === 0) return hashed;
  const loginIds = work.map((row) => row.loginId);
  const stored = await db
    .selectFrom('accounts as a')
    .innerJoin('passwords as p', 'p.account_id', 'a.id')
    .select(['a.login_id', 'p.phc'])
    .where('a.login_id', '=', sql<string>`any(${loginIds}::text[])`)
    .execute();
  const phcOf = new Map(stored.map((row) => [row.login_id, row.phc]));

  const queue = work.values();
  const worker = async (): Promise<void> => {
    for (const { loginId, password = '' } of queue) {
      const comparedWith = phcOf.get(loginId);
      const same = comparedWith !== undefined && (await hasher.verify(comparedWith, password));
      hashed.set(loginId, { comparedWith, phc: same ? undefined : await hasher.hash(password) });
    }
  };
  await Promise.all(Array.from({ length: hasher.load().maxParallel }, worker));
  return hashed;
}

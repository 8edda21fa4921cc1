import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import type { ImportRow } from './import-row.ts';
import type { ImportDigests } from './memory.ts';

/** The result for a row's plain password. */
export interface HashedPassword {
  /** When the password it was compared with was set, if there was one; a renewed hash does not change it. */
  comparedWith: string | undefined;
  /** What was recorded of the file's password when it was compared. */
  rememberedThen: string | undefined;
  /** A new hash of it; undefined where the account has this password, or the file says nothing new. */
  phc: string | undefined;
  /** A file gave this very password before, and the account has another one since. */
  saidBefore: boolean;
}

/**
 * Hashes the plain passwords of these rows, as many in parallel as the hasher allows, before any transaction
 * is open. A password that the account has already, or that a file gave it before, is compared and not
 * hashed again, so that a file can be run again.
 * @returns by login ID.
 */
export async function hashPasswords(
  db: Db,
  hasher: PasswordHasher,
  digests: ImportDigests,
  rows: readonly ImportRow[],
): Promise<Map<string, HashedPassword>> {
  const hashed = new Map<string, HashedPassword>();
  const work = rows.filter((row) => row.password !== undefined);
  if (work.length === 0) return hashed;
  const loginIds = work.map((row) => row.loginId);
  const stored = await db
    .selectFrom('accounts as a')
    .innerJoin('passwords as p', 'p.account_id', 'a.id')
    .leftJoin('import_memory as m', 'm.account_id', 'a.id')
    .select(['a.id', 'a.login_id', 'p.phc', 'm.said'])
    .select(sql<string>`p.changed_at::text`.as('password_set'))
    .where('a.login_id', '=', sql<string>`any(${loginIds}::text[])`)
    .execute();
  const storedOf = new Map(stored.map((row) => [row.login_id, row]));

  const queue = work.values();
  const worker = async (): Promise<void> => {
    for (const { loginId, password = '' } of queue) {
      const known = storedOf.get(loginId);
      const rememberedThen = known?.said?.password;
      const found = { comparedWith: known?.password_set, rememberedThen };
      if (known === undefined) {
        hashed.set(loginId, { ...found, phc: await hasher.hash(password), saidBefore: false });
        continue;
      }
      const same = await hasher.verify(known.phc, password);
      const saidBefore =
        !same &&
        (await digests.isPassword(known.id, rememberedThen, (salted) => hasher.hashAs(salted, password)));
      const phc = same || saidBefore ? undefined : await hasher.hash(password);
      hashed.set(loginId, { ...found, phc, saidBefore });
    }
  };
  await Promise.all(Array.from({ length: hasher.load().maxParallel }, worker));
  return hashed;
}

import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { newSecret } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import { ensureInstanceSecret } from '../../db/instance-secrets.ts';
import type { Db } from '../../db/open.ts';
import { withoutOutput } from '../password-hasher.ts';

/** What a file last said of an account, by column: only a digest of it, never the value. */
export type Said = Readonly<Record<string, string>>;

/** Marks an account that a file made: everything that a file has ever said of it is recorded. */
export const madeByFile = 'made';

/**
 * Digests of what a file says. The instance has its own key for them, stored sealed, so that they stay the
 * same when `NIJO_SECRET` changes, and are useless in a dump. Of a password only its argon2 hash is
 * digested: testing passwords is no faster than on the stored hashes.
 */
export interface ImportDigests {
  of(accountId: string, column: string, value: string | null): string;
  /** Of a plain password, from a hash made of it. */
  ofPassword(accountId: string, phc: string): string;
  /** Whether a password is the recorded one; `rehash` gives its hash with the given salt and parameters. */
  isPassword(
    accountId: string,
    remembered: string | undefined,
    rehash: (salted: string) => Promise<string>,
  ): Promise<boolean>;
}

export async function openImportDigests(db: Db, sealer: Sealer): Promise<ImportDigests> {
  const key = await ensureInstanceSecret(db, sealer, 'import-memory', () => newSecret(32));
  const digest = (...parts: readonly string[]): string =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest().subarray(0, 16).toString('base64url');
  const ofPassword = (accountId: string, phc: string): string =>
    `${withoutOutput(phc)} ${digest('password', accountId, phc.split('$').at(-1) ?? '')}`;
  return {
    of: (accountId, column, value) => digest(column, accountId, value === null ? 'null' : `=${value}`),
    ofPassword,
    async isPassword(accountId, remembered, rehash) {
      const salted = remembered?.split(' ')[0];
      // A digest alone is that of a hash that the file gave.
      if (salted?.startsWith('$') !== true) return false;
      const made = ofPassword(accountId, await rehash(salted));
      return made.split(' ')[1] === remembered?.split(' ')[1];
    },
  };
}

/** Records what a file has said of these accounts. Call it in the transaction that acts on it. */
export async function remember(
  trx: Db,
  memories: readonly { accountId: string; said: Said; passwordSaid: boolean }[],
): Promise<void> {
  if (memories.length === 0) return;
  const records = memories.map(({ accountId, said, passwordSaid }) => ({
    id: accountId,
    said,
    passwordSaid,
  }));
  await sql`
    insert into import_memory as m (account_id, said, password_said_at)
    select v.id, v.said, case when v."passwordSaid" then now() end
    from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as v(id text, said jsonb, "passwordSaid" boolean)
    on conflict (account_id) do update set said = excluded.said, said_at = now(),
      password_said_at = coalesce(excluded.password_said_at, m.password_said_at)`.execute(trx);
}

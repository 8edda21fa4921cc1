import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { endEverythingOf } from './status.ts';

export interface ChangedPassword {
  accountId: string;
  /** The hash of the new password. */
  phc: string;
}

/**
 * The only code that changes passwords, for every caller. In the caller's transaction it writes the new hash
 * and the audit, and ends everything that rests on the old password: sessions (whose services are told),
 * tokens, grants, logins in progress, mailed codes, trust (C19). A hash that is renewed for the same
 * password is no change and does not come here. The caller has locked the accounts' rows.
 * @param by.imported the passwords came from a file.
 */
export async function changePasswords(
  trx: Db,
  changes: readonly ChangedPassword[],
  by: { actor: string; imported?: boolean },
): Promise<void> {
  if (changes.length === 0) return;
  await writePasswords(trx, changes);
  const { actor, imported = false } = by;
  await endEverythingOf(
    trx,
    changes.map(({ accountId }) => accountId),
    { why: imported ? 'imported' : 'password-changed' },
  );
  await recordAudit(
    trx,
    undefined,
    ...changes.map(({ accountId }) => ({
      event: 'password.set' as const,
      result: 'success' as const,
      actor,
      accountId,
      ...(imported ? { details: { by: 'import' } } : {}),
    })),
  );
}

/** The first passwords of accounts that this very transaction has made: nothing rests on an earlier one. */
export async function writePasswords(trx: Db, passwords: readonly ChangedPassword[]): Promise<void> {
  if (passwords.length === 0) return;
  await trx
    .insertInto('passwords')
    .values(passwords.map(({ accountId, phc }) => ({ account_id: accountId, phc })))
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet((excluded) => ({
        phc: excluded.ref('excluded.phc'),
        changed_at: sql<Date>`now()`,
      })),
    )
    .execute();
}

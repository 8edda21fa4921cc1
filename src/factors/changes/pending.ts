import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { newSecret } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import type { AccountUser } from '../account-user.ts';

export type ChangeKind = 'app' | 'mail' | 'check-mail' | 'passkey';

/** Something begun and not yet finished, of this account, browser and session. */
export interface PendingChange {
  id: string;
  kind: ChangeKind;
  address: string | undefined;
  app: { factorId: string; secretSealed: Buffer } | undefined;
}

/** How long a change may take from its first page to its code. */
const changeMinutes = 30;

/**
 * Begins a change. It ends an unfinished change of the same kind in this session: only the newest one can be
 * proven.
 */
export async function openChange(
  trx: Db,
  changer: AccountUser,
  kind: ChangeKind,
  pending: { address?: string; app?: { factorId: string; secretSealed: Buffer } } = {},
): Promise<string> {
  await trx
    .updateTable('factor_changes')
    .set({ expires_at: sql<Date>`now()` })
    .where('account_id', '=', changer.accountId)
    .where('session_uid', '=', changer.sessionUid)
    .where('kind', '=', kind)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .execute();
  const id = newSecret(16);
  await trx
    .insertInto('factor_changes')
    .values({
      id,
      account_id: changer.accountId,
      kind,
      browser: changer.browser,
      session_uid: changer.sessionUid,
      address: pending.address ?? null,
      app_factor_id: pending.app?.factorId ?? null,
      app_secret_sealed: pending.app?.secretSealed ?? null,
      expires_at: sql<Date>`now() + make_interval(mins => ${changeMinutes})`,
    })
    .execute();
  return id;
}

/**
 * Continues what this browser has begun in this session, with the full time again: the page that begins an
 * app is opened by GET, which may come twice, or from a link elsewhere, and must not end the change in
 * progress.
 */
export async function takeUpChange(
  trx: Db,
  changer: AccountUser,
  kind: ChangeKind,
): Promise<string | undefined> {
  const row = await trx
    .updateTable('factor_changes')
    .set({ expires_at: sql<Date>`now() + make_interval(mins => ${changeMinutes})` })
    .where('account_id', '=', changer.accountId)
    .where('browser', '=', changer.browser)
    .where('session_uid', '=', changer.sessionUid)
    .where('kind', '=', kind)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

/** A change of this kind in progress with this same address, so that beginning again makes no second one. */
export async function findOpenChange(
  trx: Db,
  changer: AccountUser,
  kind: ChangeKind,
  address: string,
): Promise<string | undefined> {
  const row = await trx
    .selectFrom('factor_changes')
    .select('id')
    .where('account_id', '=', changer.accountId)
    .where('browser', '=', changer.browser)
    .where('session_uid', '=', changer.sessionUid)
    .where('kind', '=', kind)
    .where('address', '=', address)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return row?.id;
}

/** Ends a change that could not be begun after all. */
export async function endChange(trx: Db, id: string): Promise<void> {
  await trx
    .updateTable('factor_changes')
    .set({ expires_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
}

/** Ends every change of a kind that any session of the account has begun. */
export async function endChanges(trx: Db, accountId: string, kind: ChangeKind): Promise<void> {
  await trx
    .updateTable('factor_changes')
    .set({ expires_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .execute();
}

/**
 * What this account began in this browser and session, unless it is over.
 * @returns `finished` where it was already proven, so that a double click differs from an old page.
 */
export async function findChange(
  db: Db,
  changer: AccountUser,
  id: string,
  kind: ChangeKind,
): Promise<PendingChange | 'finished' | undefined> {
  const row = await db
    .selectFrom('factor_changes')
    .select(['id', 'kind', 'address', 'app_factor_id', 'app_secret_sealed', 'finished_at'])
    .where('id', '=', id)
    .where('kind', '=', kind)
    .where('account_id', '=', changer.accountId)
    .where('browser', '=', changer.browser)
    .where('session_uid', '=', changer.sessionUid)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.finished_at !== null) return 'finished';
  return {
    id: row.id,
    kind: row.kind,
    address: row.address ?? undefined,
    app:
      row.app_factor_id === null || row.app_secret_sealed === null
        ? undefined
        : { factorId: row.app_factor_id, secretSealed: Buffer.from(row.app_secret_sealed) },
  };
}

/**
 * Marks a change as done, in one conditional statement: of any number of parallel confirmations only one
 * continues. The statement also deletes the secret.
 * @throws NijoError `change_expired` for all others.
 */
export async function finishChange(
  trx: Db,
  changer: AccountUser,
  id: string,
  kind: ChangeKind,
): Promise<void> {
  const finished = await trx
    .updateTable('factor_changes')
    .set({ finished_at: sql<Date>`now()`, app_secret_sealed: null })
    .where('id', '=', id)
    .where('kind', '=', kind)
    .where('account_id', '=', changer.accountId)
    .where('browser', '=', changer.browser)
    .where('session_uid', '=', changer.sessionUid)
    .where('finished_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .returning('id')
    .executeTakeFirst();
  if (finished === undefined) throw new NijoError('change_expired');
}

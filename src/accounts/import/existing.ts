import { sql } from 'kysely';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { type AccountRow, accountColumns } from '../directory.ts';
import type { ImportRow } from './import-row.ts';
import type { Said } from './memory.ts';

/** What the database holds about an account that a file also names. */
export interface ExistingAccount {
  account: AccountRow & { ends_at: string | null };
  phc: string | undefined;
  /** When that password was set, as the database writes it; a renewed hash does not change it. */
  passwordSet: string | undefined;
  /** The account still has the password that it was made with, perhaps with a renewed hash. */
  passwordIsFirst: boolean;
  /** The password was changed after a file gave one. */
  passwordIsNewer: boolean;
  /** What a file said last; undefined where no file has said anything since this is recorded. */
  said: Said | undefined;
  /** Every address that was ever proven; `active` at most once. */
  addresses: readonly { address: string; active: boolean }[];
  /**
   * Every secret, in Base32, that an app of the account ever had: an old file must not bring a removed one
   * back. Secrets that cannot be opened are left out.
   */
  totpSecrets: readonly string[];
}

/** Binds a sealed authenticator secret to its row. Part of the stored format: `factors` reads it. */
export function appFactorPlace(factorId: string, accountId: string): string {
  return `app_factors:${factorId}:${accountId}`;
}

function opened(
  sealer: Sealer,
  app: { id: string; account_id: string; secret_sealed: Buffer },
): string | undefined {
  try {
    return sealer.open(app.secret_sealed, appFactorPlace(app.id, app.account_id)).toString();
  } catch {
    // Sealed under a secret that no longer exists: it proves nothing, and must not block the file.
    return undefined;
  }
}

/**
 * Reads and locks the accounts that these rows name, so that nobody changes them or enrols until the
 * transaction ends. It locks in the order of their ids, so that two parallel imports never deadlock.
 */
export async function lockExisting(
  trx: Db,
  sealer: Sealer,
  rows: readonly ImportRow[],
): Promise<Map<string, ExistingAccount>> {
  const loginIds = rows.map((row) => row.loginId);
  const accounts = await trx
    .selectFrom('accounts')
    .select(accountColumns)
    // as a file has it: a day
    .select(sql<string | null>`to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD')`.as('ends_at'))
    .where('login_id', '=', sql<string>`any(${loginIds}::text[])`)
    .orderBy('id')
    // Not the key: a login of the account can be opened meanwhile, and waits only for the password's row.
    .forNoKeyUpdate()
    .execute();
  if (accounts.length === 0) return new Map();
  const ids = accounts.map((account) => account.id);
  const ofThese = sql<string>`any(${ids}::text[])`;
  const states = await trx
    .selectFrom('accounts as a')
    .leftJoin('passwords as p', 'p.account_id', 'a.id')
    .leftJoin('import_memory as m', 'm.account_id', 'a.id')
    .select(['a.id', 'p.phc', 'm.said'])
    .select(sql<string | null>`p.changed_at::text`.as('password_set'))
    .select(sql<boolean>`coalesce(p.changed_at = a.created_at, false)`.as('first'))
    .select(sql<boolean>`coalesce(p.changed_at > m.password_said_at, false)`.as('newer'))
    .where('a.id', '=', ofThese)
    .execute();
  const mail = await trx
    .selectFrom('mail_factors')
    .select(['account_id', 'address', 'state'])
    .where('account_id', '=', ofThese)
    .execute();
  const apps = rows.some((row) => row.totpSecret !== undefined)
    ? await trx
        .selectFrom('app_factors')
        .select(['id', 'account_id', 'secret_sealed'])
        .where('account_id', '=', ofThese)
        .execute()
    : [];

  const stateOf = new Map(states.map((row) => [row.id, row]));
  const mailOf = Map.groupBy(mail, (row) => row.account_id);
  const appsOf = Map.groupBy(apps, (row) => row.account_id);
  return new Map(
    accounts.map((account) => [
      account.login_id,
      {
        account,
        phc: stateOf.get(account.id)?.phc ?? undefined,
        passwordSet: stateOf.get(account.id)?.password_set ?? undefined,
        passwordIsFirst: stateOf.get(account.id)?.first === true,
        passwordIsNewer: stateOf.get(account.id)?.newer === true,
        said: stateOf.get(account.id)?.said ?? undefined,
        addresses: (mailOf.get(account.id) ?? []).map(({ address, state }) => ({
          address,
          active: state === 'active',
        })),
        totpSecrets: (appsOf.get(account.id) ?? []).flatMap((app) => opened(sealer, app) ?? []),
      },
    ]),
  );
}

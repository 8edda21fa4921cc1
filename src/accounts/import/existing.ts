import { sql } from 'kysely';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { type AccountRow, accountColumns } from '../directory.ts';
import type { ImportRow } from './import-row.ts';

/** What the database holds about an account that a file names too. */
export interface ExistingAccount {
  account: AccountRow & { ends_at: string | null };
  phc: string | undefined;
  /** Every address that was ever proven; `active` at most once. */
  addresses: readonly { address: string; active: boolean }[];
  /** Every app's secret that ever was one, Base32: a removed one must not come back with an old file. */
  totpSecrets: readonly string[];
}

/** Binds a sealed authenticator secret to its row. Part of the stored format: `factors` reads it. */
export function appFactorPlace(factorId: string, accountId: string): string {
  return `app_factors:${factorId}:${accountId}`;
}

/**
 * Reads and locks the accounts that these rows name, so that nobody changes them or enrols until the
 * transaction ends. In the order of their ids: two imports at once wait for each other, and no more.
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
    .forUpdate()
    .execute();
  if (accounts.length === 0) return new Map();
  const ids = accounts.map((account) => account.id);
  const ofThese = sql<string>`any(${ids}::text[])`;
  const passwords = await trx
    .selectFrom('passwords')
    .select(['account_id', 'phc'])
    .where('account_id', '=', ofThese)
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

  const phcOf = new Map(passwords.map((row) => [row.account_id, row.phc]));
  const mailOf = Map.groupBy(mail, (row) => row.account_id);
  const appsOf = Map.groupBy(apps, (row) => row.account_id);
  return new Map(
    accounts.map((account) => [
      account.login_id,
      {
        account,
        phc: phcOf.get(account.id),
        addresses: (mailOf.get(account.id) ?? []).map(({ address, state }) => ({
          address,
          active: state === 'active',
        })),
        totpSecrets: (appsOf.get(account.id) ?? []).map((app) =>
          sealer.open(app.secret_sealed, appFactorPlace(app.id, account.id)).toString(),
        ),
      },
    ]),
  );
}

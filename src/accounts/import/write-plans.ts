import { sql } from 'kysely';
import { recordAudit } from '../../audit/audit.ts';
import { newId } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { changePasswords, writePasswords } from '../change-passwords.ts';
import { appFactorPlace } from './existing.ts';
import type { Profile } from './import-row.ts';
import { remember } from './memory.ts';
import type { RowPlan } from './plan-row.ts';

const profileColumns = ['name_en', 'name_ja', 'email', 'affiliation', 'locale', 'ends_at'] as const;
const now = sql<Date>`now()`;
/** The name of an imported app, until its user renames it. */
export const importedAppName = 'app';

async function insertAccounts(trx: Db, plans: readonly RowPlan[]): Promise<void> {
  if (plans.length === 0) return;
  await trx
    .insertInto('accounts')
    .values(
      plans.map(({ accountId, row, address, totpSecret }) => ({
        id: accountId,
        login_id: row.loginId,
        kind: row.kind,
        name_en: row.profile.name_en ?? null,
        name_ja: row.profile.name_ja ?? null,
        email: row.profile.email ?? null,
        affiliation: row.profile.affiliation ?? null,
        locale: row.profile.locale ?? null,
        ends_at: midnight(row.profile.ends_at),
        first_enrolled_at: address === undefined && totpSecret === undefined ? null : now,
      })),
    )
    .execute();
}

/** The time that represents a day, the same on every node and in every session of the database. */
function midnight(day: string | null | undefined): string | null {
  return day === null || day === undefined ? null : `${day}T00:00:00Z`;
}

/** One statement for all; only the columns that the file has are touched. */
async function updateAccounts(trx: Db, plans: readonly RowPlan[]): Promise<void> {
  const changed = plans.filter((plan) => plan.profile !== undefined);
  const [first] = changed;
  if (first !== undefined) {
    // Every row of a file has the same columns.
    const columns = profileColumns.filter((column) => first.row.profile[column] !== undefined);
    const records = changed.map((plan): Profile & { id: string } => ({
      id: plan.accountId,
      ...plan.profile,
      ...(plan.profile?.ends_at === undefined ? {} : { ends_at: midnight(plan.profile.ends_at) }),
    }));
    await sql`
      update accounts a set ${sql.join(columns.map((column) => sql`${sql.ref(column)} = v.${sql.ref(column)}`))},
        updated_at = now()
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb)
        as v(id text, name_en text, name_ja text, email text, affiliation text, locale text, ends_at timestamptz)
      where a.id = v.id`.execute(trx);
  }
  const enrolled = plans.filter((plan) => plan.address !== undefined || plan.totpSecret !== undefined);
  if (enrolled.length > 0) {
    const ids = enrolled.map((plan) => plan.accountId);
    await trx
      .updateTable('accounts')
      .set({ first_enrolled_at: now })
      .where('id', '=', sql<string>`any(${ids}::text[])`)
      .where('first_enrolled_at', 'is', null)
      .execute();
  }
}

/** Passwords of new accounts are written, others are changed: what rested on the earlier one ends. */
async function passwords(trx: Db, plans: readonly RowPlan[], actor: string): Promise<void> {
  const of = (isNew: boolean) =>
    plans.flatMap((plan) =>
      plan.phc === undefined || plan.isNew !== isNew ? [] : [{ accountId: plan.accountId, phc: plan.phc }],
    );
  await writePasswords(trx, of(true));
  await changePasswords(trx, of(false), { actor, imported: true });
}

async function insertFactors(trx: Db, sealer: Sealer, plans: readonly RowPlan[]): Promise<void> {
  const mail = plans.flatMap(({ accountId, address }) =>
    address === undefined ? [] : [{ id: newId(), account_id: accountId, address }],
  );
  if (mail.length > 0) await trx.insertInto('mail_factors').values(mail).execute();
  const apps = plans.flatMap(({ accountId, totpSecret }) => {
    if (totpSecret === undefined) return [];
    const id = newId();
    const sealed = sealer.seal(totpSecret, appFactorPlace(id, accountId));
    return [{ id, account_id: accountId, name: importedAppName, secret_sealed: sealed, last_step: 0 }];
  });
  if (apps.length > 0) await trx.insertInto('app_factors').values(apps).execute();
}

/** A factor that was added to an existing account. */
export interface FactorsCame {
  accountId: string;
  address: string | undefined;
  app: boolean;
}

/** Tells users which factors were added to their accounts, in the same transaction (R37, C18). */
export type TellOfFactors = (trx: Db, came: readonly FactorsCame[]) => Promise<void>;

/** A factor added to an account ends the trust given before (R31); it is told and recorded as any other. */
async function factorsCame(
  trx: Db,
  plans: readonly RowPlan[],
  actor: string,
  tell: TellOfFactors | undefined,
): Promise<void> {
  const came = plans
    .filter(({ isNew, address, totpSecret }) => !isNew && (address !== undefined || totpSecret !== undefined))
    .map(({ accountId, address, totpSecret }) => ({ accountId, address, app: totpSecret !== undefined }));
  if (came.length === 0) return;
  await trx
    .updateTable('trusted_browsers')
    .set({ ended_at: now, ended_why: 'imported' })
    .where('account_id', '=', sql<string>`any(${came.map(({ accountId }) => accountId)}::text[])`)
    .where('ended_at', 'is', null)
    .execute();
  const event = (
    name: 'factor.mail-enrolled' | 'factor.app-enrolled',
    method: string,
    accountId: string,
  ) => ({
    event: name,
    result: 'success' as const,
    actor,
    accountId,
    method,
    details: { by: 'import' },
  });
  await recordAudit(
    trx,
    undefined,
    ...came.flatMap(({ accountId, address, app }) => [
      ...(address === undefined ? [] : [event('factor.mail-enrolled', 'mail', accountId)]),
      ...(app ? [event('factor.app-enrolled', 'app', accountId)] : []),
    ]),
  );
  await tell?.(trx, came);
}

/** Writes a batch, what is recorded of it, and its audit rows. Call it in a transaction. */
export async function writePlans(
  trx: Db,
  sealer: Sealer,
  plans: readonly RowPlan[],
  actor: string,
  tell?: TellOfFactors,
): Promise<void> {
  const work = plans.filter((plan) => plan.isNew || plan.changes.length > 0);
  await insertAccounts(
    trx,
    work.filter((plan) => plan.isNew),
  );
  await updateAccounts(
    trx,
    work.filter((plan) => !plan.isNew),
  );
  await passwords(trx, work, actor);
  await insertFactors(trx, sealer, work);
  await factorsCame(trx, work, actor, tell);
  await remember(
    trx,
    plans.flatMap(({ accountId, said, passwordSaid }) =>
      said === undefined ? [] : [{ accountId, said, passwordSaid }],
    ),
  );
  await recordAudit(
    trx,
    undefined,
    ...work.map((plan) => ({
      event: 'account.imported' as const,
      result: 'success' as const,
      actor,
      accountId: plan.accountId,
      details: { new: plan.isNew, line: plan.row.line, changes: plan.changes.join(',') },
    })),
  );
}

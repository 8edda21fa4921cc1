import { type Selectable, sql } from 'kysely';
import type { AccountsTable } from '../db/schema.ts';
import type { Db } from '../db/open.ts';
import { type AccountKind, normaliseLoginId } from './login-id.ts';

/** A person (or a function account) who can sign in. */
export interface Account {
  id: string;
  /** Normalised, as `normaliseLoginId` gives it. */
  loginId: string;
  kind: AccountKind;
  names: { en: string | undefined; ja: string | undefined };
  /** The directory's address: a claim for services, never a factor (R12). */
  email: string | undefined;
  affiliation: string | undefined;
  locale: 'en' | 'ja' | undefined;
  roles: readonly string[];
  status: 'active' | 'disabled';
  /** When the first factor was proven; initial setup is offered only while this is undefined (R15). */
  firstEnrolledAt: Date | undefined;
}

export const accountColumns = [
  'id',
  'login_id',
  'kind',
  'name_en',
  'name_ja',
  'email',
  'affiliation',
  'locale',
  'roles',
  'status',
  'first_enrolled_at',
] as const satisfies readonly (keyof AccountsTable)[];

export type AccountRow = Pick<Selectable<AccountsTable>, (typeof accountColumns)[number]>;

/** A database row in the domain's own words. */
export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    loginId: row.login_id,
    kind: row.kind,
    names: { en: row.name_en ?? undefined, ja: row.name_ja ?? undefined },
    email: row.email ?? undefined,
    affiliation: row.affiliation ?? undefined,
    locale: row.locale ?? undefined,
    roles: row.roles,
    status: row.status,
    firstEnrolledAt: row.first_enrolled_at ?? undefined,
  };
}

/** Finds an account by its ID in any spelling (R2). Disabled accounts are found too: look at `status`. */
export async function findAccountByLoginId(db: Db, loginId: string): Promise<Account | undefined> {
  const normalised = normaliseLoginId(loginId);
  if (normalised === undefined) return undefined;
  const row = await db
    .selectFrom('accounts')
    .select(accountColumns)
    .where('login_id', '=', normalised)
    .executeTakeFirst();
  return row === undefined ? undefined : toAccount(row);
}

/** Finds an account by its own id (UUID). Disabled accounts are found too: look at `status`. */
export async function findAccountById(db: Db, id: string): Promise<Account | undefined> {
  const row = await db.selectFrom('accounts').select(accountColumns).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toAccount(row);
}

/** Stores the language that the user chose (R45). Writes nothing when it is the same. */
export async function setAccountLocale(db: Db, id: string, locale: 'en' | 'ja'): Promise<void> {
  await db
    .updateTable('accounts')
    .set({ locale, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('locale', 'is distinct from', locale)
    .execute();
}

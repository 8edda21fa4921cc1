import { sql } from 'kysely';
import { accountColumns, toAccount } from '../../accounts/directory.ts';
import type { DeskSettings } from '../../config/sections/desk.ts';
import type { Db } from '../../db/open.ts';
import { maskAddress } from '../../factors/mail/address.ts';
import type { Overview } from '../../factors/enrolled/overview.ts';
import { isPrivileged } from '../privileged.ts';
import { findSummaries } from './rows.ts';
import type { AccountSheet, WaySheet } from './shapes.ts';

export interface SheetDependencies {
  db: Db;
  settings: DeskSettings;
  overview: (accountId: string) => Promise<Overview | undefined>;
}

/** What the desk may see of an account, for the member of staff who views it (R40, R43). */
export async function findAccountSheet(
  { db, settings, overview }: SheetDependencies,
  viewerId: string,
  accountId: string,
): Promise<AccountSheet | undefined> {
  const [row, held, pass, cases] = await Promise.all([
    db
      .selectFrom('accounts as a')
      .select(accountColumns)
      .select(isPrivileged(settings.two_approvers).as('privileged'))
      .where('a.id', '=', accountId)
      .executeTakeFirst(),
    overview(accountId),
    findLivePass(db, accountId),
    findSummaries(db, settings.two_approvers, sql`c.account_id = ${accountId}`, {
      order: sql`c.created_at desc, c.id`,
      limit: 20,
    }),
  ]);
  if (row === undefined || held === undefined) return undefined;
  const account = toAccount(row);
  return {
    accountId,
    loginId: account.loginId,
    kind: account.kind,
    names: account.names,
    status: account.status,
    roles: account.roles,
    privileged: row.privileged,
    own: accountId === viewerId,
    firstEnrolledAt: account.firstEnrolledAt,
    ways: waysOf(held),
    recoverySheet: held.recoveryCodes !== undefined,
    frozen: held.frozen,
    pass,
    cases,
  };
}

/** The enrolled factors and since when; no name that a user gave, and only masked addresses. */
function waysOf(held: Overview): WaySheet[] {
  const { mail, apps, passkeys } = held;
  const plain = { address: undefined, failing: false };
  return [
    ...(mail === undefined
      ? []
      : [
          {
            way: 'mail' as const,
            since: mail.provenAt,
            lastUsedAt: mail.lastUsedAt,
            disabled: mail.disabled,
            address: maskAddress(mail.address),
            failing: mail.failing,
          },
        ]),
    ...apps.map((app) => ({
      way: 'app' as const,
      since: app.provenAt,
      lastUsedAt: app.lastUsedAt,
      disabled: held.appsDisabled,
      ...plain,
    })),
    ...passkeys.map((passkey) => ({
      way: 'passkey' as const,
      since: passkey.provenAt,
      lastUsedAt: passkey.lastUsedAt,
      disabled: false,
      ...plain,
    })),
  ];
}

/** A pass that is still valid: unused and not expired, or typed in and its set-up not completed. */
async function findLivePass(db: Db, accountId: string): Promise<AccountSheet['pass']> {
  const row = await db
    .selectFrom('setup_passes as s')
    .innerJoin('desk_cases as c', 'c.id', 's.case_id')
    .select(['s.case_id', 's.expires_at', 's.used_at'])
    .where('s.account_id', '=', accountId)
    .where('c.state', '=', 'approved')
    .where('s.finished_at', 'is', null)
    .where('s.voided_at', 'is', null)
    .where((is) => is.or([is('s.used_at', 'is not', null), is('s.expires_at', '>', sql<Date>`now()`)]))
    .orderBy('s.issued_at', 'desc')
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { caseId: row.case_id, expiresAt: row.expires_at, claimed: row.used_at !== null };
}

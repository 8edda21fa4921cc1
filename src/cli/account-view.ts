import { sql } from 'kysely';
import type { Account } from '../accounts/directory.ts';
import type { ImportReport } from '../accounts/import.ts';
import type { Db } from '../db/open.ts';

/** The result of an import, as text for a person. */
export function describeReport(report: ImportReport): string {
  const lines = report.bad.map(({ line, reasons }) => `line ${line}: not imported: ${reasons.join('; ')}`);
  lines.push(...report.kept.map(({ line, notes }) => `line ${line}: ${notes.join('; ')}`));
  lines.push(
    `${report.imported} imported, ${report.updated} updated, ${report.unchanged} unchanged, ${report.bad.length} bad`,
  );
  if (report.bad.length > 0)
    lines.push('Correct the bad lines and run the file again: what is imported stays as it is.');
  return lines.join('\n');
}

/** What an operator may see of an account: no hash, no secret; addresses unmasked, as in the database. */
export async function describeAccount(db: Db, account: Account) {
  const mail = await db
    .selectFrom('mail_factors')
    .select(['address', 'proven_at', 'last_used_at', 'failures', 'last_failure_at'])
    .where('account_id', '=', account.id)
    .where('state', '=', 'active')
    .execute();
  const apps = await db
    .selectFrom('app_factors')
    .select(['name', 'proven_at', 'last_used_at'])
    .where('account_id', '=', account.id)
    .where('state', '=', 'active')
    .orderBy('proven_at')
    .execute();
  const password = await db
    .selectFrom('passwords')
    .select('changed_at')
    .where('account_id', '=', account.id)
    .executeTakeFirst();
  const state = await db
    .selectFrom('accounts')
    .select(sql<string | null>`to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD')`.as('at'))
    .select('ended_at')
    .select([
      sql<Date | null>`case when changes_frozen_until > now() then changes_frozen_until end`.as('changes'),
      sql<Date | null>`case when address_frozen_until > now() then address_frozen_until end`.as('address'),
    ])
    .where('id', '=', account.id)
    .executeTakeFirst();
  return {
    id: account.id,
    login_id: account.loginId,
    kind: account.kind,
    status: account.status,
    name_en: account.names.en ?? null,
    name_ja: account.names.ja ?? null,
    email: account.email ?? null,
    affiliation: account.affiliation ?? null,
    locale: account.locale ?? null,
    roles: account.roles,
    password_changed_at: password?.changed_at ?? null,
    first_enrolled_at: account.firstEnrolledAt ?? null,
    ends_at: state?.at ?? null,
    // Set only if that date alone disabled the account.
    ended_at: state?.ended_at ?? null,
    // `nijo accounts unfreeze` ends both.
    changes_frozen_until: state?.changes ?? null,
    address_frozen_until: state?.address ?? null,
    mail_factors: mail,
    app_factors: apps,
  };
}

function printable(value: unknown): string {
  if (value === null) return '-';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(printable).join(' | ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, inner]) => `${name} ${printable(inner)}`)
      .join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One `name value` pair per line. */
export function describeFields(shown: Readonly<Record<string, unknown>>): string {
  return Object.entries(shown)
    .map(([name, value]) => `${name.padEnd(22)} ${printable(value)}`)
    .join('\n');
}

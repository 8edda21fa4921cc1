import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import type { CaseReason, CaseSource } from './cases/shapes.ts';
import { isPrivileged, type TwoApprovers } from './privileged.ts';

export interface NewCase {
  id: string;
  number: string;
  /** Finds the account; stored only where there is one. */
  loginId: string;
  /** Stored instead where there is no account. */
  digest: string;
  reason: CaseReason;
  source: CaseSource;
  withPassword: boolean;
  wishedCheck: string | undefined;
  locale: 'en' | 'ja';
}

/**
 * One statement finds the account, if there is one, and writes the case either way: a sender without the
 * password learns nothing from the answer or from how long it takes (C12, C13).
 * @returns undefined where `when` is false, or the number is taken because the same form was sent before.
 */
export async function insertCase(
  trx: Db,
  filing: NewCase,
  settings: TwoApprovers,
  when: boolean,
): Promise<{ id: string; number: string; accountId: string | undefined } | undefined> {
  const { rows } = await sql<{ id: string; number: string; account_id: string | null }>`
    insert into desk_cases
      (id, number, account_id, login_id, reason, source, with_password, wished_check, locale, privileged)
    select ${filing.id}, ${filing.number}, a.id, coalesce(a.login_id, ${filing.digest}), ${filing.reason}, ${filing.source},
      ${filing.withPassword}::boolean, ${filing.wishedCheck ?? null}::text, ${filing.locale},
      ${isPrivileged(settings)}
    from (select where ${when}::boolean) filing left join accounts a on a.login_id = ${filing.loginId}
    on conflict (number) do nothing
    returning id, number, account_id`.execute(trx);
  const row = rows[0];
  return row === undefined
    ? undefined
    : { id: row.id, number: row.number, accountId: row.account_id ?? undefined };
}

/** Whether a case has this number. */
export async function isFiled(db: Db, number: string): Promise<boolean> {
  const row = await db.selectFrom('desk_cases').select('id').where('number', '=', number).executeTakeFirst();
  return row !== undefined;
}

/**
 * The number of the newest case that was filed for an ID, with or without its password. To a sender without
 * the password, any other case would reveal that the ID exists (C12).
 */
export async function findNewestNumber(
  trx: Db,
  ids: readonly string[],
  withPassword: boolean,
): Promise<string | undefined> {
  const row = await trx
    .selectFrom('desk_cases')
    .select('number')
    .where('login_id', 'in', ids)
    .where('source', '=', 'user')
    .where('with_password', '=', withPassword)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.number;
}

import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { type Factor, type EnrolledFactors, factorOrder } from '../assurance.ts';

/** Factors that this server offers at all; passkeys need a host name (WebAuthn §5.1.2). */
export interface Offered {
  passkeys: boolean;
  recoveryCodes: boolean;
}

/** What a server offers by default. */
export const everyWayOffered: Offered = { passkeys: true, recoveryCodes: true };

/** Factors that are set up for the account `a` of a query. */
export function waysSetUp(): RawBuilder<Factor[]> {
  return sql<Factor[]>`array(
    select 'mail'::text where exists (select from mail_factors m where m.account_id = a.id and m.state = 'active')
    union all
    select 'app' where exists (select from app_factors f where f.account_id = a.id and f.state = 'active')
    union all
    select 'passkey' where exists (select from passkeys p where p.account_id = a.id and p.state = 'active')
    union all
    select 'recovery-code' where exists (
      select from recovery_codes c join recovery_sheets r on r.id = c.sheet_id
      where r.account_id = a.id and r.ended_at is null and c.used_at is null))`;
}

/** Factors of the account `a` of a query that too many wrong codes in a row have switched off (C05). */
export function waysDisabled(): RawBuilder<Factor[]> {
  return sql<Factor[]>`array(
    select d.factor from factor_failures d where d.account_id = a.id and d.disabled_at is not null)`;
}

/** What an account has, from the two lists. */
export function holderOf(
  setUp: readonly Factor[],
  disabled: readonly Factor[],
  everEnrolled: boolean,
  offered: Offered,
): EnrolledFactors {
  const isOffered = (way: Factor): boolean =>
    (way !== 'passkey' || offered.passkeys) && (way !== 'recovery-code' || offered.recoveryCodes);
  const present = factorOrder.filter((way) => setUp.includes(way) && isOffered(way));
  return {
    ways: present.filter((way) => !disabled.includes(way)),
    disabled: present.filter((way) => disabled.includes(way)),
    everEnrolled,
  };
}

/** What an account has set up now; an unknown account has nothing and may set up nothing. */
export async function findHolder(
  db: Db,
  accountId: string,
  offered: Offered = everyWayOffered,
): Promise<EnrolledFactors> {
  const row = await db
    .selectFrom('accounts as a')
    .select(['a.first_enrolled_at', waysSetUp().as('set_up'), waysDisabled().as('disabled')])
    .where('a.id', '=', accountId)
    .executeTakeFirst();
  if (row === undefined) return { ways: [], everEnrolled: true };
  return holderOf(row.set_up, row.disabled, row.first_enrolled_at !== null, offered);
}

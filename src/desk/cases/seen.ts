import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/**
 * What a page of a case is based on: the case's version, and the factors, roles and status of its account.
 * An act names it and is refused if it has changed since (A41). It grants no permission.
 * @returns undefined where there is no such case.
 */
export async function seenOf(db: Db, caseId: string): Promise<string | undefined> {
  const { rows } = await sql<{ state: string }>`
    select jsonb_build_array(c.id, c.version, a.status, a.roles, extract(epoch from a.changes_frozen_until)::text,
      (select jsonb_agg(m.id order by m.id) from mail_factors m where m.account_id = a.id and m.state = 'active'),
      (select jsonb_agg(f.id order by f.id) from app_factors f where f.account_id = a.id and f.state = 'active'),
      (select jsonb_agg(p.id order by p.id) from passkeys p where p.account_id = a.id and p.state = 'active'),
      (select jsonb_agg(r.id order by r.id) from recovery_sheets r where r.account_id = a.id and r.ended_at is null),
      (select jsonb_agg(d.factor order by d.factor) from factor_failures d
        where d.account_id = a.id and d.disabled_at is not null),
      (select jsonb_agg(jsonb_build_array(s.id, s.used_at is null) order by s.id) from setup_passes s
        where s.account_id = a.id and s.finished_at is null and s.voided_at is null))::text as state
    from desk_cases c left join accounts a on a.id = c.account_id where c.id = ${caseId}`.execute(db);
  const row = rows[0];
  return row === undefined
    ? undefined
    : createHash('sha256').update(row.state).digest('base64url').slice(0, 22);
}

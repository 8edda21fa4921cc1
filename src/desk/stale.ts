import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';

/** Days after which an untouched case expires; a user who still needs help asks again. */
export const untouchedDays = 30;

/**
 * Expires cases that nobody has touched, and cases whose pass was not used in time; for the purge job.
 * A pass that was typed in lives as long as its interaction, far less than a day.
 * @returns the number of cases that expired.
 */
export async function expireStaleCases(trx: Db, batch: number): Promise<number> {
  const { rows } = await sql<{ id: string; number: string; account_id: string | null }>`
    update desk_cases set state = 'expired', closed_by = 'system', closed_at = now(), version = version + 1
    where id in (
      select c.id from desk_cases c
      where c.state = 'open' and c.created_at < now() - make_interval(days => ${untouchedDays})
          and not exists (select from identity_checks i
            where i.case_id = c.id and i.checked_at > now() - make_interval(days => ${untouchedDays}))
          and not exists (select from desk_approvals p
            where p.case_id = c.id and p.approved_at > now() - make_interval(days => ${untouchedDays}))
        or c.state = 'approved' and exists (select from setup_passes s
            where s.case_id = c.id and s.finished_at is null and s.voided_at is null and s.expires_at < now()
              and coalesce(s.used_at < now() - interval '1 day', true))
      order by c.created_at limit ${batch} for update of c skip locked)
    returning id, number, account_id`.execute(trx);
  await recordAudit(
    trx,
    undefined,
    ...rows.map((row) => ({
      event: 'desk.case-expired' as const,
      result: 'success' as const,
      actor: 'system',
      ...(row.account_id === null ? {} : { accountId: row.account_id }),
      details: { case: row.id, number: row.number },
    })),
  );
  return rows.length;
}

import { sql } from 'kysely';
import { type AuditEvent, auditRows, type RequestOrigin } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';

/**
 * Records how a login ended, once, however often its last form is sent: one statement marks the
 * login as ended and appends the event. @returns whether this call was the one.
 */
export async function recordSignInEnd(
  db: Db,
  interaction: string,
  origin: RequestOrigin,
  event: AuditEvent,
): Promise<boolean> {
  const [row] = auditRows(origin, [event]);
  if (row === undefined) return false;
  const result = await sql`
    with ended as (
      update sign_ins set finished_at = now() where interaction = ${interaction} and finished_at is null
      returning interaction
    )
    insert into audit_events (event, result, actor, account_id, client_id, method, request_id, address, node, details)
    select ${row.event}, ${row.result}, ${row.actor}, ${row.account_id}, ${row.client_id}, ${row.method},
      ${row.request_id}, ${row.address}, ${row.node}, ${row.details}::jsonb
    where exists (select from ended)
      -- a login may end before anybody has said who they are
      or not exists (select from sign_ins where interaction = ${interaction})
    returning id`.execute(db);
  return result.rows.length > 0;
}

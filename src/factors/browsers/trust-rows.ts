import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';

/** Why trust ended before it expired; in `ended_why` and in the audit log. */
export type TrustEnd =
  | 'user'
  | 'operator'
  | 'replaced'
  | 'factor-changed'
  | 'password-changed'
  | 'reset'
  | 'not-me'
  | 'theft';

/** A trusted browser as the user and operators see it. */
export interface TrustedBrowser {
  id: string;
  userAgent: string;
  address: string;
  createdAt: Date;
  lastUsedAt?: Date;
  expiresAt: Date;
}

/** The statement that ends existing trust; the caller adds the condition. */
export function endTrust(trx: Db, accountId: string, why: TrustEnd) {
  return trx
    .updateTable('trusted_browsers')
    .set({ ended_at: sql<Date>`now()`, ended_why: why })
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`);
}

/** Ends trust in one browser. @returns whether there was any. */
export async function endOne(
  trx: Db,
  accountId: string,
  id: string,
  why: 'user' | 'operator',
  origin: RequestOrigin | undefined,
  actor?: string,
): Promise<boolean> {
  const ended = await endTrust(trx, accountId, why).where('id', '=', id).returning('id').executeTakeFirst();
  if (ended === undefined) return false;
  await recordEnd(trx, accountId, why, [id], origin, actor);
  return true;
}

/** Ends trust in every browser of an account. @returns how many there were. */
export async function endAllOf(
  trx: Db,
  accountId: string,
  why: TrustEnd,
  origin: RequestOrigin | undefined,
  actor?: string,
): Promise<number> {
  const ended = await endTrust(trx, accountId, why).returning('id').execute();
  await recordEnd(
    trx,
    accountId,
    why,
    ended.map(({ id }) => id),
    origin,
    actor,
  );
  return ended.length;
}

async function recordEnd(
  trx: Db,
  accountId: string,
  reason: TrustEnd,
  ids: readonly string[],
  origin: RequestOrigin | undefined,
  actor: string | undefined,
): Promise<void> {
  await recordAudit(
    trx,
    origin,
    ...ids.map((browser) => ({
      event: 'browser.trust-ended' as const,
      result: 'success' as const,
      accountId,
      ...(actor === undefined ? {} : { actor }),
      details: { reason, browser },
    })),
  );
}

/** The browsers that an account trusts now, newest first. */
export async function trustedBrowsersOf(db: Db, accountId: string): Promise<TrustedBrowser[]> {
  const rows = await db
    .selectFrom('trusted_browsers')
    .select(['id', 'user_agent', 'address', 'created_at', 'last_used_at', 'expires_at'])
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    userAgent: row.user_agent,
    address: row.address,
    createdAt: row.created_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    expiresAt: row.expires_at,
  }));
}

/** Deletes trust that has expired or was ended. @returns how many rows were deleted. */
export async function forgetOldTrust(trx: Db, batch: number): Promise<number> {
  const result = await sql`
    delete from trusted_browsers where ctid = any(array(
      select ctid from trusted_browsers where expires_at < now() - interval '1 day'
      order by expires_at limit ${sql.lit(batch)} for update skip locked))`.execute(trx);
  return Number(result.numAffectedRows ?? 0n);
}

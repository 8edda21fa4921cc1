import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { requireFreshProof } from '../../factors/fresh-proof.ts';
import { isBuiltIn } from '../clients/first-party.ts';
import type { PayloadSeal } from '../storage/payload-seal.ts';
import type { ActingSession } from './sessions.ts';

/** What an account has granted to a service; a service may have several grants. */
export interface HeldGrant {
  /** Digest of the grant's id. */
  id: string;
  clientId: string;
  since: Date;
  scopes: string[];
  /** Whether one of its tokens is still valid. */
  hasTokens: boolean;
}

interface GrantPayload {
  clientId?: string;
  iat?: number;
  openid?: { scope?: string };
}

/** Every live grant of an account, except those of our own pages. */
export async function heldGrants(db: Db, seal: PayloadSeal, accountId: string): Promise<HeldGrant[]> {
  const { rows } = await sql<{ id: string; payload: Uint8Array; hasTokens: boolean }>`
    select g.id, g.payload, exists (
      select from oidc_payloads t where t.grant_id = g.id and t.expires_at > now() and t.consumed_at is null
        and t.model in ('AccessToken', 'RefreshToken')) as "hasTokens"
    from oidc_payloads g where g.model = 'Grant' and g.account_id = ${accountId} and g.expires_at > now()`.execute(
    db,
  );
  return rows.flatMap(({ id, payload, hasTokens }) => {
    const { clientId, iat = 0, openid } = JSON.parse(seal.open('Grant', id, payload)) as GrantPayload;
    if (clientId === undefined || isBuiltIn(clientId)) return [];
    const scopes = (openid?.scope ?? '').split(' ').filter((scope) => scope !== '');
    return [{ id, clientId, since: new Date(iat * 1000), scopes, hasTokens }];
  });
}

/**
 * Revokes everything that an account has granted to a service: its grants, and every token or code issued
 * under them, at once and on every node.
 * @returns false when the service has no grant.
 */
export function revokeGrantsOf(
  db: Db,
  seal: PayloadSeal,
  accountId: string,
  clientId: string,
  origin: RequestOrigin,
  by?: ActingSession,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    await lockAccount(trx, accountId);
    if (by !== undefined) await requireFreshProof(trx, { session: { accountId, ...by } });
    const ids = (await heldGrants(trx, seal, accountId))
      .filter((grant) => grant.clientId === clientId)
      .map(({ id }) => id);
    if (ids.length === 0) return false;
    const list = sql.join(ids);
    await sql`delete from oidc_payloads
      where account_id = ${accountId} and (grant_id in (${list}) or (model = 'Grant' and id in (${list})))`.execute(
      trx,
    );
    await recordAudit(trx, origin, { event: 'grant.revoked', result: 'success', accountId, clientId });
    return true;
  });
}

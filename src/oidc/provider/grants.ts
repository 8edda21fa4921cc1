import type { KoaContextWithOIDC } from 'oidc-provider';
import { mayRelease, releasableClaims } from '../claims.ts';
import type { ClientMetadata } from '../clients/metadata.ts';

type Grant = InstanceType<KoaContextWithOIDC['oidc']['provider']['Grant']>;

const isReleasable = (claim: string): boolean => (releasableClaims as readonly string[]).includes(claim);

/**
 * Adds scopes and claims to a grant as far as the client may have them; the rest is rejected, so that no user
 * is asked to consent to it.
 * @returns whether the grant changed.
 */
export function extendGrant(
  grant: Grant,
  settings: ClientMetadata,
  scopes: ReadonlySet<string>,
  claims: ReadonlySet<string>,
): boolean {
  const known = new Set(grant.getOIDCScopeEncountered().split(' '));
  const newScopes = [...scopes].filter((scope) => !known.has(scope));
  const knownClaims = new Set(grant.getOIDCClaimsEncountered());
  const newClaims = [...claims].filter((claim) => isReleasable(claim) && !knownClaims.has(claim));
  const allowed = newClaims.filter((claim) => mayRelease(settings.claims, claim));
  const rejected = newClaims.filter((claim) => !mayRelease(settings.claims, claim));
  if (newScopes.length > 0) grant.addOIDCScope(newScopes);
  if (allowed.length > 0) grant.addOIDCClaims(allowed);
  if (rejected.length > 0) grant.rejectOIDCClaims(rejected);
  return newScopes.length > 0 || newClaims.length > 0;
}

export interface GrantDeps {
  settings(clientId: string): Promise<ClientMetadata | undefined>;
  /** Seconds from now that anything issued under a grant may live. */
  tokenSeconds: number;
}

/**
 * The grant that a request continues with. With implicit consent it is made or extended for exactly what is
 * requested and allowed. With explicit consent it is what the user has agreed to, and the consent prompt asks
 * for what is missing.
 */
export function createLoadExistingGrant(deps: GrantDeps) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { client, session, account, result, provider } = ctx.oidc;
    if (client === undefined || session === undefined || account === undefined) return undefined;
    const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
    // A grant of another account or client is ignored.
    const usable =
      found?.accountId === account.accountId && found.clientId === client.clientId ? found : undefined;
    const settings = await deps.settings(client.clientId);
    if (settings === undefined || settings.consent === 'explicit') return usable;
    const grant = usable ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
    const changed = extendGrant(
      grant,
      settings,
      ctx.oidc.requestParamOIDCScopes,
      ctx.oidc.requestParamClaims,
    );
    if (usable === undefined || changed || usable.remainingTTL < deps.tokenSeconds) {
      // Without `exp` the lifetime restarts: what is issued now must not outlive its grant.
      delete grant.exp;
      await grant.save();
    }
    return grant;
  };
}

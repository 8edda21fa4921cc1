import { errors } from 'oidc-provider';
import {
  type AssuranceSwitches,
  assess,
  type EnrolledFactors,
  reachedBy,
  settledWithoutHolder,
} from '../factors/assurance.ts';
import type { Logger } from '../observe/logger.ts';
import type { ClientMetadata } from './clients/metadata.ts';
import { assuranceRequirementOf } from './policy.ts';
import { type BrowserTrust, trustDaysOf } from './trust.ts';

/** What a code or token records about the sign-in that it was issued for. */
export interface IssuedToken {
  kind?: string;
  clientId?: string | undefined;
  accountId?: string | undefined;
  acr?: string | undefined;
  amr?: readonly string[] | undefined;
  /** The `claims` of the request. */
  claims?: unknown;
  sessionUid?: string | undefined;
  /** An access token carries the proven assurance in addition to its own content. */
  extra?: Readonly<Record<string, unknown>> | undefined;
}

/** The proven assurance as an access token carries it. */
export type CarriedProof = Readonly<{ acr?: string; amr?: readonly string[]; auth_time?: number }>;

export interface IssuedAssuranceDeps {
  settings(clientId: string): Promise<ClientMetadata | undefined>;
  enrolledFactorsOf(accountId: string): Promise<EnrolledFactors>;
  trust: Pick<BrowserTrust, 'holdsAny'>;
  /** What the session with this uid has proven; for access tokens of a release that recorded none. */
  sessionProof(
    uid: string,
  ): Promise<{ acr?: string | undefined; amr?: readonly string[] | undefined } | undefined>;
  switches: AssuranceSwitches;
  logger: Pick<Logger, 'info'>;
}

/**
 * Whether the assurance behind a code or token is still enough: by the client's rule, the account's factors
 * and the current configuration, with the function that decides at sign-in. A raised rule applies at the next
 * use of anything that was issued for less (S4).
 */
export interface IssuedAssurance {
  /** @throws `invalid_grant` for a code or refresh token, `invalid_token` for an access token. */
  require(token: IssuedToken): Promise<void>;
  isEnough(token: IssuedToken): Promise<boolean>;
}

const description =
  'the sign-in that this was issued for is no longer sufficient for this client; the user has to sign in again';

export function createIssuedAssurance(deps: IssuedAssuranceDeps): IssuedAssurance {
  async function proofOf(
    token: IssuedToken,
  ): Promise<{ acr: string | undefined; amr: readonly string[] | undefined }> {
    if (token.kind !== 'AccessToken') return { acr: token.acr, amr: token.amr };
    const carried = token.extra as CarriedProof | undefined;
    if (carried?.acr !== undefined) return { acr: carried.acr, amr: carried.amr };
    const session = token.sessionUid === undefined ? undefined : await deps.sessionProof(token.sessionUid);
    return { acr: session?.acr, amr: session?.amr };
  }

  async function isEnough(token: IssuedToken): Promise<boolean> {
    const { clientId, accountId } = token;
    // A token without a user has no sign-in behind it.
    if (accountId === undefined || clientId === undefined) return true;
    const { acr, amr } = await proofOf(token);
    const reached = reachedBy(acr, amr, deps.switches);
    const settings = await deps.settings(clientId);
    // The client's default claims count as requested: a token does not record what the request itself named.
    const params = {
      claims: token.claims,
      acr_values: settings?.default_acr_values?.join(' '),
      max_age: settings?.default_max_age,
    };
    const days = trustDaysOf(params, settings);
    const demand = assuranceRequirementOf(params, settings);
    // A refresh would keep reporting more to the service than the present configuration allows.
    const overstated = token.kind !== 'AccessToken' && reached !== acr;
    if (!overstated && settledWithoutHolder(demand, reached, deps.switches)) return true;
    if (!overstated) {
      const holder = await deps.enrolledFactorsOf(accountId);
      if (assess(demand, reached, holder, deps.switches).needs === 'nothing') return true;
      // A trusted browser made the password enough: only while the account has one no older than `days`.
      if (days !== undefined && (await deps.trust.holdsAny?.(accountId, days)) === true) {
        const trusting = { ...demand, trustedBrowser: true };
        if (assess(trusting, reached, holder, deps.switches).needs === 'nothing') return true;
      }
    }
    deps.logger.info(
      {
        event: 'oidc.assurance-too-low',
        client_id: clientId,
        account: accountId,
        token: token.kind,
        acr: acr ?? 'not recorded',
        second_factor: demand.secondFactor,
      },
      'issued for a sign-in that is no longer sufficient for this client',
    );
    return false;
  }

  return {
    isEnough,
    async require(token) {
      if (await isEnough(token)) return;
      const error =
        token.kind === 'AccessToken'
          ? new errors.InvalidToken('assurance too low')
          : new errors.InvalidGrant('assurance too low');
      error.error_description = description;
      throw error;
    },
  };
}

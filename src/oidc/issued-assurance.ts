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

/** What a code or token says of the sign-in that it was issued for. */
export interface IssuedToken {
  kind?: string;
  clientId?: string | undefined;
  accountId?: string | undefined;
  acr?: string | undefined;
  amr?: readonly string[] | undefined;
  /** The `claims` of the request. */
  claims?: unknown;
  sessionUid?: string | undefined;
  /** An access token carries what was proven beside its own content. */
  extra?: Readonly<Record<string, unknown>> | undefined;
}

/** What was proven, as an access token carries it. */
export type CarriedProof = Readonly<{ acr?: string; amr?: readonly string[]; auth_time?: number }>;

export interface IssuedAssuranceDeps {
  settings(clientId: string): Promise<ClientMetadata | undefined>;
  enrolledFactorsOf(accountId: string): Promise<EnrolledFactors>;
  trust: Pick<BrowserTrust, 'holdsAny'>;
  /** What the session with this uid has proven; for access tokens of a release that noted nothing in them. */
  sessionProof(
    uid: string,
  ): Promise<{ acr?: string | undefined; amr?: readonly string[] | undefined } | undefined>;
  switches: AssuranceSwitches;
  logger: Pick<Logger, 'info'>;
}

/**
 * Whether what a code or token was issued for is still enough: by the client's rule, the account's factors and
 * the configuration of now, with the function that decides at sign-in. A rule that was raised holds at the next
 * use of whatever was issued for less (S4).
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
    // What belongs to no user rests on no sign-in.
    if (accountId === undefined || clientId === undefined) return true;
    const { acr, amr } = await proofOf(token);
    const reached = reachedBy(acr, amr, deps.switches);
    const settings = await deps.settings(clientId);
    // What the client asks for by default counts as asked: what the request itself named is not in a token.
    const params = {
      claims: token.claims,
      acr_values: settings?.default_acr_values?.join(' '),
      max_age: settings?.default_max_age,
    };
    const days = trustDaysOf(params, settings);
    const demand = assuranceRequirementOf(params, settings);
    // A refresh would go on telling the service more than the present configuration lets it be told.
    const overstated = token.kind !== 'AccessToken' && reached !== acr;
    if (!overstated && settledWithoutHolder(demand, reached, deps.switches)) return true;
    if (!overstated) {
      const holder = await deps.enrolledFactorsOf(accountId);
      if (assess(demand, reached, holder, deps.switches).needs === 'nothing') return true;
      // The password was enough in a trusted browser: for as long as the account trusts one that long.
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

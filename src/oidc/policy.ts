import type { IncomingMessage } from 'node:http';
import { type Client, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import {
  type AssuranceSwitches,
  assess,
  type AssuranceRequirement,
  type EnrolledFactors,
  reachedBy,
  settledWithoutHolder,
} from '../factors/assurance.ts';
import type { ClientMetadata } from './clients/metadata.ts';
import { refuseUnseen } from './navigation.ts';
import { trustDaysOf } from './trust.ts';

const { Check, Prompt, base } = interactionPolicy;

export interface PolicyDeps {
  /** The client's settings; undefined when it is removed or disabled. */
  settings(clientId: string): Promise<ClientMetadata | undefined>;
  enrolledFactorsOf(accountId: string): Promise<EnrolledFactors>;
  /** Whether the password is enough in the browser of this request, trusted at most `days` ago (R31). */
  trusts(req: IncomingMessage, accountId: string, days: number): Promise<boolean>;
  /** The account's `sub` for this client. */
  subjectFor(accountId: string, client: Client): string;
  /** Records that browser trust admitted an account to a service within its session, without a login. */
  recordTrust(accountId: string, clientId: string): void;
  switches: AssuranceSwitches;
  /** Seconds after which a session ends, even when in use (C37). */
  sessionSeconds: number;
}

/** The reason that asks for a factor only; every other reason of the login prompt asks for a new login. */
export const stepUpReason = 'second_factor';

/** `prompt=select_account`: the user chooses an account on the sign-in page. */
export const selectAccountReason = 'select_account_prompt';

/** The values of `prompt` that a request may use (OpenID Connect Core §3.1.2.1). */
export const promptValues = ['none', 'login', 'consent', 'select_account'] as const;

type Params = Readonly<Record<string, unknown>>;

/** `acr` of the ID token as in `claims`: only essential values bind (OpenID Connect Core §5.5.1.1). */
function essentialAcrValues(claims: unknown): readonly string[] | undefined {
  const parsed: unknown = typeof claims === 'string' ? JSON.parse(claims) : claims;
  const acr = (parsed as { id_token?: { acr?: unknown } | null } | undefined)?.id_token?.acr as
    | { essential?: unknown; value?: unknown; values?: unknown }
    | null
    | undefined;
  if (acr?.essential !== true) return undefined;
  const values: unknown = acr.values ?? (acr.value === undefined ? undefined : [acr.value]);
  if (values === undefined) return undefined;
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) {
    throw new errors.InvalidRequest('invalid claims.id_token.acr values');
  }
  return values;
}

/** The subject of an `id_token_hint` that was verified when the request arrived. */
function hintedSubject(hint: unknown): unknown {
  if (typeof hint !== 'string') return undefined;
  const [, payload = ''] = hint.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: unknown }).sub;
}

/** What the client and this request require; the same for the policy and for the login pages. */
export function assuranceRequirementOf(
  params: Params,
  settings: ClientMetadata | undefined,
): AssuranceRequirement {
  const wished =
    typeof params.acr_values === 'string' ? params.acr_values.split(' ').filter((acr) => acr !== '') : [];
  return {
    // A client whose settings cannot be read gets the strictest requirement.
    secondFactor: settings?.second_factor ?? 'required',
    acrValues: wished,
    essentialAcrValues: settings?.essential_acr_values ?? essentialAcrValues(params.claims),
  };
}

/**
 * Decides when a request needs the user. The login prompt stays unresolved until everything that the client
 * and the request require is proven, by the same function that the login pages call (R1, R32); that function
 * replaces the library's own acr checks.
 */
export function createPolicy(deps: PolicyDeps): interactionPolicy.DefaultPolicy {
  const policy = base();
  const checks = policy.get('login')?.checks;
  if (checks === undefined) throw new Error('the provider has no login prompt');
  checks.remove('essential_acrs');
  checks.remove('essential_acr');

  // Registered by name and resolved by the login itself: the user chooses an account on the password page.
  const selectAccount = new Prompt({ name: 'select_account', requestable: true });
  selectAccount.checks.clear();
  policy.add(selectAccount);
  checks.add(
    new Check(
      selectAccountReason,
      'an account is to be chosen',
      'account_selection_required',
      (ctx: KoaContextWithOIDC) =>
        ctx.oidc.prompts.has('select_account') && ctx.oidc.result?.login === undefined,
    ),
  );
  checks.add(
    // The library compares the hint once, on arrival; a login that starts over has a session by then.
    new Check(
      'hinted_account',
      'another account was asked for',
      'login_required',
      (ctx: KoaContextWithOIDC) => {
        const { route, params, session, client, result } = ctx.oidc;
        if (route !== 'resume' || result?.login !== undefined || client === undefined) return false;
        const hinted = hintedSubject(params?.id_token_hint);
        if (hinted === undefined || session?.accountId === undefined) return false;
        return hinted !== deps.subjectFor(session.accountId, client);
      },
    ),
  );
  checks.add(
    new Check('session_age', 'the session is too old', 'login_required', (ctx: KoaContextWithOIDC) => {
      const { session, result } = ctx.oidc;
      return (
        session?.accountId !== undefined && session.past(deps.sessionSeconds) && result?.login === undefined
      );
    }),
  );
  checks.add(
    // A session ends with its account: otherwise the provider would look for a grant of no account.
    new Check(
      'account_unusable',
      'the account cannot be used',
      'login_required',
      (ctx: KoaContextWithOIDC) => {
        return ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined;
      },
    ),
  );
  checks.add(
    // The present configuration rates its methods lower: its acr must not go out any more (S4, S8).
    new Check(
      'session_overstated',
      'the session claims more than its authentication is worth now',
      'login_required',
      (ctx: KoaContextWithOIDC) => {
        const { session, result } = ctx.oidc;
        if (session?.accountId === undefined || result?.login !== undefined) return Check.NO_NEED_TO_PROMPT;
        return reachedBy(session.acr, session.amr, deps.switches) === session.acr
          ? Check.NO_NEED_TO_PROMPT
          : Check.REQUEST_PROMPT;
      },
    ),
  );
  checks.add(
    new Check(
      stepUpReason,
      'a second factor is needed',
      'interaction_required',
      async (ctx: KoaContextWithOIDC) => {
        const { session, account, client, params } = ctx.oidc;
        if (session?.accountId === undefined || account === undefined) return Check.NO_NEED_TO_PROMPT;
        const settings = await deps.settings(client?.clientId ?? '');
        const own = assuranceRequirementOf(params ?? {}, settings);
        if (settledWithoutHolder(own, session.acr, deps.switches)) return Check.NO_NEED_TO_PROMPT;
        const days = trustDaysOf(params ?? {}, settings);
        const trustedBrowser = days !== undefined && (await deps.trusts(ctx.req, session.accountId, days));
        const demand = { ...own, trustedBrowser };
        if (settledWithoutHolder(demand, session.acr, deps.switches)) {
          // A login of this same request has already recorded it.
          if (ctx.oidc.result?.login === undefined)
            deps.recordTrust(session.accountId, client?.clientId ?? '');
          return Check.NO_NEED_TO_PROMPT;
        }
        const holder = await deps.enrolledFactorsOf(session.accountId);
        const { needs } = assess(demand, session.acr, holder, deps.switches);
        // The service gets an error; asking the user would be useless (R32).
        if (needs === 'impossible' && demand.essentialAcrValues !== undefined) {
          throw new errors.UnmetAuthenticationRequirements('none of the requested acr values can be reached');
        }
        return needs === 'nothing' ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
      },
    ),
  );
  for (const prompt of policy) {
    const { details, name } = prompt;
    // Called when only an interaction can help, before any part of the interaction exists.
    prompt.details = (ctx) => {
      refuseUnseen(ctx, name);
      return details(ctx);
    };
  }
  return policy;
}

import { NijoError } from '../base/errors.ts';
import { acrOf, amrOf } from '../factors/assurance.ts';
import type { LoginDependencies, SignInOutcome } from './dependencies.ts';
import type { InteractionResult } from './ports.ts';
import type { Step } from './steps.ts';
import type { LoginRequest } from './visit.ts';

/**
 * No factor of the account satisfies the request. A service that named what it needs is told (R32);
 * otherwise the user is told: a user who once had a factor cannot enrol a first one again (R15).
 */
export async function cannotGoOn(dependencies: LoginDependencies, visit: LoginRequest): Promise<void> {
  if (visit.details.demand.essentialAcrValues !== undefined)
    return refuse(dependencies, visit, 'unmet_authentication_requirements');
  await dependencies.recordOutcome(outcomeOf(visit, 'sign-in.refused'));
  // A factor switched off by wrong codes is still enrolled, and can be released (C05).
  const switchedOff = (visit.signIn?.holder.disabled ?? []).length > 0;
  throw new NijoError(switchedOff ? 'factor_disabled' : 'factor_missing');
}

/** Everything is proven: the service gets its answer, and the user is notified of a new browser (D11). */
export async function finish(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  step: Extract<Step, { page: 'finish' }>,
): Promise<void> {
  if (visit.signIn === undefined) throw new NijoError('interaction_expired');
  const accountId = visit.signIn.account.id;
  const acr = acrOf(step.proofs, dependencies.switches);
  await complete(dependencies, visit, {
    kind: 'signed-in',
    accountId,
    acr,
    amr: amrOf(step.proofs, dependencies.switches),
    authTime: step.authTime,
  });
  const { ctx, locale } = visit;
  const browser = dependencies.knownBrowser.ensure(ctx);
  await dependencies.secondFactor.knownBrowsers.seen(accountId, browser, ctx.state.origin, locale);
  await dependencies.recordOutcome(outcomeOf(visit, 'sign-in.finished', acr));
}

/** The login ends without success, and the service is told. */
export async function refuse(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  error: 'access_denied' | 'unmet_authentication_requirements',
): Promise<void> {
  await complete(dependencies, visit, {
    kind: 'refused',
    error,
    description:
      error === 'access_denied'
        ? 'the user cancelled the sign-in'
        : 'no authentication the user can give here is sufficient',
  });
  await dependencies.recordOutcome(
    outcomeOf(visit, error === 'access_denied' ? 'sign-in.cancelled' : 'sign-in.refused'),
  );
}

function outcomeOf(visit: LoginRequest, event: SignInOutcome['event'], acr?: string): SignInOutcome {
  return {
    event,
    interaction: visit.uid,
    accountId: visit.signIn?.account.id,
    clientId: visit.details.client.id,
    acr,
    origin: visit.ctx.state.origin,
  };
}

/** The provider asks again for what this login still needs, from the browser's present session (S11). */
export async function startOver(
  dependencies: LoginDependencies,
  { ctx, uid, browser }: Pick<LoginRequest, 'ctx' | 'uid' | 'browser'>,
): Promise<void> {
  const location = await dependencies.interactions.startOver(ctx.req, ctx.res, browser);
  dependencies.resumeBinding.grant(ctx, uid, browser);
  ctx.redirect(location);
  ctx.status = 303;
}

/** Hands the result to the protocol, and redirects the browser to it. */
export async function complete(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  result: InteractionResult,
): Promise<void> {
  const { ctx } = visit;
  const location = await dependencies.interactions.finish(ctx.req, ctx.res, result, visit.browser);
  dependencies.resumeBinding.grant(ctx, visit.uid, visit.browser);
  ctx.redirect(location);
  ctx.status = 303;
}

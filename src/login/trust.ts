import type { NijoContext } from '../web/context.ts';
import type { LoginDependencies } from './dependencies.ts';
import type { InteractionDetails } from './ports.ts';
import { requireSignIn, type Submission, type LoginRequest } from './visit.ts';
import type { SignIn } from '../factors/sign-in-state.ts';

/**
 * The login as it stands in this browser: where the service lets browsers be trusted, and this one is,
 * the factor is not asked for (R31). The policy asks the same store before it gives out a code.
 */
export async function withTrust(
  dependencies: LoginDependencies,
  ctx: NijoContext,
  details: InteractionDetails,
  signIn: SignIn | undefined,
): Promise<InteractionDetails> {
  // Whoever has proven a factor in this very login is known by it.
  if (details.trust === undefined || signIn === undefined || signIn.factor !== undefined) return details;
  const { id } = signIn.account;
  const value = dependencies.trustCookies.read(ctx, id);
  if (value === undefined) return details;
  const holds = await dependencies.secondFactor.trustedBrowsers.holds(id, value, details.trust.days);
  return holds ? { ...details, demand: { ...details.demand, trustedBrowser: true } } : details;
}

/** After a right password: the secret of a trusted browser is used and changed; one that came back is a theft. */
export async function useTrust(
  dependencies: LoginDependencies,
  { ctx, details, locale }: LoginRequest,
  accountId: string,
): Promise<void> {
  const value = details.trust === undefined ? undefined : dependencies.trustCookies.read(ctx, accountId);
  if (details.trust === undefined || value === undefined) return;
  const used = await dependencies.secondFactor.trustedBrowsers.use(
    accountId,
    value,
    details.trust.days,
    ctx.state.origin,
    locale,
  );
  // What another service's fewer days do not cover is still good elsewhere.
  if (used.outcome === 'theft') dependencies.trustCookies.clear(ctx, accountId);
  if (used.outcome === 'trusted' && used.rotated !== undefined)
    dependencies.trustCookies.write(ctx, accountId, used.rotated);
}

/** The tick "trust this browser", with the answer to a proven factor. */
export async function trustWhereTicked(dependencies: LoginDependencies, visit: Submission): Promise<void> {
  const { ctx, details, form, locale } = visit;
  if (details.trust === undefined || !isTicked(form.get('trust_browser'))) return;
  const signIn = requireSignIn(visit);
  const before = dependencies.trustCookies.read(ctx, signIn.account.id);
  const { trustedBrowsers } = dependencies.secondFactor;
  const { days } = details.trust;
  const value = await trustedBrowsers.trust(signIn, days, ctx.state.origin, locale, before);
  if (value !== undefined) dependencies.trustCookies.write(ctx, signIn.account.id, value);
}

/** What browsers and scripts send for a tick. */
export function isTicked(value: string | undefined): boolean {
  return ['yes', 'on', 'true', '1'].includes(value ?? '');
}

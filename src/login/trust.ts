import type { NijoContext } from '../web/context.ts';
import type { LoginDependencies } from './dependencies.ts';
import type { InteractionDetails } from './ports.ts';
import { requireSignIn, type Submission, type LoginRequest } from './visit.ts';
import type { SignIn } from '../factors/sign-in-state.ts';

/**
 * The state of the login in this browser: where the service allows trusted browsers, and this one is trusted,
 * the factor is not asked for (R31). The policy asks the same store before it issues a code.
 */
export async function withTrust(
  dependencies: LoginDependencies,
  ctx: NijoContext,
  details: InteractionDetails,
  signIn: SignIn | undefined,
): Promise<InteractionDetails> {
  // A factor that was proven in this login needs no trust.
  if (details.trust === undefined || signIn === undefined || signIn.factor !== undefined) return details;
  const { id } = signIn.account;
  const value = dependencies.trustCookies.read(ctx, id);
  if (value === undefined) return details;
  const holds = await dependencies.secondFactor.trustedBrowsers.holds(id, value, details.trust.days);
  return holds ? { ...details, demand: { ...details.demand, trustedBrowser: true } } : details;
}

/** After a right password, uses and rotates the trusted browser's secret; a reused one counts as theft. */
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
  // Trust that is too old for this service may still be valid for another one, so its cookie is kept.
  if (used.outcome === 'theft') dependencies.trustCookies.clear(ctx, accountId);
  if (used.outcome === 'trusted' && used.rotated !== undefined)
    dependencies.trustCookies.write(ctx, accountId, used.rotated);
}

/** Handles the tick "trust this browser", in the answer to a proven factor. */
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

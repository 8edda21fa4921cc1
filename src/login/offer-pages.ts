import type { LoginDependencies } from './dependencies.ts';
import { type Decision, proceed, requireSignIn, type Submission, redisplay } from './visit.ts';

/** "Do you still read this address?" (D5): yes, or ask another time. */
export async function submitAddressConfirmation(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision> {
  const skipped = await skipOffer(dependencies, visit);
  if (skipped !== undefined) return skipped;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  await dependencies.secondFactor.offers.confirmAddress(requireSignIn(visit), visit.ctx.state.origin);
  return proceed;
}

/** Few recovery codes are left: shown once, asks for nothing. */
export async function submitCodesLow(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  if (visit.action !== 'continue' && visit.action !== 'skip') return redisplay('action_unknown');
  await dependencies.secondFactor.offers.skip(requireSignIn(visit), visit.ctx.state.origin);
  return proceed;
}

/** Every offer can be skipped, and the login continues (R20, R24). */
export async function skipOffer(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision | undefined> {
  if (visit.action !== 'skip') return undefined;
  const skippable =
    visit.step.page === 'confirm-address' || ('skippable' in visit.step && visit.step.skippable);
  if (!skippable) return redisplay('action_unknown');
  await dependencies.secondFactor.offers.skip(requireSignIn(visit), visit.ctx.state.origin);
  return proceed;
}

/**
 * Skips an offer that would need a factor to be proven again (S7).
 * @returns undefined where it cannot be skipped because the service needs what comes next.
 */
export async function skipProofAgain(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision | undefined> {
  const { step } = visit;
  if (!('again' in step) || typeof step.again !== 'object' || !step.again.skippable) return undefined;
  const signIn = requireSignIn(visit);
  const { detours, offers } = dependencies.secondFactor;
  await (signIn.detour === 'reset-done'
    ? detours.leave(signIn, 'reset-done')
    : offers.skip(signIn, visit.ctx.state.origin));
  return proceed;
}

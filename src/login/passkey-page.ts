import type { VerificationOutcome } from '../factors/verification/verify.ts';
import type { LoginDependencies } from './dependencies.ts';
import { afterProof } from './factor-pages.ts';
import {
  type Decision,
  proceed,
  requireSignIn,
  type Submission,
  redisplay,
  type LoginRequest,
} from './visit.ts';
import { turnToOtherWay } from './ways.ts';

/** The page that asks for a passkey as the second factor. */
export async function submitPasskey(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const answer = visit.form.get('passkey') ?? '';
  // Without a script, or in a browser without passkeys, there is no answer: the page offers other factors.
  if (answer === '') return redisplay('passkey_unsupported');
  const { passkeys } = dependencies.secondFactor;
  return afterPasskey(dependencies, visit, await passkeys.prove(signIn, answer, visit.ctx.state.origin));
}

async function afterPasskey(
  dependencies: LoginDependencies,
  visit: Submission,
  proof: VerificationOutcome,
): Promise<Decision> {
  const readAnew = proof.outcome === 'wrong' || proof.outcome === 'expired' || proof.outcome === 'none';
  // The page that shows the fault contains a new challenge.
  return readAnew ? redisplay('passkey_refused') : afterProof(dependencies, visit, proof);
}

/** Whether the sign-in page offers a passkey in place of password and code. */
export function offersPasskeyAlone(
  dependencies: LoginDependencies,
  { details, step }: LoginRequest,
): boolean {
  return (
    step.page === 'sign-in' &&
    step.again !== true &&
    details.passwordless &&
    dependencies.secondFactor.passkeys.available
  );
}

/** A passkey in place of password and code, where the service allows it. */
export async function submitPasskeyAlone(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision> {
  if (!offersPasskeyAlone(dependencies, visit)) return redisplay('action_unknown');
  const answer = visit.form.get('passkey') ?? '';
  if (answer === '') return redisplay('passkey_unsupported');
  const { details, uid, browser, ctx } = visit;
  const proven = await dependencies.secondFactor.passkeys.verifyPasswordless(
    uid,
    details.client.id,
    browser,
    details.secondsLeft,
    answer,
    ctx.state.origin,
  );
  if (proven.outcome === 'refused') return redisplay('passkey_refused');
  const chosen = dependencies.language.chosen(ctx);
  if (chosen !== undefined && chosen !== proven.account.locale)
    await dependencies.rememberLocale(proven.account.id, chosen);
  return proceed;
}

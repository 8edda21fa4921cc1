import { readCode } from '../factors/verification/code-input.ts';
import { resetReasons } from '../factors/enrolment/reset.ts';
import type { LoginDependencies } from './dependencies.ts';
import { codeFault, decisionAfterProof } from './factor-pages.ts';
import { decisionAfterSending, sendForWay } from './sending.ts';
import { submitNewApp } from './set-up-pages.ts';
import { type Decision, proceed, keptSession, requireSignIn, type Submission, redisplay } from './visit.ts';
import { minutesOf } from './wait.ts';
import { turnToOtherWay } from './ways.ts';

/** Reset by mail (R35): reason, mail code, and the password where this login has not verified it. */
export async function submitReset(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const signIn = requireSignIn(visit);
  const { origin } = visit.ctx.state;
  if (visit.action === 'resend')
    return decisionAfterSending(await sendForWay(dependencies, visit, signIn, 'reset'));
  const turned = await turnToOtherWay(dependencies, visit);
  if (turned !== undefined) return turned;
  if (visit.action !== 'continue') return redisplay('action_unknown');
  const reason = resetReasons.find((known) => known === visit.form.get('reason'));
  if (reason === undefined) return redisplay('reason_missing', 'reason');
  const code = readCode(visit.form.get('code'), 8);
  if ('fault' in code) return codeFault(code.fault, 8);
  const refused = await passwordFault(dependencies, visit);
  if (refused !== undefined) return refused;
  const proof = await dependencies.secondFactor.reset.byMail(
    signIn,
    code.digits,
    reason,
    keptSession(visit),
    origin,
    visit.locale,
  );
  return decisionAfterProof(proof);
}

/**
 * A reset, or a setup pass, also needs the password (C15, R40), given in this login and in the last minutes.
 * The password of an existing session does not count (S6).
 */
export async function passwordFault(
  dependencies: LoginDependencies,
  visit: Submission,
): Promise<Decision | undefined> {
  if (!('passwordNeeded' in visit.step) || !visit.step.passwordNeeded) return undefined;
  const signIn = requireSignIn(visit);
  const { account } = signIn;
  const password = visit.form.get('password') ?? '';
  if (password === '') return redisplay('password_missing', 'password');
  const verified = await dependencies.verifyPassword({
    loginId: account.loginId,
    password,
    clientId: visit.details.client.id,
    origin: visit.ctx.state.origin,
    browser: dependencies.knownBrowser.read(visit.ctx),
  });
  if (verified.outcome === 'limited')
    return redisplay('too_many_password_attempts', undefined, minutesOf(verified.retryAfterSeconds));
  if (verified.outcome === 'refused' || verified.account.id !== account.id)
    return redisplay('password_wrong', 'password');
  await dependencies.secondFactor.renewPassword(signIn);
  return undefined;
}

/** After a reset: a new app at once, or later where the mail code is enough for the service. */
export async function submitResetDone(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  if (visit.action === 'skip' && visit.step.page === 'reset-done' && visit.step.skippable) {
    await dependencies.secondFactor.detours.leave(requireSignIn(visit), 'reset-done');
    return proceed;
  }
  return submitNewApp(dependencies, visit);
}

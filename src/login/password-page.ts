import type { LoginDependencies } from './dependencies.ts';
import { sufficesFor } from './newer-session.ts';
import { beginFactorStep } from './sending.ts';
import { useTrust } from './trust.ts';
import { type Decision, proceed, type Submission, redisplay } from './visit.ts';
import { minutesOf } from './wait.ts';

/** ID and password. Until both are right, nothing reveals whether the account exists or what it has (R3). */
export async function submitPassword(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const loginId = visit.form.get('login_id') ?? '';
  const password = visit.form.get('password') ?? '';
  if (loginId.trim() === '') return redisplay('credentials_missing', 'login_id');
  if (password === '') return redisplay('credentials_missing', 'password');

  const { origin } = visit.ctx.state;
  const clientId = visit.details.client.id;
  const browser = dependencies.knownBrowser.read(visit.ctx);
  const verified = await dependencies.verifyPassword({ loginId, password, clientId, origin, browser });
  if (verified.outcome === 'limited') {
    return redisplay('too_many_password_attempts', undefined, minutesOf(verified.retryAfterSeconds));
  }
  if (verified.outcome === 'refused') return redisplay('wrong_credentials');

  const { account } = verified;
  const { signIn, step } = visit;
  // Asked for again before something is set up: the login continues from the same step (S6).
  const again = step.page === 'sign-in' && step.again === true && signIn?.account.id === account.id;
  if (again) await dependencies.secondFactor.renewPassword(signIn);
  // A password that was changed during the comparison is wrong now.
  else if (!(await open(dependencies, visit, account.id, verified.passwordSet)))
    return redisplay('wrong_credentials');
  const chosen = dependencies.language.chosen(visit.ctx);
  if (chosen !== undefined && chosen !== account.locale)
    await dependencies.rememberLocale(account.id, chosen);
  // The next request continues with the session of another tab: no code is asked for, and none is mailed.
  if (sufficesFor(visit, account.id, dependencies.switches)) return proceed;
  await useTrust(dependencies, visit, account.id);
  const begun = await beginFactorStep(dependencies, visit);
  if (begun.kind === 'stay' && begun.fault.code === 'factor_paused')
    await dependencies.secondFactor.closeSignIn(visit.uid);
  return begun;
}

function open(
  dependencies: LoginDependencies,
  visit: Submission,
  accountId: string,
  passwordSet: string | undefined,
): Promise<boolean> {
  return dependencies.secondFactor.openSignIn({
    interaction: visit.uid,
    accountId,
    clientId: visit.details.client.id,
    browser: visit.browser,
    steppedUpFrom: undefined,
    passwordSet,
    lifetimeSeconds: visit.details.secondsLeft,
  });
}

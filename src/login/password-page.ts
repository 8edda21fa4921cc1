import type { LoginDependencies } from './dependencies.ts';
import { sendForWay } from './sending.ts';
import { nextStep } from './steps.ts';
import { type Decision, goOn, type Submission, stay, type Visit } from './visit.ts';
import { minutesOf } from './wait.ts';

/** ID and password. Until they are right nothing tells whether the account exists or what it has (R3). */
export async function submitPassword(dependencies: LoginDependencies, visit: Submission): Promise<Decision> {
  const loginId = visit.form.get('login_id') ?? '';
  const password = visit.form.get('password') ?? '';
  if (loginId.trim() === '') return stay('credentials_missing', 'login_id');
  if (password === '') return stay('credentials_missing', 'password');

  const { origin } = visit.ctx.state;
  const clientId = visit.details.client.id;
  const verified = await dependencies.verifyPassword({ loginId, password, clientId, origin });
  if (verified.outcome === 'limited') {
    return stay('too_many_password_attempts', undefined, minutesOf(verified.retryAfterSeconds));
  }
  if (verified.outcome === 'refused') return stay('wrong_credentials');

  const { account } = verified;
  const paused = await dependencies.secondFactor.factorPause(account.id);
  if (!paused.allowed) return stay('factor_paused', undefined, minutesOf(paused.retryAfterSeconds));

  await dependencies.secondFactor.openSignIn({
    interaction: visit.uid,
    accountId: account.id,
    clientId,
    browser: visit.browser,
    steppedUpFrom: undefined,
    expiresAt: visit.details.expiresAt,
  });
  const chosen = dependencies.language.chosen(visit.ctx);
  if (chosen !== undefined && chosen !== account.locale)
    await dependencies.rememberLocale(account.id, chosen);
  await sendIfMailIsTheOnlyWay(dependencies, visit);
  return goOn;
}

/** R29: with mail as the only way the code is on its way at once; with an app nothing is mailed unasked. */
export async function sendIfMailIsTheOnlyWay(dependencies: LoginDependencies, visit: Visit): Promise<void> {
  const signIn = await dependencies.secondFactor.findSignIn(visit.uid);
  if (signIn === undefined) return;
  const step = nextStep({ details: visit.details, signIn, switches: dependencies.switches });
  if (step.page === 'mail-code' && step.otherWays.length === 0 && signIn.challenge === undefined) {
    await sendForWay(dependencies, visit, signIn);
  }
}

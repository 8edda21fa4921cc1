import type { MailContext, SendOutcome } from '../factors/mail/codes.ts';
import type { LoginDependencies } from './dependencies.ts';
import { nextStep } from './steps.ts';
import { withTrust } from './trust.ts';
import { type Decision, proceed, redisplay, type LoginRequest } from './visit.ts';
import { minutesOf } from './wait.ts';
import type { SignIn } from '../factors/sign-in-state.ts';

/** What a mail says about the login it belongs to (R10). */
export function mailContextOf(dependencies: LoginDependencies, visit: LoginRequest): MailContext {
  return {
    locale: visit.locale,
    service: visit.details.client.name[visit.locale],
    device: dependencies.describeDevice(visit.ctx.get('user-agent'), visit.locale),
  };
}

/** Mails a code for signing in, or for a reset, to the registered address. */
export async function sendForWay(
  dependencies: LoginDependencies,
  visit: LoginRequest,
  signIn: SignIn,
  purpose: 'sign-in' | 'reset' = 'sign-in',
): Promise<SendOutcome | undefined> {
  if (signIn.mailAddress === undefined) return undefined;
  return dependencies.secondFactor.sendCode(
    signIn,
    purpose,
    signIn.mailAddress,
    mailContextOf(dependencies, visit),
    visit.ctx.state.origin,
  );
}

/** What a page says after a mail was requested. */
export function decisionAfterSending(sent: SendOutcome | undefined): Decision {
  if (sent === undefined || sent.outcome === 'sent') return proceed;
  const codes = {
    'too-soon': 'resend_too_soon',
    limited: 'mail_limit_reached',
    paused: 'factor_paused',
  } as const;
  return redisplay(codes[sent.outcome], undefined, minutesOf(sent.retryAfterSeconds));
}

/**
 * Begins the step that follows a right password. R29: where mail is the factor, the code is sent at once;
 * with an app or a passkey nothing is mailed unasked. R8: a paused factor step is reported here, and only to
 * users it concerns: a service that asks for no factor stays available.
 */
export async function beginFactorStep(
  dependencies: LoginDependencies,
  visit: LoginRequest,
): Promise<Decision> {
  const signIn = await dependencies.secondFactor.findSignIn(visit.uid);
  if (signIn === undefined) return proceed;
  const details = await withTrust(dependencies, visit.ctx, visit.details, signIn);
  const step = nextStep({ details, signIn, switches: dependencies.switches });
  if (step.page === 'finish' || step.page === 'impossible') return proceed;
  if (step.page === 'mail-code' && signIn.challenge === undefined) {
    const sent = await sendForWay(dependencies, visit, signIn);
    // `too-soon` means that a concurrent request (a double click) has just sent it.
    return sent?.outcome === 'too-soon' ? proceed : decisionAfterSending(sent);
  }
  const paused = await dependencies.secondFactor.factorPause(signIn.account.id);
  return paused.allowed
    ? proceed
    : redisplay('factor_paused', undefined, minutesOf(paused.retryAfterSeconds));
}

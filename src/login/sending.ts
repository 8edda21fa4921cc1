import type { MailContext, SendOutcome } from '../factors/mail-codes.ts';
import type { SignIn } from '../factors/sign-ins.ts';
import type { LoginDependencies } from './dependencies.ts';
import { type Decision, goOn, stay, type Visit } from './visit.ts';
import { minutesOf } from './wait.ts';

/** What a mail says about the login it belongs to (R10). */
export function mailContextOf(dependencies: LoginDependencies, visit: Visit): MailContext {
  return {
    locale: visit.locale,
    service: visit.details.client.name[visit.locale],
    device: dependencies.describeDevice(visit.ctx.get('user-agent'), visit.locale),
  };
}

/** Mails a sign-in code to the registered address. */
export async function sendForWay(
  dependencies: LoginDependencies,
  visit: Visit,
  signIn: SignIn,
): Promise<SendOutcome | undefined> {
  if (signIn.mailAddress === undefined) return undefined;
  return dependencies.secondFactor.sendCode(
    signIn,
    'sign-in',
    signIn.mailAddress,
    mailContextOf(dependencies, visit),
    visit.ctx.state.origin,
  );
}

/** What a page says after a mail was asked for. */
export function decisionAfterSending(sent: SendOutcome | undefined): Decision {
  if (sent === undefined || sent.outcome === 'sent') return goOn;
  if (sent.outcome === 'too-soon')
    return stay('resend_too_soon', undefined, minutesOf(sent.retryAfterSeconds));
  return stay('mail_limit_reached', undefined, minutesOf(sent.retryAfterSeconds));
}

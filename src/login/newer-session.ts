import { type AssuranceSwitches, assess, settledWithoutHolder } from '../factors/assurance.ts';
import type { LoginRequest } from './visit.ts';

type Standing = Pick<LoginRequest, 'details' | 'signIn'>;

/**
 * Whether a request to this login's page continues with the session that the browser got meanwhile in another
 * tab (S11). Proofs of this login take precedence, unless that session satisfies everything: then no second
 * code is asked for, and no mail is sent for each tab. Nobody continues as an account that they did not name.
 */
export function goesOnWithNewerSession(standing: Standing, switches: AssuranceSwitches): boolean {
  const { newerSession } = standing.details;
  if (newerSession === undefined) return false;
  return standing.signIn === undefined || sufficesFor(standing, standing.signIn.account.id, switches);
}

/** Whether the newer session is this account's and satisfies everything that the login asks for. */
export function sufficesFor(
  { details, signIn }: Standing,
  accountId: string,
  switches: AssuranceSwitches,
): boolean {
  const { newerSession, demand } = details;
  if (newerSession?.accountId !== accountId || newerSession.tooOld) return false;
  if (settledWithoutHolder(demand, newerSession.acr, switches)) return true;
  return (
    signIn !== undefined && assess(demand, newerSession.acr, signIn.holder, switches).needs === 'nothing'
  );
}

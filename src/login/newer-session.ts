import { type AssuranceSwitches, assess, settledWithoutHolder } from '../factors/assurance.ts';
import type { LoginRequest } from './visit.ts';

type Standing = Pick<LoginRequest, 'details' | 'signIn'>;

/**
 * Whether a look at this login's page goes on with the session that the browser got meanwhile, from another
 * tab (S11). What has been proven here counts more, unless that session leaves nothing to ask: then neither
 * a code is wanted a second time nor a mail sent for each tab. Nobody goes on as somebody else than they said.
 */
export function goesOnWithNewerSession(standing: Standing, switches: AssuranceSwitches): boolean {
  const { newerSession } = standing.details;
  if (newerSession === undefined) return false;
  return standing.signIn === undefined || sufficesFor(standing, standing.signIn.account.id, switches);
}

/** Whether the newer session is this account's, and everything that the login asks for is in it. */
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

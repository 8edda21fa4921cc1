import {
  acrOf,
  type Assessment,
  type AssuranceSwitches,
  assess,
  type Factor,
  type Proofs,
  proofsOfAmr,
} from '../factors/assurance.ts';
import type { SignIn } from '../factors/sign-ins.ts';
import type { InteractionDetails } from './ports.ts';

/** Where a login stands: the page that is next, or its end. */
export type Step =
  | { page: 'sign-in' }
  | { page: 'mail-code'; otherWays: readonly Factor[] }
  | { page: 'app-code'; otherWays: readonly Factor[] }
  | { page: 'set-up-mail'; appOffered: boolean }
  | { page: 'set-up-mail-code' }
  | { page: 'set-up-app-only'; mailOffered: boolean }
  | { page: 'set-up-app' }
  | { page: 'consent' }
  /** A session is there and only a factor is missing: open the login from it, then ask again. */
  | { page: 'step-up' }
  | { page: 'finish'; proofs: Proofs; authTime: number }
  | { page: 'impossible' };

export interface Standing {
  details: InteractionDetails;
  signIn: SignIn | undefined;
  switches: AssuranceSwitches;
}

/** What this interaction, and for a step-up the session it stands on, has proven. */
export function proofsOf(signIn: SignIn, details: InteractionDetails): Proofs {
  if (signIn.factor !== undefined) return { factor: signIn.factor };
  return signIn.stepUp && details.session !== undefined
    ? proofsOfAmr(details.session.amr)
    : { factor: undefined };
}

/** What is still needed of the account that is signing in. */
export function assessmentOf({ details, signIn, switches }: Standing & { signIn: SignIn }): Assessment {
  const proofs = proofsOf(signIn, details);
  return assess(details.demand, acrOf(proofs, switches), signIn.holder, switches);
}

/**
 * The next step, from facts alone: it is computed anew at every request, so no order of requests,
 * no second tab and no note of an earlier page can skip one (C01).
 */
export function nextStep(standing: Standing): Step {
  const { details, signIn } = standing;
  if (details.prompt === 'consent') return { page: 'consent' };
  if (signIn === undefined) {
    return details.session !== undefined && !details.reauthenticate
      ? { page: 'step-up' }
      : { page: 'sign-in' };
  }
  const assessment = assessmentOf({ ...standing, signIn });
  switch (assessment.needs) {
    case 'nothing':
      return {
        page: 'finish',
        proofs: proofsOf(signIn, details),
        authTime: Math.floor(signIn.passwordAt.getTime() / 1000),
      };
    case 'factor':
      return factorStep(assessment.ways, signIn);
    case 'set-up':
      return setUpStep(assessment.ways, signIn);
    case 'impossible':
      return { page: 'impossible' };
  }
}

function factorStep(ways: readonly Factor[], signIn: SignIn): Step {
  // The app first: it needs no mail. A way the user has chosen wins while it is good enough.
  const preferred = ways.includes('app') ? 'app' : 'mail';
  const way = signIn.way !== undefined && ways.includes(signIn.way) ? signIn.way : preferred;
  return { page: way === 'app' ? 'app-code' : 'mail-code', otherWays: ways.filter((other) => other !== way) };
}

function setUpStep(ways: readonly Factor[], signIn: SignIn): Step {
  const mail = ways.includes('mail');
  if (signIn.setUp === 'app' && signIn.pendingApp !== undefined) return { page: 'set-up-app' };
  if (!mail || signIn.setUp === 'app-only' || signIn.setUp === 'app')
    return { page: 'set-up-app-only', mailOffered: mail };
  if (signIn.setUp === 'mail-code' && signIn.challenge?.purpose === 'set-up')
    return { page: 'set-up-mail-code' };
  return { page: 'set-up-mail', appOffered: ways.includes('app') };
}

import {
  acrOf,
  type Assessment,
  type AssuranceSwitches,
  assess,
  type Factor,
  isAtLeast,
  type Proofs,
  proofsOfAmr,
  factorOrder,
} from '../factors/assurance.ts';
import { factorsToProveAgain } from '../factors/fresh-proof.ts';
import type { InteractionDetails } from './ports.ts';
import type { SignIn } from '../factors/sign-in-state.ts';

/** The page on which each factor is proven. */
const pageOf = {
  mail: 'mail-code',
  app: 'app-code',
  'recovery-code': 'recovery-code',
  passkey: 'passkey',
} as const satisfies Record<Factor, string>;

/** The state of a login: the page that is next, or its end. */
export type Step =
  /** `again`: the account is known, but setting up needs its password in this login's last minutes (S6). */
  | { page: 'sign-in'; again?: true }
  /** `again`: the factor was proven, but too long ago to accept what the login offers (S7). */
  | { page: (typeof pageOf)[Factor]; otherWays: readonly Factor[]; again?: { skippable: boolean } }
  /** "I can't use my app" (R35); `passwordNeeded` where this login was not given one. */
  | { page: 'reset'; otherWays: readonly Factor[]; passwordNeeded: boolean }
  /** The same without a working mail address (R36), and for a user who asks for help. */
  | { page: 'help-support'; otherWays: readonly Factor[] }
  /** A support case was filed in this login. */
  | { page: 'help-case'; number: string; otherWays: readonly Factor[] }
  /** `skippable: false` where the service needs more than the mail code. */
  | { page: 'reset-done'; skippable: boolean }
  /** Where a setup pass is typed in; `why` gives the reason. */
  | { page: 'set-up-pass'; why: PassReason; passwordNeeded: boolean }
  | { page: 'set-up-mail'; appOffered: boolean; skippable: boolean }
  | { page: 'set-up-mail-code'; skippable: boolean }
  | { page: 'set-up-app-only'; mailOffered: boolean }
  | { page: 'set-up-app'; skippable: boolean }
  | { page: 'confirm-address' }
  | { page: 'codes-low' }
  | { page: 'consent' }
  /** A session exists and only a factor is missing: open the login from it, then compute the step again. */
  | { page: 'step-up' }
  /** This browser has another session now: the provider asks again, from that session (S11). */
  | { page: 'start-over' }
  | { page: 'finish'; proofs: Proofs; authTime: number }
  | { page: 'impossible' };

/**
 * Why a setup pass is needed: the user has one; the operator's policy requires it for a first set-up; or no
 * factor can be used, because all are gone or switched off.
 */
export type PassReason = 'asked' | 'first' | 'lost' | 'disabled';

export interface LoginState {
  details: InteractionDetails;
  signIn: SignIn | undefined;
  switches: AssuranceSwitches;
}

/** What this interaction has proven; for a step-up, also what its session has proven. */
export function proofsOf(signIn: SignIn, details: InteractionDetails): Proofs {
  if (signIn.factor !== undefined)
    return { factor: signIn.factor, ...(signIn.withoutPassword ? { withoutPassword: true } : {}) };
  return signIn.stepUp && details.session !== undefined
    ? proofsOfAmr(details.session.amr)
    : { factor: undefined };
}

/** When the oldest of these proofs was given, read only from where the proofs are (S8). */
function authTimeOf(signIn: SignIn, { session }: InteractionDetails): number {
  return signIn.factor === undefined && signIn.stepUp && session !== undefined
    ? session.authTime
    : Math.floor(signIn.passwordAt.getTime() / 1000);
}

/** What is still needed of the account that is signing in. */
export function assessmentOf({ details, signIn, switches }: LoginState & { signIn: SignIn }): Assessment {
  const proofs = proofsOf(signIn, details);
  return assess(details.demand, acrOf(proofs, switches), signIn.holder, switches);
}

/**
 * The next step, computed from facts at every request, so no order of requests, no second tab and no
 * record of an earlier page can skip a step (C01). A detour that the user asked for is an alternative page
 * and never replaces the factor; offers come after everything required.
 */
export function nextStep(standing: LoginState): Step {
  const { details, signIn } = standing;
  if (details.newerSession?.required === true) return { page: 'start-over' };
  if (details.prompt === 'consent') return { page: 'consent' };
  if (signIn === undefined) return standsOnPassword(details) ? { page: 'step-up' } : { page: 'sign-in' };
  const assessment = assessmentOf({ ...standing, signIn });
  const afterReset = resetDone(standing, signIn, assessment);
  if (afterReset !== undefined) return afterReset;
  switch (assessment.needs) {
    case 'nothing':
      return (
        offerStep(standing, signIn) ?? {
          page: 'finish',
          proofs: proofsOf(signIn, details),
          authTime: authTimeOf(signIn, details),
        }
      );
    case 'factor':
      // Another factor counts only with a password, and here a passkey alone replaced the password.
      if (signIn.withoutPassword) return { page: 'sign-in' };
      return (
        helpStep(assessment.ways, signIn) ??
        passStep(standing, signIn, assessment) ??
        factorStep(assessment.ways, signIn)
      );
    case 'set-up':
      if (signIn.withoutPassword) return { page: 'sign-in' };
      return (
        supportStep([], signIn) ??
        passStep(standing, signIn, assessment) ??
        setUpStep(assessment.ways, signIn)
      );
    case 'impossible':
      return supportStep([], signIn) ?? passStep(standing, signIn, assessment) ?? { page: 'impossible' };
  }
}

/**
 * Asks for a setup pass, or opens Initial setup after one, whatever is enrolled already (R40).
 * The pass is not a factor: the login ends only with a factor that is proven here.
 */
function passStep(standing: LoginState, signIn: SignIn, { needs }: Assessment): Step | undefined {
  if (signIn.withoutPassword) return undefined;
  const proven = signIn.factor !== undefined;
  if (!proven && signIn.setUpPass !== undefined) {
    const holder = { ways: [], everEnrolled: false };
    const opened = assessmentOf({ ...standing, signIn: { ...signIn, holder } });
    if (opened.needs === 'set-up') return setUpStep(opened.ways, signIn);
  }
  const page = (why: PassReason): Step => ({
    page: 'set-up-pass',
    why,
    passwordNeeded: needsPassword(signIn),
  });
  if (signIn.passRequired && needs === 'set-up') return page('first');
  if (proven) return undefined;
  if (needs !== 'impossible') return signIn.detour === 'set-up-pass' ? page('asked') : undefined;
  // A service that named what it needs is told that it cannot have it (R32).
  if (standing.details.demand.essentialAcrValues !== undefined) return undefined;
  return page((signIn.holder.disabled ?? []).length > 0 ? 'disabled' : 'lost');
}

/** Only a session with a proven password can be stepped up; otherwise `amr` would be wrong. */
function standsOnPassword({ session, reauthenticate }: InteractionDetails): boolean {
  return session !== undefined && !reauthenticate && proofsOfAmr(session.amr).withoutPassword !== true;
}

/** The app first: it needs no mail. A factor the user has chosen takes precedence while it is sufficient. */
function presentWay(ways: readonly Factor[], signIn: SignIn): Factor {
  const preferred = factorOrder.find((way) => ways.includes(way)) ?? 'mail';
  return signIn.way !== undefined && ways.includes(signIn.way) ? signIn.way : preferred;
}

/** Whether a page that enrols or removes a factor must ask for the password first (S6). */
function needsPassword(signIn: SignIn): boolean {
  return signIn.stepUp || signIn.passwordStale;
}

/**
 * Replaces an offer where the login proved its factor too long ago: the factor is asked for again (S7).
 * @returns undefined where no enrolled factor can prove it.
 */
function provenAgain({ switches }: LoginState, signIn: SignIn, skippable: boolean): Step | undefined {
  const { factor, holder, withoutPassword } = signIn;
  if (factor === undefined) return undefined;
  const ways = factorsToProveAgain(holder.ways, factor, withoutPassword, (one, than) =>
    isAtLeast(one, than, switches),
  );
  if (ways.length === 0) return undefined;
  const way = presentWay(ways, signIn);
  return { page: pageOf[way], otherWays: ways.filter((other) => other !== way), again: { skippable } };
}

function factorStep(ways: readonly Factor[], signIn: SignIn): Step {
  const way = presentWay(ways, signIn);
  return { page: pageOf[way], otherWays: ways.filter((other) => other !== way) };
}

/** The pages behind "I can't use my app", while a factor is still to be proven. */
function helpStep(ways: readonly Factor[], signIn: SignIn): Step | undefined {
  if (signIn.detour === 'reset' && signIn.holder.ways.includes('mail'))
    return { page: 'reset', otherWays: ways, passwordNeeded: needsPassword(signIn) };
  const present = presentWay(ways, signIn);
  return supportStep(
    ways.filter((way) => way !== present),
    signIn,
  );
}

/** The support centre's pages, after the right password and whatever step is needed (R36). */
function supportStep(otherWays: readonly Factor[], signIn: SignIn): Step | undefined {
  const { detour, caseNumber } = signIn;
  if (detour === 'case-filed' && caseNumber !== undefined)
    return { page: 'help-case', number: caseNumber, otherWays };
  // Without a working address there is no reset: a user who asked for one is sent to the support centre.
  const asked = detour === 'reset' || detour === 'support' || detour === 'case-filed';
  return asked ? { page: 'help-support', otherWays } : undefined;
}

/** After a reset a new app is set up at once, where the user wants it or the service needs it. */
function resetDone(standing: LoginState, signIn: SignIn, assessment: Assessment): Step | undefined {
  if (signIn.detour !== 'reset-done' || signIn.resetAt === undefined || signIn.factor === undefined)
    return undefined;
  const done = (skippable: boolean): Step | undefined =>
    signIn.factorStale ? provenAgain(standing, signIn, skippable) : { page: 'reset-done', skippable };
  if (assessment.needs === 'nothing') return done(true);
  const holder = { ...signIn.holder, ways: [...signIn.holder.ways, 'app' as const] };
  const { needs } = assessmentOf({ ...standing, signIn: { ...signIn, holder } });
  return needs === 'factor' ? done(false) : undefined;
}

/** An offer, shown once after everything that the service requires is proven; it can be skipped. */
function offerStep(standing: LoginState, signIn: SignIn): Step | undefined {
  const { detour, challenge, factorStale } = signIn;
  const offers =
    detour === 'offer-app' ||
    detour === 'offer-mail' ||
    detour === 'offer-mail-code' ||
    detour === 'confirm-address';
  if (offers && factorStale) return provenAgain(standing, signIn, true);
  switch (detour) {
    case 'offer-app':
      return { page: 'set-up-app', skippable: true };
    case 'offer-mail-code':
      return challenge?.purpose === 'set-up'
        ? { page: 'set-up-mail-code', skippable: true }
        : { page: 'set-up-mail', appOffered: false, skippable: true };
    case 'offer-mail':
      return { page: 'set-up-mail', appOffered: false, skippable: true };
    case 'confirm-address':
    case 'codes-low':
      return { page: detour };
    default:
      return undefined;
  }
}

function setUpStep(ways: readonly Factor[], signIn: SignIn): Step {
  // The person at this browser need not be the one who gave the password hours ago.
  if (needsPassword(signIn)) return { page: 'sign-in', again: true };
  const mail = ways.includes('mail');
  if (signIn.setUp === 'app' && signIn.pendingApp !== undefined)
    return { page: 'set-up-app', skippable: false };
  if (!mail || signIn.setUp === 'app-only' || signIn.setUp === 'app')
    return { page: 'set-up-app-only', mailOffered: mail };
  if (signIn.setUp === 'mail-code' && signIn.challenge?.purpose === 'set-up')
    return { page: 'set-up-mail-code', skippable: false };
  return { page: 'set-up-mail', appOffered: ways.includes('app'), skippable: false };
}

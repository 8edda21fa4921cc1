/**
 * What a service requires and what a login has reached are decided only here. The protocol's policy calls
 * these pure functions before and after an interaction, and the login pages in between, so that the two
 * never disagree (R1, R32).
 */

/** A second factor that can be proven in a login. */
export type Factor = 'mail' | 'app' | 'recovery-code' | 'passkey';

/** Factors that a first setup offers (R11); the others are additional factors, never required. */
export type FirstFactor = Extract<Factor, 'mail' | 'app'>;

/** The order in which factors are preferred and shown: those that need no mail first. */
export const factorOrder: readonly Factor[] = ['app', 'passkey', 'mail', 'recovery-code'];

/** Authentication context class references (OpenID Connect Core §2), weakest first. */
export const acrValues = {
  password: 'urn:nijo:acr:password',
  mailCode: 'urn:nijo:acr:mail-otp',
  mfa: 'https://refeds.org/profile/mfa',
} as const;
export type Acr = (typeof acrValues)[keyof typeof acrValues];

const ladder: readonly string[] = [acrValues.password, acrValues.mailCode, acrValues.mfa];

/** The operator's switches that change what a proof is worth. */
export interface AssuranceSwitches {
  /** A mail code satisfies the REFEDS MFA profile. */
  mailSatisfiesMfa: boolean;
}

/** What was proven: the password, and at most one factor that counts. */
export interface Proofs {
  factor: Factor | undefined;
  /** A passkey replaced the password too: the user was not asked for it. */
  withoutPassword?: boolean;
}

/** The acr that describes these proofs truthfully. */
export function acrOf(proofs: Proofs, switches: AssuranceSwitches): Acr {
  if (proofs.factor === undefined) return acrValues.password;
  if (proofs.factor === 'mail' && !switches.mailSatisfiesMfa) return acrValues.mailCode;
  return acrValues.mfa;
}

/** Authentication method references (RFC 8176); they claim nothing that was not done. */
export function amrOf(proofs: Proofs, switches: AssuranceSwitches): string[] {
  switch (proofs.factor) {
    case undefined:
      return ['pwd'];
    case 'mail':
      // RFC 8176 has no value for mail; `otp` would mean RFC 4226/6238.
      return switches.mailSatisfiesMfa ? ['pwd', 'mca', 'mfa'] : ['pwd', 'mca'];
    case 'app':
      return ['pwd', 'otp', 'mfa'];
    case 'recovery-code':
      return ['pwd', 'mfa'];
    case 'passkey':
      // Where the passkey's key is kept is not attested, so neither `hwk` nor `swk` is claimed.
      return [...(proofs.withoutPassword === true ? [] : ['pwd']), 'pop', 'user', 'mfa'];
  }
}

/** The proofs that the `amr` of an earlier login stands for; the inverse of `amrOf`. */
export function proofsOfAmr(amr: readonly string[]): Proofs {
  if (amr.includes('pop')) {
    return amr.includes('pwd') ? { factor: 'passkey' } : { factor: 'passkey', withoutPassword: true };
  }
  if (amr.includes('otp')) return { factor: 'app' };
  if (amr.includes('mca')) return { factor: 'mail' };
  if (amr.includes('mfa')) return { factor: 'recovery-code' };
  return { factor: undefined };
}

/** What a service and its request ask for. */
export interface AssuranceRequirement {
  /** The client's setting: require a second factor always, only if the user has one, or not at all. */
  secondFactor: 'required' | 'optional' | 'off';
  /** `acr_values`, in order of preference: voluntary (OpenID Connect Core §3.1.2.1). */
  acrValues: readonly string[];
  /** Values of an essential `acr` claim: one of them must be reached, or the request fails (§5.5.1.1). */
  essentialAcrValues: readonly string[] | undefined;
  /**
   * The user trusts this browser, the operator allows that for the service, and the request asks for no
   * fresh proof: the password is enough here (R31). The service is still told the truth: password only.
   */
  trustedBrowser?: boolean;
}

/** What the account can do. */
export interface EnrolledFactors {
  /** Factors set up and usable now. */
  ways: readonly Factor[];
  /** Factors set up that too many wrong codes have switched off (C05). */
  disabled?: readonly Factor[];
  /** Whether a factor was ever active: initial setup is only for accounts that never had one (R15). */
  everEnrolled: boolean;
}

export type Assessment =
  | { needs: 'nothing' }
  /** One of these factors has to be proven. */
  | { needs: 'factor'; ways: readonly Factor[] }
  /** The account has none yet: one of these has to be set up (R12). */
  | { needs: 'set-up'; ways: readonly FirstFactor[] }
  /** Nothing the account has or may set up here is enough: the service is told (R32). */
  | { needs: 'impossible' };

const setUpWays: readonly FirstFactor[] = ['mail', 'app'];

function rank(acr: string | undefined): number {
  return acr === undefined ? -1 : ladder.indexOf(acr);
}

/**
 * What a sign-in has reached, from what was recorded of it. It never counts for more than its methods are
 * worth under the present switches (S4, S8).
 */
export function reachedBy(
  acr: string | undefined,
  amr: readonly string[] | undefined,
  switches: AssuranceSwitches,
): string | undefined {
  if (amr === undefined || amr.length === 0) return acr;
  const worth = acrOf(proofsOfAmr(amr), switches);
  return rank(worth) < rank(acr) ? worth : acr;
}

/** Whether a proof of `factor` is worth as much as one of `than`, or more. */
export function isAtLeast(factor: Factor, than: Factor, switches: AssuranceSwitches): boolean {
  return rank(acrOf({ factor }, switches)) >= rank(acrOf({ factor: than }, switches));
}

/** Whether an assessment can be made without the account's factors (saves a look-up per request). */
export function settledWithoutHolder(
  demand: AssuranceRequirement,
  reached: string | undefined,
  switches: AssuranceSwitches,
): boolean {
  const poor: EnrolledFactors = { ways: [], everEnrolled: true };
  const rich: EnrolledFactors = { ways: ['mail', 'app', 'recovery-code', 'passkey'], everEnrolled: true };
  return (
    assess(demand, reached, poor, switches).needs === 'nothing' &&
    assess(demand, reached, rich, switches).needs === 'nothing'
  );
}

/**
 * What is still needed after a right password.
 * @param reached the acr reached so far (in the session or in this interaction); `undefined` counts as none.
 */
export function assess(
  demand: AssuranceRequirement,
  reached: string | undefined,
  holder: EnrolledFactors,
  switches: AssuranceSwitches,
): Assessment {
  const worth = (factor: Factor): Acr => acrOf({ factor }, switches);
  // Guessing until a factor is switched off must not let anyone in without it: it still counts as set up.
  const protectedByChoice = holder.ways.length > 0 || (holder.disabled ?? []).length > 0;
  const floor =
    demand.trustedBrowser !== true &&
    (demand.secondFactor === 'required' || (demand.secondFactor === 'optional' && protectedByChoice))
      ? rank(acrValues.mailCode)
      : rank(acrValues.password);
  const acceptable = (acr: string): boolean =>
    rank(acr) >= floor &&
    (demand.essentialAcrValues === undefined || demand.essentialAcrValues.includes(acr));

  // A voluntary acr is met by one of its values or by anything stronger than the strongest of them.
  const wanted = demand.acrValues.filter((acr) => rank(acr) >= 0);
  const strongestWanted = Math.max(-1, ...wanted.map(rank));
  const meetsWish = (acr: string): boolean =>
    wanted.length === 0 || wanted.includes(acr) || rank(acr) >= strongestWanted;

  const usable = holder.ways.filter((way) => acceptable(worth(way)));
  const wished = usable.filter((way) => meetsWish(worth(way)));

  if (reached !== undefined && rank(reached) >= 0 && acceptable(reached)) {
    // A user who has nothing that meets the voluntary acr is not asked for it: the service sees the acr.
    if (meetsWish(reached) || wished.length === 0) return { needs: 'nothing' };
    return { needs: 'factor', ways: wished };
  }
  if (wished.length > 0) return { needs: 'factor', ways: wished };
  if (usable.length > 0) return { needs: 'factor', ways: usable };
  const possible = holder.everEnrolled ? [] : setUpWays.filter((way) => acceptable(worth(way)));
  if (possible.length > 0) return { needs: 'set-up', ways: possible };
  return { needs: 'impossible' };
}

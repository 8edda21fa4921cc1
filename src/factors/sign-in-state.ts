import type { Factor, EnrolledFactors } from './assurance.ts';

/**
 * A login in progress, from the right password (or, for a step-up, the session) on: whose login it is and
 * what has been proven inside this very interaction. It is the server's only record of the steps; no cookie
 * and no form field can add to it (I1).
 */
export interface SignIn {
  interaction: string;
  account: { id: string; loginId: string; locale: 'en' | 'ja' | undefined; active: boolean };
  clientId: string;
  browser: string;
  /** The password was proven in the browser's session; this login only adds a factor. */
  stepUp: boolean;
  passwordAt: Date;
  /** The password is too old to set anything up, or was not given in this login at all (S6). */
  passwordStale: boolean;
  factor: Factor | undefined;
  /** The factor was proven too long ago to accept what the login offers (S7). */
  factorStale: boolean;
  /** A passkey replaced the password too. */
  withoutPassword: boolean;
  /** The factor that the user has chosen among several. */
  way: Factor | undefined;
  setUp: 'mail' | 'mail-code' | 'app-only' | 'app' | undefined;
  /** A page beside the required steps: requested by the user, or offered once. It skips nothing. */
  detour: Detour | undefined;
  /** Of the case that was filed in this very login (R36). */
  caseNumber: string | undefined;
  /** When a reset by mail was done in this very login (R35). */
  resetAt: Date | undefined;
  holder: EnrolledFactors;
  mailAddress: string | undefined;
  challenge: LiveChallenge | undefined;
  pendingApp: { factorId: string; secretSealed: Buffer } | undefined;
  /** The setup pass that was typed in here and is not used up: it opens only Initial setup (R40). */
  setUpPass: { id: string } | undefined;
  /** Nothing was ever set up, and by the operator's policy a first set-up takes a pass. */
  passRequired: boolean;
}

export type Detour =
  | 'reset'
  | 'support'
  | 'reset-done'
  | 'offer-app'
  | 'offer-mail'
  | 'offer-mail-code'
  | 'confirm-address'
  | 'codes-low'
  /** Where a setup pass of the support centre is typed in (R40). */
  | 'set-up-pass'
  /** The number of the case that was filed here. */
  | 'case-filed';

/** The mailed code that this interaction waits for. */
export interface LiveChallenge {
  id: string;
  purpose: 'sign-in' | 'set-up' | 'reset' | 'change' | 'check';
  address: string;
  reference: string;
  /** Seconds until it expires; 0 or less when it has. */
  secondsLeft: number;
  /** Wrong codes so far. */
  attempts: number;
  open: boolean;
  /** Seconds since the newest mail of this challenge was written. */
  sinceLastMail: number;
}

/** Whether this login does the first setup, or a setup pass lets it set up again. */
export function isInitialSetUp(signIn: Pick<SignIn, 'holder' | 'setUpPass'>): boolean {
  return !signIn.holder.everEnrolled || signIn.setUpPass !== undefined;
}

/** The login in progress passed to another account or browser, or ended, while a code was compared. */
export class SignInChanged extends Error {
  constructor() {
    super('the sign-in changed while its factor was being proven');
    this.name = 'SignInChanged';
  }
}

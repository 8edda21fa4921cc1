import type { RequestOrigin } from '../../audit/audit.ts';
import type { VerifyPasswordless } from './alone.ts';
import type { VerificationOutcome } from '../verification/verify.ts';
import type { SignIn } from '../sign-in-state.ts';
import type { AccountUser } from '../account-user.ts';

/** Passkeys: an optional further way, never the only one (WebAuthn L3, C54). */
export interface Passkeys {
  /** False where the issuer's host is an IP address, or the operator has switched passkeys off. */
  available: boolean;
  /**
   * Options for the browser's `navigator.credentials.get`, as JSON, with a challenge of this interaction.
   * @param accountId whose passkeys are asked for; undefined where the passkey says who it is.
   */
  signInOptions(boundTo: string, accountId: string | undefined): Promise<string>;
  /**
   * A passkey as the second factor of a login in progress.
   * @param assertion what the browser's credential gives of itself, as JSON or read already.
   */
  prove(signIn: SignIn, assertion: unknown, origin: RequestOrigin): Promise<VerificationOutcome>;
  /** A passkey in place of password and code: opens the login with the factor proven. */
  verifyPasswordless: VerifyPasswordless;
  /**
   * Begins to set a passkey up: options for `navigator.credentials.create`, as JSON.
   * @throws NijoError `device_limit_reached` (`max`), `changes_frozen`.
   */
  registerOptions(c: AccountUser): Promise<{ id: string; options: string }>;
  /** Ends it. The answer is used up whether it verifies or not: after anything but success, begin anew. */
  register(
    c: AccountUser,
    id: string,
    answer: unknown,
    name: string,
  ): Promise<'registered' | 'refused' | 'expired'>;
  /** Options as for a sign-in, to try a passkey on the own page (D9). */
  checkOptions(c: AccountUser): Promise<string>;
  check(c: AccountUser, assertion: unknown): Promise<VerificationOutcome>;
}

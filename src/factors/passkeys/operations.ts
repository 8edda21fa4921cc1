import type { RequestOrigin } from '../../audit/audit.ts';
import type { VerifyPasswordless } from './alone.ts';
import type { VerificationOutcome } from '../verification/verify.ts';
import type { SignIn } from '../sign-in-state.ts';
import type { AccountUser } from '../account-user.ts';

/** Passkeys: an optional additional factor, never the only one (WebAuthn L3, C54). */
export interface Passkeys {
  /** False where the issuer's host is an IP address, or the operator has switched passkeys off. */
  available: boolean;
  /**
   * Options for the browser's `navigator.credentials.get`, as JSON, with a challenge of this interaction.
   * @param accountId the account whose passkeys are requested; undefined where the passkey names the
   *   account.
   */
  signInOptions(boundTo: string, accountId: string | undefined): Promise<string>;
  /**
   * A passkey as the second factor of a login in progress.
   * @param assertion the browser's credential, as JSON or already parsed.
   */
  prove(signIn: SignIn, assertion: unknown, origin: RequestOrigin): Promise<VerificationOutcome>;
  /** A passkey in place of password and code: opens the login with the factor proven. */
  verifyPasswordless: VerifyPasswordless;
  /**
   * Begins the setup of a passkey: options for `navigator.credentials.create`, as JSON.
   * @throws NijoError `device_limit_reached` (`max`), `changes_frozen`.
   */
  registerOptions(c: AccountUser): Promise<{ id: string; options: string }>;
  /** Finishes it. The answer is used up whether it verifies or not: unless it succeeds, begin again. */
  register(
    c: AccountUser,
    id: string,
    answer: unknown,
    name: string,
  ): Promise<'registered' | 'refused' | 'expired'>;
  /** Options as for a sign-in, to check a passkey on the user's own page (D9). */
  checkOptions(c: AccountUser): Promise<string>;
  check(c: AccountUser, assertion: unknown): Promise<VerificationOutcome>;
}

import type { MailCodePage, FactorShown, AppKey, TrustOffer, OpeningShown } from './shared.ts';

/** A factor that is asked for again, so that the user can accept what the login offers, or skip it (S7). */
export interface AskedAgain {
  again?: true;
  skippable?: boolean;
}

/** The further pages of a login, by the names they carry in `<main data-page>`. */
export interface LoginPageModels {
  'recovery-code': TrustOffer &
    AskedAgain & {
      /** Number of the valid sheet, to distinguish it from an earlier one (D8). */
      sheet?: string;
      otherWays: readonly FactorShown[];
    };
  /** `options` of `navigator.credentials.get`, as JSON. */
  passkey: TrustOffer & AskedAgain & { options: string; otherWays: readonly FactorShown[] };
  /** "I can't use my app": code, reason, and the password where this login has not verified it. */
  reset: MailCodePage & { reason: string; passwordNeeded: boolean; opening: OpeningShown };
  /** Where a setup pass of the support centre is typed in (R40); `asked`: the user can leave it again. */
  'set-up-pass': {
    why: 'asked' | 'first' | 'lost' | 'disabled';
    /** The password was not given in this login. */
    passwordNeeded: boolean;
    opening: OpeningShown;
  };
  /** The reset is done; a new app can be set up at once, and must be where `skippable` is false. */
  'reset-done': AppKey & { skippable: boolean };
  'confirm-address': { address: string; accountUrl: string };
  'codes-low': { left: number; accountUrl: string };
}

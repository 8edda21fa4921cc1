import type { MailCodePage, FactorShown, AppKey, TrustOffer, OpeningShown } from './shared.ts';

/** A factor that is asked for once more, so that what the login offers can be taken up, or skipped (S7). */
export interface AskedAgain {
  again?: true;
  skippable?: boolean;
}

/** The pages of a login beside its first ones, by the names they carry in `<main data-page>`. */
export interface LoginPageModels {
  'recovery-code': TrustOffer &
    AskedAgain & {
      /** Number of the valid sheet, so that it is told from an earlier one (D8). */
      sheet?: string;
      otherWays: readonly FactorShown[];
    };
  /** `options` of `navigator.credentials.get`, as JSON. */
  passkey: TrustOffer & AskedAgain & { options: string; otherWays: readonly FactorShown[] };
  /** "I can't use my app": code, reason, and the password where this login has not seen it. */
  reset: MailCodePage & { reason: string; passwordNeeded: boolean; opening: OpeningShown };
  /** Where a setup pass of the support centre is typed in (R40); `asked`: it can be left again. */
  'set-up-pass': {
    why: 'asked' | 'first' | 'lost' | 'disabled';
    /** This login was not given the password. */
    passwordNeeded: boolean;
    opening: OpeningShown;
  };
  /** The reset is done; a new app can be set up at once, and has to be where `skippable` is false. */
  'reset-done': AppKey & { skippable: boolean };
  'confirm-address': { address: string; accountUrl: string };
  'codes-low': { left: number; accountUrl: string };
}

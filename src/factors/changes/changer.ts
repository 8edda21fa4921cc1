import type { Delivery } from '../../mail/delivery.ts';
import type { SendOutcome } from '../mail/codes.ts';
import type { VerificationOutcome } from '../verification/verify.ts';
import type { AccountUser } from '../account-user.ts';

/** The code that a change of address or a check waits for. */
export interface AwaitedCode {
  address: string;
  /** The label that the mail shows too (R10). */
  reference: string;
  minutesLeft: number;
  /** Whether it can still be typed: neither used, expired nor tried too often. */
  open: boolean;
  resendInSeconds: number;
  delivery: Delivery | undefined;
}

/**
 * What users change of their second factor on their own page. The caller has verified that the sign-in is
 * fresh (R16). Every method locks the account and makes the whole change in one transaction: the factor, its
 * audit row, the mail that reports it, the end of trusted browsers.
 * @throws NijoError `changes_frozen`, `address_frozen` while a report or a reset freezes changes;
 *   `change_expired` where the change is over, or was begun by another account, browser or session.
 */
export interface FactorChanges {
  /**
   * Makes the secret of another app (R21, R25). Beginning again in the same session gives the same secret.
   * @param replaces the app that is removed when the new one is proven: the new one takes its place (R27).
   * @throws NijoError `device_limit_reached` (`max`), `factor_missing`, `factor_unknown`.
   */
  beginApp(changer: AccountUser, replaces?: string): Promise<{ id: string }>;
  /** The secret being set up, in Base32, and as a key URI; `undefined` where the change is over. */
  app(changer: AccountUser, id: string): Promise<{ secret: string; otpauthUrl: string } | undefined>;
  /**
   * The first right code makes the app active; `used` where that was done already (a double click).
   * @param name as `readDeviceName` gives it.
   * @param replaces an app that is removed in the same transaction.
   */
  confirmApp(
    changer: AccountUser,
    id: string,
    digits: string,
    name: string,
    replaces?: string,
  ): Promise<VerificationOutcome>;
  /**
   * Adds an address, or begins to change it; the present address stays in use until the new one is proven
   * (R18, R24). Where `sent` is neither `sent` nor `too-soon` nothing was begun.
   * @throws NijoError `address_missing`, `address_malformed`, `address_forbidden` (`domain`), `address_unchanged`.
   */
  beginMail(changer: AccountUser, input: unknown): Promise<{ id: string; sent: SendOutcome }>;
  mail(changer: AccountUser, id: string): Promise<AwaitedCode | undefined>;
  /** Sends the same code again (R9), also for a check. */
  resendMail(changer: AccountUser, id: string): Promise<SendOutcome>;
  /** The new address becomes the account's only one; both addresses are told. */
  confirmMail(changer: AccountUser, id: string, digits: string): Promise<VerificationOutcome>;
  /** @throws NijoError `factor_unknown`, `last_way`. */
  removeApp(changer: AccountUser, appId: string): Promise<void>;
  /** The page has had the user acknowledge what having no address means (R23); that is recorded here. */
  removeMail(changer: AccountUser): Promise<void>;
  removePasskey(changer: AccountUser, id: string): Promise<void>;
  /** @throws NijoError `factor_unknown`, `device_name_too_long` (`max`). */
  rename(changer: AccountUser, what: 'app' | 'passkey', id: string, name: string): Promise<void>;
  /** Checks the app at once, without changing anything (D9). */
  checkApp(changer: AccountUser, digits: string): Promise<VerificationOutcome>;
  /** @throws NijoError `factor_unknown` where no address is registered. */
  beginMailCheck(changer: AccountUser): Promise<{ id: string; sent: SendOutcome }>;
  confirmMailCheck(changer: AccountUser, id: string, digits: string): Promise<VerificationOutcome>;
}

import type { ForbiddenDomainRule } from '../factors/mail/address.ts';
import type { FactorChanges } from '../factors/changes/changer.ts';
import type { Overview } from '../factors/enrolled/overview.ts';
import type { Opening } from '../i18n/opening.ts';
import type { Cookies } from '../web/cookies.ts';
import type { BrowserBinding } from '../web/forms.ts';
import type { Language } from '../web/language.ts';
import type { Responder } from '../web/respond.ts';
import type { Activity } from './ports.ts';
import type { AccountUser } from '../factors/account-user.ts';
import type { OwnSessions } from '../web/own-session.ts';
import type { Passkeys } from '../factors/passkeys/operations.ts';

/** The second factor as the user sees and changes it. */
export interface OwnFactors {
  overview(accountId: string): Promise<Overview | undefined>;
  changes: FactorChanges;
  recoveryCodes: {
    available: boolean;
    make(changer: AccountUser, present?: string): Promise<{ number: string; codes: string[] }>;
    remove(changer: AccountUser): Promise<void>;
  };
  passkeys: Pick<Passkeys, 'available' | 'registerOptions' | 'register' | 'checkOptions' | 'check'>;
  trustedBrowsers: { end(changer: AccountUser, id: string): Promise<void> };
}

/** Everything the own page uses, with the narrowest types; `app.ts` assembles it. */
export interface PortalDependencies {
  sessions: OwnSessions;
  activity: Activity;
  secondFactor: OwnFactors;
  /** The start page for an account's roles; undefined for a user without roles (R43). */
  staffHomeOf(
    accountId: string,
  ): Promise<{ to: '/desk' | '/operator'; roles: readonly string[] } | undefined>;
  responder: Responder;
  language: Language;
  browsers: BrowserBinding;
  cookies: Cookies;
  forbidden: readonly (ForbiddenDomainRule & { label: string })[];
  timeZone: string;
  /** When the support centre is open (R51). */
  opening(): Promise<Opening>;
  /** A browser in words, from its User-Agent. */
  describeDevice(userAgent: string, locale: 'en' | 'ja'): string;
  /** The operator's name for the network of an address, where it has one. */
  placeOf(address: string, locale: 'en' | 'ja'): string | undefined;
  defaultDeviceName(locale: 'en' | 'ja'): string;
  /** A QR code as one `<svg>` element. */
  qrSvg(text: string): Promise<string>;
}

import type { RequestOrigin } from '../audit/audit.ts';
import type { ForbiddenDomainRule } from '../factors/mail/address.ts';
import type { AssuranceSwitches } from '../factors/assurance.ts';
import type { SecondFactor } from '../factors/second-factor.ts';
import type { Logger } from '../observe/logger.ts';
import type { BrowserBinding } from '../web/forms.ts';
import type { KnownBrowser } from '../web/known-browser.ts';
import type { Language } from '../web/language.ts';
import type { ResumeBinding } from '../web/resume-binding.ts';
import type { Responder } from '../web/respond.ts';
import type { TrustCookie } from '../web/trust-cookie.ts';
import type { Interactions, SupportPort } from './ports.ts';

export type PasswordOutcome =
  | {
      outcome: 'verified';
      account: { id: string; locale: 'en' | 'ja' | undefined };
      passwordSet: string | undefined;
    }
  | { outcome: 'refused' }
  | { outcome: 'limited'; retryAfterSeconds: number };

/** Everything the login pages use, with the narrowest types; `app.ts` assembles it. */
export interface LoginDependencies {
  interactions: Interactions;
  support: SupportPort;
  responder: Responder;
  language: Language;
  browsers: BrowserBinding;
  resumeBinding: Pick<ResumeBinding, 'grant'>;
  /** Distinguishes a known browser from a new one, of which the user is notified (D11). */
  knownBrowser: KnownBrowser;
  logger: Logger;
  switches: AssuranceSwitches;
  forbidden: readonly (ForbiddenDomainRule & { label: string })[];
  secondFactor: SecondFactor;
  trustCookies: TrustCookie;
  /** The user's own page, as a mail or a sheet of paper would name it. */
  accountUrl: string;
  verifyPassword(attempt: {
    loginId: string;
    password: string;
    clientId: string;
    origin: RequestOrigin;
    browser: string | undefined;
  }): Promise<PasswordOutcome>;
  rememberLocale(accountId: string, locale: 'en' | 'ja'): Promise<void>;
  /** A browser in words, from its User-Agent. */
  describeDevice(userAgent: string, locale: 'en' | 'ja'): string;
  defaultDeviceName(locale: 'en' | 'ja'): string;
  /** A QR code as one `<svg>` element. */
  qrSvg(text: string): Promise<string>;
  recordOutcome(outcome: SignInOutcome): Promise<void>;
}

/** How a login ended, for audit and metrics. */
export interface SignInOutcome {
  event: 'sign-in.finished' | 'sign-in.cancelled' | 'sign-in.refused';
  /** A login has one outcome, however often its last form is sent. */
  interaction: string;
  accountId: string | undefined;
  clientId: string;
  acr: string | undefined;
  origin: RequestOrigin;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestOrigin } from '../audit/audit.ts';
import type { AssuranceRequirement } from '../factors/assurance.ts';
import type { Opening } from '../i18n/opening.ts';
import type { ConfiguredCheck, SupportReason } from '../pages/support.ts';

/**
 * Exactly what the login pages need of the protocol. `oidc/ports/interactions.ts` implements it and
 * `app.ts` passes it: the pages import neither the provider nor the database.
 */
export interface Interactions {
  /**
   * The login that this browser's interaction cookie names.
   * @throws NijoError `interaction_expired` when there is none (expired, finished, another browser),
   *   `interaction_foreign` when the cookie names another interaction than `uid` (E6, C21).
   */
  details(req: IncomingMessage, res: ServerResponse, uid: string): Promise<InteractionDetails>;
  /**
   * Records the result and returns the URL at which the provider continues. Idempotent: a browser
   * that lost the redirect may finish again with the same result.
   * @param browser digest of the browser that the result belongs to: the provider continues only in it.
   */
  finish(
    req: IncomingMessage,
    res: ServerResponse,
    result: InteractionResult,
    browser: string,
  ): Promise<string>;
  /**
   * Returns the URL at which the provider asks again for what this login still needs, from the browser's
   * present session. Nothing that was proven in this login is carried over.
   */
  startOver(req: IncomingMessage, res: ServerResponse, browser: string): Promise<string>;
  /** The service an interaction belonged to, even when it is over: for "start again at …" (R33). */
  startAgain(uid: string): Promise<{ service: ServiceName; url: string } | undefined>;
}

/** A service's name in the languages it gives (`client_name`, `client_name#ja`). */
export interface ServiceName {
  en: string;
  ja: string;
}

/** A session of this browser that another tab created after this login began (S11). */
export interface NewerSession {
  accountId: string;
  acr: string | undefined;
  /** The request wants a sign-in more recent than the session's (`max_age`). */
  tooOld: boolean;
  /** This login is based on a session that this browser no longer has, and cannot finish. */
  required: boolean;
}

export interface InteractionDetails {
  uid: string;
  /** `login`: sign in or step up. `consent`: the client asks for it explicitly. */
  prompt: 'login' | 'consent';
  /**
   * False when a session of this browser satisfies the password part and only a factor is missing
   * (step-up); true when the request requires the whole login (`prompt=login`, `max_age`, …).
   */
  reauthenticate: boolean;
  client: {
    id: string;
    name: ServiceName;
  };
  demand: AssuranceRequirement;
  /** The session of this browser, if it has one. `authTime` in seconds since the epoch. */
  session:
    | {
        accountId: string;
        amr: readonly string[];
        acr: string | undefined;
        authTime: number;
        /** Every digest under which the session may be stored: a reset ends all others (R35). */
        uidDigests: readonly string[];
      }
    | undefined;
  /** The account of the browser's session, where the request asks to choose one (`prompt=select_account`). */
  signedInAs?: string | undefined;
  /** Where present, the login may start over from it; undefined where the request requires a new login. */
  newerSession?: NewerSession;
  /**
   * For how long this service trusts a browser in place of the factor; undefined where it does not, or
   * the request requires a fresh proof or comes from a place with shared browsers (R31).
   */
  trust: { days: number } | undefined;
  /** The service accepts a passkey in place of password and code. */
  passwordless: boolean;
  /** `ui_locales` of the request, most preferred first. */
  uiLocales: readonly string[];
  loginHint: string | undefined;
  /** What a consent page lists. */
  consent: { scopes: readonly string[]; claims: readonly string[] };
  /** Seconds until the interaction ends. */
  secondsLeft: number;
}

export type InteractionResult =
  | {
      kind: 'signed-in';
      accountId: string;
      acr: string;
      amr: readonly string[];
      /** Time of the oldest proof counted, in seconds since the epoch: becomes `auth_time`. */
      authTime: number;
    }
  | { kind: 'consented' }
  | { kind: 'refused'; error: 'access_denied' | 'unmet_authentication_requirements'; description: string };

/** What the login pages need of the support centre (R36), without its calendar and its cases. */
export interface SupportPort {
  opening(): Promise<Opening>;
  /** How staff checks a person's identity. */
  checks: readonly ConfiguredCheck[];
  /**
   * Files a case for the account whose password was given in this login; returns an open case if it has one.
   * Without `account` the case could be from anybody, and `form` makes a double click one request.
   * @throws NijoError `support_limit_reached`.
   */
  file(request: {
    loginId: string;
    account?: string;
    form?: string;
    reason: SupportReason;
    wishedCheck?: string;
    origin: RequestOrigin;
    locale: 'en' | 'ja';
  }): Promise<{ number: string }>;
}

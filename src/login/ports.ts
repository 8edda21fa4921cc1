import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestOrigin } from '../audit/audit.ts';
import type { AssuranceRequirement } from '../factors/assurance.ts';
import type { Opening } from '../i18n/opening.ts';
import type { ConfiguredCheck, SupportReason } from '../pages/support.ts';

/**
 * What the login pages need of the protocol, and no more. `oidc/ports/interactions.ts` implements it,
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
   * Records the result and gives the address at which the provider goes on. Idempotent: a browser
   * that lost the redirect may finish again with the same result.
   * @param browser digest of the browser that this is the result of: the provider goes on in it alone.
   */
  finish(
    req: IncomingMessage,
    res: ServerResponse,
    result: InteractionResult,
    browser: string,
  ): Promise<string>;
  /**
   * Gives the address at which the provider asks anew what this login still needs, from the session that
   * the browser has by now. Nothing that was proven in this login goes along.
   */
  startOver(req: IncomingMessage, res: ServerResponse, browser: string): Promise<string>;
  /** Which service an interaction belonged to, also when it is over: for "start again at …" (R33). */
  startAgain(uid: string): Promise<{ service: ServiceName; url: string } | undefined>;
}

/** A service's name in the languages it gives (`client_name`, `client_name#ja`). */
export interface ServiceName {
  en: string;
  ja: string;
}

/** A session of this browser that is newer than the login on its page: from another tab (S11). */
export interface NewerSession {
  accountId: string;
  acr: string | undefined;
  /** The request wants a sign-in more recent than the session's (`max_age`). */
  tooOld: boolean;
  /** This login stands on a session that is not this browser's any more, and can come to no end. */
  required: boolean;
}

export interface InteractionDetails {
  uid: string;
  /** `login`: sign in or step up. `consent`: the client asks for it explicitly. */
  prompt: 'login' | 'consent';
  /**
   * False when a session of this browser is good enough for the password part and only a factor is
   * missing (step-up); true when the request wants the whole login (`prompt=login`, `max_age`, …).
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
  /** Whose session the browser has, where the request wants an account to be chosen (`prompt=select_account`). */
  signedInAs?: string | undefined;
  /** Where it is there, the login may start over upon it; undefined where the request wants a new login anyway. */
  newerSession?: NewerSession;
  /**
   * For how long this service lets a browser be trusted in place of the factor; undefined where it does
   * not, or the request asks for something fresh or comes from where browsers are shared (R31).
   */
  trust: { days: number } | undefined;
  /** The service takes a passkey in place of password and code. */
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

/** What the login pages need of the support centre (R36): they know neither its calendar nor its cases. */
export interface SupportPort {
  opening(): Promise<Opening>;
  /** How staff makes sure who somebody is. */
  checks: readonly ConfiguredCheck[];
  /**
   * Files a case of the account whose password was given in this login; one that is open already is given again.
   * Without `account` it is a case that anybody could have filed, and `form` makes a double click one request.
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

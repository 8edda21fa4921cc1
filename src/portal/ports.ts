import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestOrigin } from '../audit/audit.ts';
import type { HistoryEvent } from '../audit/history-events.ts';
import type { Locale } from '../i18n/locale.ts';
import type { Opening } from '../i18n/opening.ts';
import type { ConfiguredCheck, SupportReason } from '../web/support-pages.ts';

export { freshSeconds } from '../factors/fresh.ts';

/** A name in the languages of the pages. */
export interface Named {
  en: string;
  ja: string;
}

/** Who looks at the own page, by the session of the provider itself. */
export interface OwnSession {
  accountId: string;
  uid: string;
  /** Every digest that `uid` may be stored under, to be given as what is to be kept. */
  uidDigests: readonly string[];
  acr: string | undefined;
  amr: readonly string[];
  /** When the oldest proof of the session was given, in seconds since the epoch. */
  authTime: number;
  /** Seconds since the user last proved anything; changes want at most `freshSeconds`. */
  ageSeconds: number;
}

/** How the own page knows who is there. */
export interface OwnSessions {
  /**
   * @returns undefined when nobody is signed in, the session is too old or without a second factor
   * (another service may want none), or the account is disabled: `signInUrl` asks for what is missing.
   */
  read(req: IncomingMessage, res: ServerResponse): Promise<OwnSession | undefined>;
  /**
   * Path and query that signs in through our own login and comes back to `/account/signed-in`.
   * `fresh`: password and factor anew unless they are at most `freshSeconds` old.
   * `again`: however young they are.
   * @param returnTo a path under `/account`; anything else leads to `/account`.
   */
  signInUrl(returnTo: string, options: { fresh: boolean; locale: Locale; again?: boolean }): string;
  /** The local path that a `state` stands for; undefined when we have not made it. */
  returnPath(state: string | undefined): string | undefined;
}

/** One browser in which the account is signed in. */
export interface SessionView {
  id: string;
  /** The one that looks at the page. */
  present: boolean;
  userAgent: string;
  address: string;
  since: Date;
  lastSeen: Date;
  /** Services that were used in it. */
  services: Named[];
}

/** A service that may act for the user until it is taken back. */
export interface GrantView {
  id: string;
  service: Named;
  since: Date;
  scopes: string[];
}

export interface HistoryRow {
  id: string;
  at: Date;
  /** The stable name of docs/audit.md; `historyEvents` lists those that come. */
  event: HistoryEvent;
  result: 'success' | 'failure';
  service?: Named;
  address: string | null;
  details: Record<string, unknown>;
}

/**
 * What an account has going and what happened to it. What is ended from a page is ended while its own session
 * (`by`) lives and is young enough: a request in flight does not outlive it (S29).
 */
export interface Activity {
  /** The present one first, then the latest used. */
  sessions(accountId: string, present: OwnSession): Promise<SessionView[]>;
  /** Ends one session, everywhere, and tells its services. @returns how many ended: 0 or 1. */
  endSession(accountId: string, id: string, origin: RequestOrigin, by?: OwnSession): Promise<number>;
  /** Ends every session but the present one. @returns how many. */
  endOthers(accountId: string, present: OwnSession, origin: RequestOrigin): Promise<number>;
  grants(accountId: string): Promise<GrantView[]>;
  /** Takes back what a service was given: all its tokens end. @returns false when there is no such grant. */
  revokeGrant(accountId: string, id: string, origin: RequestOrigin, by?: OwnSession): Promise<boolean>;
  /** What a user understands of the audit trail, newest first, 50 a page. @param before `next` of the page before. */
  history(accountId: string, before?: string): Promise<{ rows: HistoryRow[]; next?: string }>;
}

/** What pages outside a login need of the support centre (R36): they know neither its calendar nor its cases. */
export interface PublicSupport {
  opening(): Promise<Opening>;
  /** How staff makes sure who somebody is. */
  checks: readonly ConfiguredCheck[];
  /**
   * Files a case for an ID as it was typed; the same work and answer whether or not it exists (C12, C13).
   * @throws NijoError `support_limit_reached`.
   */
  file(request: {
    loginId: string;
    reason: SupportReason;
    /** Names the form that was shown: sent twice it is one request, with one number. */
    form: string;
    origin: RequestOrigin;
    locale: Locale;
  }): Promise<{ number: string }>;
}

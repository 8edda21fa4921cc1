import type { RequestOrigin } from '../audit/audit.ts';
import type { HistoryEvent } from '../audit/history-events.ts';
import type { OwnSession } from '../web/own-session.ts';

export { freshSeconds } from '../factors/fresh-proof.ts';

/** A name in the languages of the pages. */
export interface Named {
  en: string;
  ja: string;
}

/** One browser in which the account is signed in. */
export interface SessionView {
  id: string;
  /** The session that views the page. */
  present: boolean;
  userAgent: string;
  address: string;
  since: Date;
  lastSeen: Date;
  /** Services that used it. */
  services: Named[];
}

/** A service that may act for the user until the grant is revoked. */
export interface GrantView {
  id: string;
  service: Named;
  since: Date;
  scopes: string[];
}

export interface HistoryRow {
  id: string;
  at: Date;
  /** The stable name of docs/audit.md; `historyEvents` lists the ones that are shown. */
  event: HistoryEvent;
  result: 'success' | 'failure';
  service?: Named;
  address: string | null;
  details: Record<string, unknown>;
}

/**
 * An account's sessions, grants and history. A page can end them only while its own session (`by`) exists and
 * is recent enough: a request in flight does not outlive it (S29).
 */
export interface Activity {
  /** The present one first, then the most recently used. */
  sessions(accountId: string, present: OwnSession): Promise<SessionView[]>;
  /** Ends one session, everywhere, and tells its services. @returns how many ended: 0 or 1. */
  endSession(accountId: string, id: string, origin: RequestOrigin, by?: OwnSession): Promise<number>;
  /** Ends every session but the present one. @returns how many. */
  endOthers(accountId: string, present: OwnSession, origin: RequestOrigin): Promise<number>;
  grants(accountId: string): Promise<GrantView[]>;
  /** Revokes a service's grant: all its tokens end. @returns false when there is no such grant. */
  revokeGrant(accountId: string, id: string, origin: RequestOrigin, by?: OwnSession): Promise<boolean>;
  /**
   * The events of the audit trail that concern the user, newest first, 50 a page.
   * @param before `next` of the previous page.
   */
  history(accountId: string, before?: string): Promise<{ rows: HistoryRow[]; next?: string }>;
}

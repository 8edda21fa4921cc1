import type { RequestOrigin } from '../audit/audit.ts';

/** The account, session and browser that make a change; no other combination can continue it (A38). */
export interface AccountUser {
  accountId: string;
  /** Digest of the browser's own cookie. */
  browser: string;
  sessionUid: string;
  /**
   * Digests of `sessionUid`. Every page gives them. The session must then still exist when the change is
   * made: a request in flight does not outlive it (C50).
   */
  sessionUids?: readonly string[];
  /** When the session's oldest proof was given, in epoch seconds; present when `sessionUids` is (R16). */
  authTime?: number;
  origin: RequestOrigin;
  locale: 'en' | 'ja';
  /** The browser in words, such as "Chrome on Windows". */
  device: string;
}

/** The user's own page as a client of our own provider; what it requests is audited under this name. */
export const ownPageClient = 'nijo-account';

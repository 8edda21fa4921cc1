import type { RequestOrigin } from '../audit/audit.ts';

/** Who changes something, and from where: what one of them has begun no other goes on with (A38). */
export interface AccountUser {
  accountId: string;
  /** Digest of the browser's own cookie. */
  browser: string;
  sessionUid: string;
  /**
   * Digests of `sessionUid`. Where they are given, as every page does, the session has to be there still
   * when the change is made: a request in flight does not outlive it (C50).
   */
  sessionUids?: readonly string[];
  /** When the session's oldest proof was given, in seconds since the epoch; given as `sessionUids` is (R16). */
  authTime?: number;
  origin: RequestOrigin;
  locale: 'en' | 'ja';
  /** The browser in words, such as "Chrome on Windows". */
  device: string;
}

/** The own page as a client of our own provider; what it asks for is audited under this name. */
export const ownPageClient = 'nijo-account';

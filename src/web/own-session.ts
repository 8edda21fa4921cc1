import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Locale } from '../i18n/locale.ts';

/** The user of the own page, read from the provider's session. */
export interface OwnSession {
  accountId: string;
  uid: string;
  /** Every digest that `uid` may be stored under, to name the session that is kept. */
  uidDigests: readonly string[];
  acr: string | undefined;
  amr: readonly string[];
  /** When the oldest proof of the session was given, in seconds since the epoch. */
  authTime: number;
  /** Seconds since the user last proved anything; a change requires at most `freshSeconds`. */
  ageSeconds: number;
}

/** How the own page identifies the user. */
export interface OwnSessions {
  /**
   * @returns undefined when nobody is signed in, the session is too old or without a second factor
   * (another service may not require one), or the account is disabled: `signInUrl` asks for what is missing.
   */
  read(req: IncomingMessage, res: ServerResponse): Promise<OwnSession | undefined>;
  /**
   * Path and query that signs in through our own login and returns to `/account/signed-in`.
   * `fresh`: password and factor again, unless they are at most `freshSeconds` old.
   * `again`: password and factor again, however recent they are.
   * @param returnTo a path under `/account`; anything else leads to `/account`.
   */
  signInUrl(returnTo: string, options: { fresh: boolean; locale: Locale; again?: boolean }): string;
  /** The local path that a `state` stands for; undefined for a `state` that we did not create. */
  returnPath(state: string | undefined): string | undefined;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Locale } from '../i18n/locale.ts';

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

import { isIP } from 'node:net';

/**
 * Our identity to authenticators (WebAuthn L3 §4, "Relying Party"): set by the issuer, never by a request.
 */
export interface RelyingParty {
  /** The issuer's host: a passkey made here works on no other site. */
  id: string;
  /** The one origin whose pages may ask for a passkey. */
  origin: string;
  /** What the user's device shows. */
  name: string;
}

/** @returns undefined where there can be no passkeys: an IP address is no valid id (WebAuthn L3 §5.1.3). */
export function relyingPartyOf(issuer: string, name: string): RelyingParty | undefined {
  const { hostname, origin } = new URL(issuer);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin, name } : undefined;
}

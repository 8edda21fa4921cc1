import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { z } from 'zod';
import { type ClientData, parseJson, readClientData } from './client-data.ts';
import type { RelyingParty } from './relying-party.ts';

const base64url = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[\w-]+$/);

/** `AuthenticationResponseJSON` (WebAuthn L3 §5.1), as narrow as it is used. */
const responseSchema = z.object({
  id: base64url(1400),
  rawId: base64url(1400),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(4000),
    authenticatorData: base64url(4000),
    signature: base64url(8000),
    userHandle: base64url(100).nullish(),
  }),
});

/** A browser's answer, read but not yet believed. */
export interface Assertion {
  credentialId: string;
  /** The account that the authenticator says the passkey is for; absent from some security keys. */
  userHandle: string | undefined;
  clientData: ClientData;
  response: z.output<typeof responseSchema>;
}

/** Reads an answer of `navigator.credentials.get`; `undefined` where it is none. */
export function readAssertion(input: unknown): Assertion | undefined {
  const parsed = responseSchema.safeParse(parseJson(input));
  if (!parsed.success) return undefined;
  const clientData = readClientData(parsed.data.response.clientDataJSON);
  if (clientData === undefined) return undefined;
  const { userHandle } = parsed.data.response;
  return {
    credentialId: parsed.data.id,
    userHandle: typeof userHandle === 'string' ? Buffer.from(userHandle, 'base64url').toString() : undefined,
    clientData,
    response: parsed.data,
  };
}

export type Verified = { counter: number; backedUp: boolean };

/**
 * Verifies an answer against the passkey it names (WebAuthn L3 §7.2): origin, relying party, presence
 * and verification of the user, signature. The challenge has been used up before, and the counter is
 * compared by the statement that stores the new one, so that two answers at once cannot both pass.
 */
export async function verifyAssertion(
  party: RelyingParty,
  assertion: Assertion,
  publicKey: Uint8Array,
): Promise<Verified | undefined> {
  if (assertion.clientData.crossOrigin) return undefined;
  const { userHandle, ...response } = assertion.response.response;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...assertion.response,
        response: { ...response, ...(typeof userHandle === 'string' ? { userHandle } : {}) },
        clientExtensionResults: {},
      },
      expectedChallenge: assertion.clientData.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: 'webauthn.get',
      requireUserVerification: true,
      credential: { id: assertion.credentialId, publicKey: new Uint8Array(publicKey), counter: 0 },
    });
    if (!verified || !authenticationInfo.userVerified) return undefined;
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
  } catch {
    // The library throws at everything that is not as it should be, in words that repeat what was sent.
    return undefined;
  }
}

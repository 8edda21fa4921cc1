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

/** `AuthenticationResponseJSON` (WebAuthn L3 §5.1), limited to the parts that are used. */
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

/** A browser's answer, parsed but not yet verified. */
export interface Assertion {
  credentialId: string;
  /** The account that the authenticator says the passkey is for; absent from some security keys. */
  userHandle: string | undefined;
  clientData: ClientData;
  response: z.output<typeof responseSchema>;
}

/** Parses an answer of `navigator.credentials.get`; `undefined` where it is not one. */
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
 * Verifies an answer against the passkey it names (WebAuthn L3 §7.2): origin, relying party, presence and
 * verification of the user, signature. The challenge was used up before, and the statement that stores the
 * new counter compares it, so that two answers at once cannot both pass.
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
    // The library throws for every defect, with messages that repeat what was sent.
    return undefined;
  }
}

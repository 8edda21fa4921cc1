import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { COSEALG, decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import { type ClientData, parseJson, readClientData } from './client-data.ts';
import type { RelyingParty } from './relying-party.ts';

/** Signature algorithms of passkeys: Ed25519, ES256 and RS256; every authenticator has one of them. */
export const signatureAlgorithms: number[] = [COSEALG.EdDSA, COSEALG.ES256, COSEALG.RS256];

const knownTransports = ['ble', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];

const base64url = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[\w-]+$/);

/** `RegistrationResponseJSON` (WebAuthn L3 §5.1), limited to the parts that are used. */
const responseSchema = z.object({
  id: base64url(1400),
  rawId: base64url(1400),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(4000),
    attestationObject: base64url(16_000),
    transports: z
      .array(z.string())
      .max(20)
      .default([])
      .transform((all) => [...new Set(all)].filter((each) => knownTransports.includes(each))),
  }),
});

/** A browser's answer, parsed but not yet verified. */
export interface Attestation {
  clientData: ClientData;
  response: z.output<typeof responseSchema>;
}

/** Parses an answer of `navigator.credentials.create`; `undefined` where it is not one. */
export function readAttestation(input: unknown): Attestation | undefined {
  const parsed = responseSchema.safeParse(parseJson(input));
  if (!parsed.success) return undefined;
  const clientData = readClientData(parsed.data.response.clientDataJSON);
  return clientData === undefined ? undefined : { clientData, response: parsed.data };
}

/** A passkey as it is stored. */
export interface NewPasskey {
  credentialId: string;
  publicKey: Uint8Array;
  counter: number;
  transports: string[];
  backedUp: boolean;
  aaguid: string;
}

/** Verifies a new passkey (WebAuthn L3 §7.1); its challenge was used up before. */
export async function verifyAttestation(
  party: RelyingParty,
  { clientData, response }: Attestation,
): Promise<NewPasskey | undefined> {
  if (clientData.crossOrigin) return undefined;
  try {
    if (!withoutCertificates(response.response.attestationObject)) return undefined;
    const answer = await verifyRegistrationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: clientData.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: 'webauthn.create',
      requireUserVerification: true,
      supportedAlgorithmIDs: signatureAlgorithms,
    });
    if (!answer.verified) return undefined;
    const { credential, credentialBackedUp, aaguid } = answer.registrationInfo;
    // The id that the browser names must be the one that the authenticator made the key for.
    if (credential.id !== response.id) return undefined;
    return {
      credentialId: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      transports: response.response.transports,
      backedUp: credentialBackedUp,
      aaguid,
    };
  } catch {
    return undefined;
  }
}

/**
 * No attestation was requested, so there is none, or the passkey's self attestation (§5.4.7). Any other is
 * refused unread: it would lead the library to certificates, and to addresses that they name.
 */
function withoutCertificates(attestationObject: string): boolean {
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const format = decoded.get('fmt');
  return format === 'none' || (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined);
}

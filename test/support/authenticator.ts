import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** What an answer is made of, so that a test can break one part at a time and have the rest right. */
export interface Forgery {
  /** Over the client data: `type`, `challenge`, `origin`, `crossOrigin` … */
  clientData?: Record<string, unknown>;
  rpId?: string;
  flags?: number;
  counter?: number;
  /** Signs in the place of the passkey's own key. */
  key?: KeyObject;
  credentialId?: string;
  /** `null`: none. */
  userHandle?: string | null;
  /** Changes the parts after they were signed. */
  afterwards?: (answer: Answer) => unknown;
  /** Of a new passkey: the attestation's format and statement. */
  attest?: (made: MadeKey) => { fmt: string; attStmt: Map<string, unknown> };
  /** Of a new passkey: the COSE algorithm that it names. */
  algorithm?: number;
}

/** What an attestation is a signature about (WebAuthn L3 §6.5). */
export interface MadeKey {
  authData: Buffer;
  clientDataHash: Buffer;
  credentialId: Buffer;
  /** The public key as one point, uncompressed. */
  point: Buffer;
  privateKey: KeyObject;
}

/** `RegistrationResponseJSON` or `AuthenticationResponseJSON`. */
export interface Answer {
  id: string;
  rawId: string;
  type: string;
  response: Record<string, unknown>;
  clientExtensionResults: object;
}

/** User present, user verified, backup eligible, backed up, attested credential data (WebAuthn L3 §6.1). */
export const flag = { present: 1, verified: 4, eligible: 8, backedUp: 16, attested: 64 } as const;

/** A passkey in software: an ES256 key that answers what a server asks, or nearly. */
export interface SoftwarePasskey {
  credentialId: string;
  /** Answers `navigator.credentials.create`. */
  create(options: string, forgery?: Forgery): string;
  /** Answers `navigator.credentials.get`; each answer counts one on. */
  get(options: string, forgery?: Forgery): string;
}

const sha256 = (data: Uint8Array | string): Buffer => createHash('sha256').update(data).digest();
const base64url = (data: Uint8Array): string => Buffer.from(data).toString('base64url');

/** @param page where the user is: the origin that the browser names, and the site of the passkey. */
export function createSoftwarePasskey(
  page: { origin: string; rpId: string },
  made: { counter?: number; flags?: number } = {},
): SoftwarePasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = base64url(randomBytes(32));
  const flags = made.flags ?? flag.present | flag.verified;
  let counter = made.counter ?? 0;
  let userHandle = '';

  const clientDataOf = (type: string, challenge: string, forgery: Forgery): Buffer =>
    Buffer.from(
      JSON.stringify({ type, challenge, origin: page.origin, crossOrigin: false, ...forgery.clientData }),
    );
  const authenticatorData = (forgery: Forgery, more: number, attested: Uint8Array): Buffer => {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(forgery.counter ?? counter);
    return Buffer.concat([
      sha256(forgery.rpId ?? page.rpId),
      Buffer.from([(forgery.flags ?? flags) | more]),
      count,
      attested,
    ]);
  };
  const answered = (response: Answer['response'], forgery: Forgery): string => {
    const id = forgery.credentialId ?? credentialId;
    const answer = { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} };
    return JSON.stringify(forgery.afterwards?.(answer) ?? answer);
  };

  return {
    credentialId,

    create(json, forgery = {}) {
      const options = JSON.parse(json) as { challenge: string; user: { id: string } };
      userHandle = options.user.id;
      const clientData = clientDataOf('webauthn.create', options.challenge, forgery);
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const cose = new Map<number, number | Uint8Array<ArrayBuffer>>([
        [1, 2],
        [3, forgery.algorithm ?? -7],
        [-1, 1],
        [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
        [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
      ]);
      const id = Buffer.from(credentialId, 'base64url');
      const attested = Buffer.concat([
        Buffer.alloc(16),
        Buffer.from([id.length >> 8, id.length & 255]),
        id,
        isoCBOR.encode(cose),
      ]);
      const authData = authenticatorData(forgery, flag.attested, attested);
      const point = Buffer.concat([
        Buffer.from([4]),
        Buffer.from(x, 'base64url'),
        Buffer.from(y, 'base64url'),
      ]);
      const { fmt, attStmt } = forgery.attest?.({
        authData,
        clientDataHash: sha256(clientData),
        credentialId: id,
        point,
        privateKey,
      }) ?? { fmt: 'none', attStmt: new Map<string, unknown>() };
      const attestationObject = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', fmt],
          ['attStmt', attStmt],
          ['authData', new Uint8Array(authData)],
        ]) as Parameters<typeof isoCBOR.encode>[0],
      );
      const response = {
        clientDataJSON: base64url(clientData),
        attestationObject: base64url(attestationObject),
        transports: ['internal', 'hybrid', 'a transport of the future'],
      };
      return answered(response, forgery);
    },

    get(json, forgery = {}) {
      const options = JSON.parse(json) as { challenge: string };
      if (made.counter !== undefined) counter += 1;
      const clientData = clientDataOf('webauthn.get', options.challenge, forgery);
      const authData = authenticatorData(forgery, 0, Buffer.alloc(0));
      const signature = sign(
        'sha256',
        Buffer.concat([authData, sha256(clientData)]),
        forgery.key ?? privateKey,
      );
      const handle = forgery.userHandle === undefined ? userHandle : forgery.userHandle;
      const response = {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authData),
        signature: base64url(signature),
        ...(handle === null ? {} : { userHandle: handle }),
      };
      return answered(response, forgery);
    },
  };
}

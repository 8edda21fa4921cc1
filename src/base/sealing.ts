import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** One key per purpose is derived from the master secret, so that no two uses share a key. */
export type KeyPurpose = 'seal' | 'mail-code' | 'form-token' | 'cookie' | 'lookup' | 'notice-link';

/** One generation of the operator's secret (`NIJO_SECRET`). `id` goes into every sealed value. */
export interface SecretGeneration {
  id: string;
  secret: string;
}

/**
 * Seals values at rest and makes keyed digests, from `NIJO_SECRET`. The first generation seals; every
 * generation opens, so that a secret can be changed while running.
 */
export interface Sealer {
  /** AES-256-GCM with a random nonce. `place` binds the value to its row: a copy elsewhere does not open. */
  seal(plain: Uint8Array | string, place: string): Buffer;
  /** @throws Error when the value was changed, moved to another row or sealed under an unknown secret. */
  open(sealed: Uint8Array, place: string): Buffer;
  /** Whether the value is sealed under the current secret; false when an earlier secret opens it. */
  isCurrent(sealed: Uint8Array): boolean;
  /** HMAC-SHA-256 under the current generation's key for this purpose. */
  digest(purpose: KeyPurpose, value: string): Buffer;
  /** Keys of every generation for this purpose, newest first (cookie signing needs all). */
  keys(purpose: KeyPurpose): readonly Buffer[];
}

const version = 1;
const nonceLength = 12;
const tagLength = 16;

export function createSealer(generations: readonly SecretGeneration[]): Sealer {
  const [current] = generations;
  if (current === undefined) throw new Error('a sealer needs at least one secret');
  const derive = (generation: SecretGeneration, purpose: KeyPurpose): Buffer =>
    Buffer.from(hkdfSync('sha256', generation.secret, 'nijo', `${purpose}:v${version}`, 32));
  const purposes: readonly KeyPurpose[] = [
    'seal',
    'mail-code',
    'form-token',
    'cookie',
    'lookup',
    'notice-link',
  ];
  const keysOf = new Map(
    purposes.map(
      (purpose) => [purpose, generations.map((generation) => derive(generation, purpose))] as const,
    ),
  );
  const keys = (purpose: KeyPurpose): readonly Buffer[] => keysOf.get(purpose) ?? [];
  const sealKeyById = new Map(generations.map((generation) => [generation.id, derive(generation, 'seal')]));

  // version (1) | length of the secret's id (1) | id | nonce (12) | tag (16) | ciphertext
  const header = Buffer.concat([
    Buffer.from([version, Buffer.byteLength(current.id)]),
    Buffer.from(current.id),
  ]);

  return {
    seal(plain, place) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', sealKeyById.get(current.id) as Buffer, nonce);
      cipher.setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes[0] !== version) throw new Error('sealed value has an unknown version');
      const idLength = bytes[1] ?? 0;
      const nonceStart = 2 + idLength;
      const key = sealKeyById.get(bytes.subarray(2, nonceStart).toString());
      if (key === undefined) throw new Error('sealed value names a secret that is not configured');
      const tagStart = nonceStart + nonceLength;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(nonceStart, tagStart));
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(tagStart, tagStart + tagLength));
      return Buffer.concat([decipher.update(bytes.subarray(tagStart + tagLength)), decipher.final()]);
    },
    isCurrent: (sealed) => header.equals(Buffer.from(sealed.buffer, sealed.byteOffset, header.length)),
    digest: (purpose, value) =>
      createHmac('sha256', keys(purpose)[0] as Buffer)
        .update(value)
        .digest(),
    keys,
  };
}

/** Compares two strings without revealing by timing where they differ. */
export function equalSecrets(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

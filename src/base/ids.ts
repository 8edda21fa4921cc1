import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** A row's identifier that need not be secret (UUID version 4, RFC 9562). */
export function newId(): string {
  return randomUUID();
}

/** A secret or unguessable identifier of 128 bits or more, in base64url. */
export function newSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

// Without vowels no label forms a word; without 0/O, 1/I/L it can be read aloud and typed.
const labelAlphabet = 'BCDFGHJKMNPQRSTVWXZ23456789';

/** A label that is always the same for the same input, such as a digest. */
export function labelOf(bytes: Uint8Array, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) =>
    labelAlphabet.charAt(byte % labelAlphabet.length),
  ).join('');
}

/** A short label that a person compares between two places, such as "KQ7" on a page and in a mail. */
export function newLabel(length = 3): string {
  let label = '';
  for (let i = 0; i < length; i += 1) label += labelAlphabet.charAt(randomInt(labelAlphabet.length));
  return label;
}

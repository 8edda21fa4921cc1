import { createHmac, randomInt } from 'node:crypto';

/** Digits of a setup pass: 53 bits. Trying one takes the password, and wrong codes are limited. */
export const setUpPassDigits = 16;

// Spaces and everything that a keyboard offers as a hyphen, between the groups.
const separators = /[\s\p{Dash}ー]/gu;

/** A new pass: every one of the 10^16 is equally likely. */
export function newSetUpPass(): string {
  return Array.from({ length: setUpPassDigits / 8 }, () => String(randomInt(10 ** 8)).padStart(8, '0')).join(
    '',
  );
}

/** As it is printed and read aloud: four groups of four. */
export function formatSetUpPass(digits: string): string {
  return digits.replace(/(.{4})(?=.)/g, '$1 ');
}

/** The digest that is stored in place of the pass; testing it takes the key and the account (R40). */
export function digestOfSetUpPass(key: Buffer, accountId: string, digits: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([accountId, digits]))
    .digest('base64url');
}

/** What a person typed off the paper or heard on the telephone, converted to digits. */
export type SetUpPassInput = { digits: string } | { fault: 'missing' | 'malformed' };

/** Accepts groups with spaces or hyphens, full-width digits and pasted blanks. */
export function readSetUpPass(input: unknown): SetUpPassInput {
  if (typeof input !== 'string') return { fault: 'missing' };
  if (input.length > 100) return { fault: 'malformed' };
  const digits = input.normalize('NFKC').replace(separators, '');
  if (digits === '') return { fault: 'missing' };
  return /^[0-9]+$/.test(digits) && digits.length === setUpPassDigits ? { digits } : { fault: 'malformed' };
}

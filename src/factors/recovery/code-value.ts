import { randomBytes } from 'node:crypto';

// Crockford's Base32: no I, L, O, which look like digits on paper, and no U.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 13 characters of 5 bits: 65 bits, where 64 are required (C55). */
const length = 13;
const wellFormed = new RegExp(`^[${alphabet}]{${length}}$`);
// Spaces and everything that a keyboard offers as a hyphen.
const separators = /[\s\p{Dash}ー]/gu;

/** A new code, without its groups. 32 characters divide a byte evenly, so every code is equally likely. */
export function newRecoveryCode(): string {
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');
}

/** As it is printed: groups of 4, 4 and 5 characters, which a person reads one at a time. */
export function formatRecoveryCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4, 8)}-${code.slice(8)}`;
}

/** What a person typed off the sheet: in any case and width, with or without its groups. */
export type RecoveryCodeInput = { code: string } | { fault: 'missing' | 'malformed' };

/** Converts what was typed to the form that is digested; O is read as 0, I and L as 1. */
export function readRecoveryCode(input: unknown): RecoveryCodeInput {
  if (typeof input !== 'string') return { fault: 'missing' };
  if (input.length > 100) return { fault: 'malformed' };
  const code = input
    .normalize('NFKC')
    .replace(separators, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  if (code === '') return { fault: 'missing' };
  return wellFormed.test(code) ? { code } : { fault: 'malformed' };
}

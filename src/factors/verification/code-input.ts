/** What a person typed into the one `code` field, converted to digits (R7). */
export type CodeInput = { digits: string } | { fault: 'missing' | 'malformed' };

// Spaces and everything that a keyboard offers as a hyphen, between the digits of a code.
const separators = /[\s\p{Dash}ー]/gu;

/**
 * Accepts `12345678`, `1234 5678`, `1234-5678`, full-width digits and pasted blanks.
 * @param length digits of the code requested; 6- and 8-digit codes are never interchangeable.
 */
export function readCode(input: unknown, length: 6 | 8): CodeInput {
  if (typeof input !== 'string') return { fault: 'missing' };
  if (input.length > 64) return { fault: 'malformed' };
  const digits = input.normalize('NFKC').replace(separators, '');
  if (digits === '') return { fault: 'missing' };
  return /^[0-9]+$/.test(digits) && digits.length === length ? { digits } : { fault: 'malformed' };
}

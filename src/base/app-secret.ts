/**
 * The one rule for the secret of an authenticator app: every accepted secret can be verified, whatever its
 * source. Apps accept 80 bits and more (RFC 4226 asks for 128, but Google's PAM module and Microsoft 365
 * issue 80), and drop bits that fill no byte.
 */
const shortest = 16;
const longest = 128;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The secret in Base32, upper case, without padding; or the rule it breaks, never with the secret in it. */
export type ReadAppSecret = { secret: string } | { fault: string };

/** Reads a secret as users and exports write it: spaces, hyphens, lower case, padding, `otpauth://` URI. */
export function readAppSecret(input: string): ReadAppSecret {
  const text = input.normalize('NFKC').trim();
  if (/^otpauth/i.test(text)) return readKeyUri(text);
  return readBase32(text);
}

function readBase32(text: string): ReadAppSecret {
  const secret = text
    .replace(/[\s\u200B-\u200D\u2060\uFEFF\u2212\p{Pd}]/gu, '')
    .replace(/=+$/, '')
    .toUpperCase();
  if (/^(0X)?[0-9A-F]+$/.test(secret) && /[0189]/.test(secret) && secret.length >= shortest)
    return { fault: 'looks hexadecimal: it must be Base32 (the letters A to Z and the digits 2 to 7)' };
  if (!/^[A-Z2-7]*$/.test(secret))
    return {
      fault:
        'holds a character that Base32 does not have: only the letters A to Z and the digits 2 to 7 (no 0, 1, 8 or 9)',
    };
  const { length } = secret;
  if (length < shortest)
    return {
      fault: `is too short: ${length} characters of Base32, and at least ${shortest} are needed (80 bits)`,
    };
  if (length > longest)
    return { fault: `is too long: ${length} characters of Base32, and at most ${longest} are taken` };
  // A remainder of 1, 3 or 6 characters modulo 8 encodes no whole number of bytes.
  if ([1, 3, 6].includes(length % 8))
    return { fault: `cannot be complete: no Base32 text has ${length} characters` };
  return { secret };
}

const pinned = [
  ['algorithm', /^(hmac)?-?sha-?1$/i, 'SHA1'],
  ['digits', /^0*6$/, '6'],
  ['period', /^0*30$/, '30'],
] as const;

/** The secret of a key URI, if its parameters match those used here (R26). */
function readKeyUri(text: string): ReadAppSecret {
  if (/^otpauth-migration:/i.test(text))
    return {
      fault: 'is an export of several keys (otpauth-migration://): give the secret of each by itself',
    };
  if (!URL.canParse(text)) return { fault: 'is an otpauth:// URI that cannot be read' };
  const uri = new URL(text);
  const kind = (uri.host === '' ? uri.pathname.replace(/^\/+/, '').split('/')[0] : uri.host)?.toLowerCase();
  if (kind !== 'totp') return { fault: 'is an otpauth:// URI of another kind than totp' };
  const parameters = new Map(
    [...uri.searchParams].map(([name, value]) => [name.toLowerCase(), value.trim()]),
  );
  for (const [name, right, only] of pinned) {
    const value = parameters.get(name);
    if (value !== undefined && value !== '' && !right.test(value))
      return {
        fault: `is an otpauth:// URI with another ${name} than ${only}, which is the only one supported`,
      };
  }
  const secret = parameters.get('secret');
  if (secret === undefined || secret === '') return { fault: 'is an otpauth:// URI without a secret' };
  // A plus sign in a query is a blank; neither is part of Base32.
  return readBase32(secret);
}

/**
 * The bytes of a stored secret, also of one that an earlier release accepted. Bits that fill no byte are
 * dropped, as apps do. @throws Error when it is not Base32.
 */
export function appSecretBytes(secret: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((secret.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of secret) {
    const value = alphabet.indexOf(character);
    if (value === -1) throw new Error('the secret of an app is not Base32');
    bits = ((bits << 5) | value) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes[at] = (bits >> held) & 0xff;
    at += 1;
  }
  return bytes;
}

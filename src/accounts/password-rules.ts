import { longestPassword } from './password-hasher.ts';

const shortest = 8;

/** A rule about passwords that a new one breaks, as a sentence for operators. */
export type PasswordFault = string;

/** What every password must be, also an imported one: 8 characters to 1,024 bytes of text. */
export function faultOfPassword(plain: string): PasswordFault | undefined {
  if (!plain.isWellFormed() || plain.includes('\uFFFD')) return 'the password is not UTF-8 text';
  const normalised = plain.normalize('NFC');
  if (Array.from(normalised).length < shortest) return `the password is shorter than ${shortest} characters`;
  if (Buffer.byteLength(normalised) > longestPassword)
    return `the password is longer than ${longestPassword} bytes`;
  return undefined;
}

/**
 * What a newly chosen password must be besides (C48, ASVS 6.2): none of those that attackers try first, and
 * not the account's own ID. There is no rule about kinds of characters: such rules make passwords worse.
 */
export async function faultOfNewPassword(plain: string, loginId: string): Promise<PasswordFault | undefined> {
  const fault = faultOfPassword(plain);
  if (fault !== undefined) return fault;
  const folded = plain.normalize('NFKC').toLowerCase();
  if (folded.includes(loginId)) return 'the password contains the ID';
  // Some 400 KB that only this function needs.
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  if (dictionary['passwords-common'].includes(folded)) return 'the password is one of the most common ones';
  return undefined;
}

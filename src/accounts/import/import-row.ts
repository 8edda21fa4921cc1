import { type AccountKind, normaliseLoginId, parseAccountKind } from '../login-id.ts';
import { faultOfForeignHash } from '../password-hasher.ts';
import { faultOfPassword } from '../password-rules.ts';

export const importColumns = [
  'login_id',
  'kind',
  'name_en',
  'name_ja',
  'email',
  'affiliation',
  'locale',
  'password',
  'password_hash',
  'factor_email',
  'totp_secret',
  'ends_at',
] as const;
export type ImportColumn = (typeof importColumns)[number];

/** What a file says about an account besides how it signs in. Null: the file's cell is empty. */
export interface Profile {
  name_en?: string | null;
  name_ja?: string | null;
  email?: string | null;
  affiliation?: string | null;
  locale?: 'en' | 'ja' | null;
  /** The day on which the directory ends the account, as `2027-03-31`. */
  ends_at?: string | null;
}

/** A line of the file that holds nothing wrong. */
export interface ImportRow {
  line: number;
  loginId: string;
  kind: AccountKind;
  /** Only columns that the file has. */
  profile: Profile;
  password?: string;
  passwordHash?: string;
  factorAddress?: string;
  /** Base32, upper case, without padding. */
  totpSecret?: string;
}

/** The form in which an address is stored, or why it cannot be registered (R17). */
export type CanonicalAddress = (input: string) => { address: string } | { reason: string };

/** A file that is refused as a whole, before anything is imported. The message is for operators. */
export class ImportRefusedError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ImportRefusedError';
  }
}

/** The columns that the header names, in its order. @throws ImportRefusedError */
export function readHeader(fields: readonly string[]): ImportColumn[] {
  const names = fields.map((field) => field.normalize('NFKC').trim().toLowerCase());
  const unknown = names.filter((name) => !importColumns.some((column) => column === name));
  if (unknown.length === names.length || names.some((name) => /[\uFFFD\0]/.test(name))) {
    throw new ImportRefusedError(
      `the first line names no column of an import: it must be UTF-8 text, separated by commas, with names out of ${importColumns.join(', ')}`,
    );
  }
  if (unknown.length > 0) {
    const said = unknown.map((name) => (name === '' ? 'one without a name' : `"${name}"`)).join(', ');
    throw new ImportRefusedError(`unknown column: ${said}; known are ${importColumns.join(', ')}`);
  }
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new ImportRefusedError(`column given twice: ${twice.join(', ')}`);
  const missing = ['login_id', 'kind'].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new ImportRefusedError(`column missing: ${missing.join(', ')}`);
  return names as ImportColumn[];
}

// Cc except the white space that `readText` folds.
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\0-\u001F\u007F-\u009F]/;
const longestText = 200;

function readText(value: string): string {
  return value
    .normalize('NFC')
    .replace(/[\t\r\n ]+/g, ' ')
    .trim();
}

/** Base32 (RFC 4648) as people and exports write it: spaces, hyphens, lower case and padding aside. */
function readTotpSecret(value: string): string | undefined {
  const secret = value.normalize('NFKC').replace(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  // 1, 3 and 6 characters over a multiple of 8 are no whole number of bytes.
  const whole = ![1, 3, 6].includes(secret.length % 8);
  return /^[A-Z2-7]{16,128}$/.test(secret) && whole ? secret : undefined;
}

/** A day that the calendar has, in ISO 8601: the 30th of February is none. */
function isDay(text: string): boolean {
  if (!/^[12]\d{3}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function readProfile(cells: ReadonlyMap<ImportColumn, string>, reasons: string[]): Profile {
  const profile: Profile = {};
  for (const column of ['name_en', 'name_ja', 'email', 'affiliation'] as const) {
    const cell = cells.get(column);
    if (cell === undefined) continue;
    const text = readText(cell);
    if (text.length > longestText) reasons.push(`${column} is longer than ${longestText} characters`);
    else if (controlCharacters.test(text)) reasons.push(`${column} holds a control character`);
    else if (column === 'email' && text !== '' && !/^[^@\s]+@[^@\s]+$/.test(text)) {
      reasons.push('email is not an address');
    } else profile[column] = text === '' ? null : text;
  }
  const locale = cells.get('locale')?.trim().toLowerCase();
  if (locale === '') profile.locale = null;
  else if (locale === 'en' || locale === 'ja') profile.locale = locale;
  else if (locale !== undefined) reasons.push('locale is neither en nor ja');
  const endsAt = cells.get('ends_at')?.normalize('NFKC').trim();
  if (endsAt === '') profile.ends_at = null;
  else if (endsAt !== undefined && isDay(endsAt)) profile.ends_at = endsAt;
  else if (endsAt !== undefined) reasons.push('ends_at is not a date such as 2027-03-31');
  return profile;
}

type Secrets = Pick<ImportRow, 'password' | 'passwordHash' | 'factorAddress' | 'totpSecret'>;

function readSecrets(
  cells: ReadonlyMap<ImportColumn, string>,
  canonicalAddress: CanonicalAddress,
  reasons: string[],
): Secrets {
  const secrets: Secrets = {};
  const given = (column: ImportColumn): string => cells.get(column) ?? '';
  const password = given('password');
  const passwordHash = given('password_hash').trim();
  const note = (fault: string | undefined): boolean => {
    if (fault !== undefined) reasons.push(fault);
    return fault === undefined;
  };
  if (password !== '' && passwordHash !== '') reasons.push('both password and password_hash are given');
  else if (password !== '' && note(faultOfPassword(password))) secrets.password = password;
  else if (passwordHash !== '' && note(faultOfForeignHash(passwordHash))) secrets.passwordHash = passwordHash;

  if (given('factor_email').trim() !== '') {
    const canonical = canonicalAddress(given('factor_email'));
    if ('address' in canonical) secrets.factorAddress = canonical.address;
    else reasons.push(`factor_email ${canonical.reason}`);
  }
  if (given('totp_secret').trim() !== '') {
    const secret = readTotpSecret(given('totp_secret'));
    if (secret === undefined) reasons.push('totp_secret is not Base32 of 16 to 128 characters');
    else secrets.totpSecret = secret;
  }
  return secrets;
}

/** Reads one record. @returns the row, or all that is wrong with it; never a secret in a reason. */
export function readRow(
  line: number,
  fields: readonly string[],
  columns: readonly ImportColumn[],
  canonicalAddress: CanonicalAddress,
): ImportRow | { reasons: string[]; loginId: string | undefined } {
  const reasons: string[] = [];
  const cells = new Map(columns.map((column, index) => [column, fields[index] ?? ''] as const));
  const loginId = normaliseLoginId(cells.get('login_id') ?? '');
  if (fields.length !== columns.length) {
    const reason = `the line has ${fields.length} fields, the first line has ${columns.length}`;
    return { reasons: [reason], loginId };
  }
  if (fields.some((field) => field.includes('\uFFFD'))) {
    return { reasons: ['the line is not UTF-8 text (was the file saved as Shift_JIS?)'], loginId };
  }
  if (loginId === undefined) {
    reasons.push('login_id is missing or not 1 to 64 of the characters a-z 0-9 . _ -');
  }
  const kind = parseAccountKind(cells.get('kind') ?? '');
  if (kind === undefined) {
    reasons.push('kind is none of ecs, sps, ECS-ID, SPS-ID, staff, student, guest');
  }
  const profile = readProfile(cells, reasons);
  const secrets = readSecrets(cells, canonicalAddress, reasons);
  if (loginId === undefined || kind === undefined || reasons.length > 0) return { reasons, loginId };
  return { line, loginId, kind, profile, ...secrets };
}

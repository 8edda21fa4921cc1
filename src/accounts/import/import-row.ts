import { type AccountKind, normaliseLoginId, parseAccountKind } from '../login-id.ts';
import { readAppSecret } from '../../base/app-secret.ts';
import { readForeignHash } from '../foreign-hash.ts';
import { faultOfPassword } from '../password-rules.ts';
import { readDay } from './read-day.ts';

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

/** A line of the file without errors. */
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

/**
 * The columns that the header names, in its order; unnamed ones at its end do not count.
 * @throws ImportRefusedError
 */
export function readHeader(fields: readonly string[]): ImportColumn[] {
  const names = fields.map((field) => field.normalize('NFKC').trim().toLowerCase());
  const unknown = names.filter((name) => !importColumns.some((column) => column === name));
  if (unknown.length === names.length || names.some((name) => /[\uFFFD\0]/.test(name))) {
    throw new ImportRefusedError(
      `the first line names no column of an import: it must be UTF-8 text, separated by commas, with names out of ${importColumns.join(', ')}`,
    );
  }
  // What a spreadsheet leaves to the right of its last column.
  const named = names.findLastIndex((name) => name !== '') + 1;
  if (unknown.length === names.length - named && unknown.every((name) => name === '')) names.length = named;
  else if (unknown.length > 0) {
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
  const endsAt = cells.get('ends_at')?.trim();
  if (endsAt === '') profile.ends_at = null;
  else if (endsAt !== undefined) {
    const read = readDay(endsAt);
    if ('day' in read) profile.ends_at = read.day;
    else reasons.push(`ends_at ${read.fault}`);
  }
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
  if (password !== '' && passwordHash !== '') reasons.push('both password and password_hash are given');
  else if (password !== '') {
    const fault = faultOfPassword(password);
    if (fault === undefined) secrets.password = password;
    else reasons.push(fault.replace(/^the password/, 'password'));
  } else if (passwordHash !== '') {
    const read = readForeignHash(passwordHash);
    if ('phc' in read) secrets.passwordHash = read.phc;
    else reasons.push(read.fault);
  }

  if (given('factor_email').trim() !== '') {
    const canonical = canonicalAddress(given('factor_email'));
    if ('address' in canonical) secrets.factorAddress = canonical.address;
    else reasons.push(`factor_email ${canonical.reason}`);
  }
  if (given('totp_secret').trim() !== '') {
    const read = readAppSecret(given('totp_secret'));
    if ('secret' in read) secrets.totpSecret = read.secret;
    else reasons.push(`totp_secret ${read.fault}`);
  }
  return secrets;
}

/** A field without the ="…" by which a spreadsheet keeps leading zeros; a password may look like that too. */
function cellText(column: ImportColumn, field: string): string {
  return column === 'password' ? field : (/^\s*="(.*)"\s*$/s.exec(field)?.[1] ?? field);
}

/** Reads one record. @returns the row, or all its errors; a reason never contains a secret. */
export function readRow(
  line: number,
  fields: readonly string[],
  columns: readonly ImportColumn[],
  canonicalAddress: CanonicalAddress,
): ImportRow | { reasons: string[]; loginId: string | undefined } {
  const reasons: string[] = [];
  const cells = new Map(
    columns.map((column, index) => [column, cellText(column, fields[index] ?? '')] as const),
  );
  const loginId = normaliseLoginId(cells.get('login_id') ?? '');
  const unnamed = fields.findIndex((field, index) => index >= columns.length && field.trim() !== '');
  if (fields.length < columns.length || unnamed !== -1) {
    const reason = `the line has ${fields.length} fields, the first line names ${columns.length}`;
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

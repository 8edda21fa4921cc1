import { newId } from '../../base/ids.ts';
import { parametersOf } from '../password-hasher.ts';
import type { ExistingAccount } from './existing.ts';
import type { HashedPassword } from './hash-passwords.ts';
import type { ImportRow, Profile } from './import-row.ts';
import { type ImportDigests, madeByFile, type Said } from './memory.ts';

/** What is to be written for one row. */
export interface RowPlan {
  row: ImportRow;
  accountId: string;
  isNew: boolean;
  /** The new profile; undefined when nothing in it changes. */
  profile: Profile | undefined;
  phc: string | undefined;
  address: string | undefined;
  totpSecret: string | undefined;
  /** What changes, in words for the audit log. */
  changes: readonly string[];
  /** What of the file was skipped because the account has something newer, for the report. */
  kept: readonly string[];
  /** What is recorded of the file from here on; undefined where it is recorded already. */
  said: Said | undefined;
  /** The file gives a password that it has not given before. */
  passwordSaid: boolean;
}

/** A plan under construction. */
interface Draft {
  accountId: string;
  existing: ExistingAccount | undefined;
  digests: ImportDigests;
  /** Whether a hash was made with other parameters than the configured ones. */
  foreign: (phc: string) => boolean;
  said: Record<string, string>;
  kept: string[];
}

const stays = {
  newer: 'the password was changed since a file gave this one, and stays',
  unknown:
    'the password stays: whether the account or the file has the newer one is not known the first time after an upgrade (to set it, use `nijo accounts set-password`, or another password in the file)',
  meanwhile: 'the password was changed during the import and stays',
};

/** The hash to write, where the file gives a password that it never gave before and the account lacks. */
function planPassword(
  row: ImportRow,
  hashed: HashedPassword | undefined,
  { accountId, existing, digests, foreign, said, kept }: Draft,
): string | undefined {
  const { password, passwordHash } = row;
  if (password === undefined && passwordHash === undefined) return undefined;
  const stored = existing?.phc;
  const before = said.password;
  if (hashed !== undefined && existing !== undefined) {
    // Somebody set it, or another file gave it, while this one was being hashed: that one is newer.
    if (hashed.comparedWith !== existing.passwordSet || hashed.rememberedThen !== before) {
      kept.push(stays.meanwhile);
      return undefined;
    }
  }
  const digest = (phc: string): string =>
    passwordHash === undefined
      ? digests.ofPassword(accountId, phc)
      : digests.of(accountId, 'password_hash', phc);
  const given = passwordHash ?? hashed?.phc;
  if (hashed?.saidBefore === true || (passwordHash !== undefined && before === digest(passwordHash))) {
    // A hash that differs may be of the same password, renewed at a sign-in.
    if (passwordHash === undefined || (passwordHash !== stored && existing?.passwordIsNewer === true))
      kept.push(stays.newer);
    return undefined;
  }
  const has = passwordHash === undefined ? hashed?.phc === undefined : passwordHash === stored;
  if (stored !== undefined && has) {
    said.password = digest(stored);
    return undefined;
  }
  if (given === undefined) return undefined;
  said.password = digest(given);
  if (existing === undefined || stored === undefined || before !== undefined || madeByFile in said)
    return given;
  // No file has given a password of this account since that is recorded. The password that the account was
  // made with is known to be the file's; only its parameters tell it from a hash renewed at sign-in.
  if (existing.passwordIsFirst && (passwordHash === undefined || foreign(stored))) return given;
  kept.push(stays.unknown);
  return undefined;
}

function planAddress(
  row: ImportRow,
  { accountId, existing, digests, said, kept }: Draft,
): string | undefined {
  const address = row.factorAddress;
  if (address === undefined) return undefined;
  const digest = digests.of(accountId, 'factor_email', address);
  const saidBefore = said.factor_email === digest;
  said.factor_email = digest;
  if (existing === undefined) return address;
  const known = existing.addresses.find((one) => one.address === address && one.active);
  if (known !== undefined) return undefined;
  // A file never replaces an active factor, and never brings back one that the user has ended.
  if (existing.addresses.some((one) => one.active)) {
    kept.push('another proven address is in use and stays');
    return undefined;
  }
  if (saidBefore || existing.addresses.some((one) => one.address === address)) {
    kept.push('the address was in use and has been removed; it is not brought back');
    return undefined;
  }
  return address;
}

function planSecret(row: ImportRow, { accountId, existing, digests, said }: Draft): string | undefined {
  const secret = row.totpSecret;
  if (secret === undefined) return undefined;
  const digest = digests.of(accountId, 'totp_secret', secret);
  const saidBefore = said.totp_secret === digest;
  said.totp_secret = digest;
  return saidBefore || existing?.totpSecrets.includes(secret) === true ? undefined : secret;
}

/** The columns that change. A column that changed in the account and not in the file stays as it is. */
function planProfile(
  row: ImportRow,
  { accountId, existing, digests, said, kept }: Draft,
): Map<keyof Profile, string | null> {
  const changed = new Map<keyof Profile, string | null>();
  const columns = Object.entries(row.profile) as [keyof Profile, string | null][];
  for (const [column, value] of columns) {
    const present = existing?.account[column] ?? null;
    const digest = digests.of(accountId, column, value);
    const before = said[column];
    said[column] = digest;
    if (value === present) continue;
    const chosen =
      column === 'locale' && present !== null && before !== digests.of(accountId, column, present);
    if (existing !== undefined && before === digest) {
      // Many users choose their language; that is no news for an operator.
      if (!chosen) kept.push(`${column} was changed elsewhere since a file gave this value, and stays`);
    } else if (existing !== undefined && chosen) kept.push('locale was chosen by the user and stays');
    else changed.set(column, value);
  }
  return changed;
}

/**
 * What a row changes: only what the file says for the first time, nothing that is already so, and no active
 * factor. It is pure, so that the same file and the same state always give the same plan.
 * @returns a reason instead when the row contradicts the account.
 */
export function planRow(
  row: ImportRow,
  existing: ExistingAccount | undefined,
  hashed: HashedPassword | undefined,
  digests: ImportDigests,
  needsRehash: (phc: string) => boolean,
): RowPlan | { reason: string } {
  const account = existing?.account;
  // Staff and student IDs are one namespace: a line in a file never moves an ID to the other kind (R2).
  if (account !== undefined && account.kind !== row.kind) {
    return { reason: `the ID is an account of kind ${account.kind} already` };
  }
  const accountId = account?.id ?? newId();
  const before: Said = existing === undefined ? {} : (existing.said ?? {});
  const said: Record<string, string> = existing === undefined ? { [madeByFile]: 'yes' } : { ...before };
  const foreign = (phc: string): boolean => parametersOf(phc) !== undefined && needsRehash(phc);
  const draft: Draft = { accountId, existing, digests, foreign, said, kept: [] };
  const profile = planProfile(row, draft);
  const phc = planPassword(row, hashed, draft);
  const address = planAddress(row, draft);
  const totpSecret = planSecret(row, draft);
  const changes: string[] = [...profile.keys()];
  if (phc !== undefined) changes.push('password');
  if (address !== undefined) changes.push('factor_email');
  if (totpSecret !== undefined) changes.push('totp_secret');
  const present = Object.keys(row.profile).map((column) => [
    column,
    account?.[column as keyof Profile] ?? null,
  ]);
  const news = Object.keys(said).some((column) => said[column] !== before[column]);
  return {
    row,
    accountId,
    isNew: account === undefined,
    profile:
      profile.size > 0 ? { ...Object.fromEntries(present), ...Object.fromEntries(profile) } : undefined,
    phc,
    address,
    totpSecret,
    changes,
    kept: draft.kept,
    said: news ? said : undefined,
    passwordSaid: said.password !== before.password,
  };
}

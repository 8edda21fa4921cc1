import { newId } from '../../base/ids.ts';
import type { ExistingAccount } from './existing.ts';
import type { HashedPassword } from './hash-passwords.ts';
import type { ImportRow, Profile } from './import-row.ts';

/** What is to be written for one row. */
export interface RowPlan {
  row: ImportRow;
  accountId: string;
  isNew: boolean;
  /** The profile as it will be; undefined when it is so already. */
  profile: Profile | undefined;
  phc: string | undefined;
  address: string | undefined;
  totpSecret: string | undefined;
  /** What changes, in words for the audit log. */
  changes: readonly string[];
  /** What of the file was left aside for the account's own newer state, for the report. */
  kept: readonly string[];
}

function planPassword(
  row: ImportRow,
  existing: ExistingAccount | undefined,
  hashed: HashedPassword | undefined,
  kept: string[],
): string | undefined {
  if (row.passwordHash !== undefined)
    return row.passwordHash === existing?.phc ? undefined : row.passwordHash;
  if (hashed?.phc === undefined) return undefined;
  // Set by somebody while the file's was being hashed: that one is newer.
  if (hashed.comparedWith !== existing?.phc) {
    kept.push('the password was changed during the import and stays');
    return undefined;
  }
  return hashed.phc;
}

function planAddress(
  row: ImportRow,
  existing: ExistingAccount | undefined,
  kept: string[],
): string | undefined {
  const address = row.factorAddress;
  if (address === undefined || existing === undefined) return address;
  const known = existing.addresses.find((one) => one.address === address && one.active);
  if (known !== undefined) return undefined;
  // A running factor is never replaced by a file, and one that its owner has ended never comes back.
  if (existing.addresses.some((one) => one.active)) {
    kept.push('another proven address is in use and stays');
    return undefined;
  }
  if (existing.addresses.some((one) => one.address === address)) {
    kept.push('the address was in use and has been removed; it is not brought back');
    return undefined;
  }
  return address;
}

/**
 * What a row changes: nothing that is so already, and no factor that runs. Pure, so that the same
 * file and the same state always give the same.
 * @returns a reason instead when the row contradicts the account.
 */
export function planRow(
  row: ImportRow,
  existing: ExistingAccount | undefined,
  hashed: HashedPassword | undefined,
): RowPlan | { reason: string } {
  const account = existing?.account;
  // Staff and student IDs are one namespace: an ID never changes sides by a line in a file (R2).
  if (account !== undefined && account.kind !== row.kind) {
    return { reason: `the ID is an account of kind ${account.kind} already` };
  }
  const kept: string[] = [];
  const changes: string[] = [];
  for (const [column, value] of Object.entries(row.profile) as [keyof Profile, string | null][]) {
    if ((account?.[column] ?? null) !== value) changes.push(column);
  }
  const profileChanges = changes.length > 0;
  const phc = planPassword(row, existing, hashed, kept);
  const address = planAddress(row, existing, kept);
  const totpSecret =
    row.totpSecret !== undefined && existing?.totpSecrets.includes(row.totpSecret) === true
      ? undefined
      : row.totpSecret;
  if (phc !== undefined) changes.push('password');
  if (address !== undefined) changes.push('factor_email');
  if (totpSecret !== undefined) changes.push('totp_secret');
  return {
    row,
    accountId: account?.id ?? newId(),
    isNew: account === undefined,
    profile: profileChanges ? row.profile : undefined,
    phc,
    address,
    totpSecret,
    changes,
    kept,
  };
}

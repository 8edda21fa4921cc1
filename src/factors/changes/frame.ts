import { type AuditEventName, recordAudit } from '../../audit/audit.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Configuration } from '../../config/schema.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import type { ForbiddenDomainRule } from '../mail/address.ts';
import type { AppCodes } from '../app/codes.ts';
import type { Factor } from '../assurance.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import { requireChangeable } from '../verification/freeze.ts';
import type { MailCodes } from '../mail/codes.ts';
import type { Notice, Notices } from '../notices/notices.ts';
import type { FactorPause } from '../verification/pause.ts';
import type { Finding, Verification, VerificationOutcome } from '../verification/verify.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import { type AccountUser, ownPageClient } from '../account-user.ts';

/** What every kind of change uses. */
export interface ChangeDependencies {
  db: Db;
  sealer: Sealer;
  mailCodes: MailCodes;
  appCodes: AppCodes;
  proving: Pick<Verification, 'compareWithinLimits'>;
  pause: FactorPause;
  notices: Notices;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
  settings: Configuration['app_codes'];
  forbidden: readonly ForbiddenDomainRule[];
  appKeyUri: (loginId: string, secret: string) => string;
  /** Hands a mail over after the commit, in the background. */
  handOver: (mailId: string) => void;
}

/**
 * Locks the account, and verifies that neither account nor session has ended since the request began, and
 * that the sign-in is still from the last minutes (R16).
 * @throws NijoError `fresh_sign_in_needed`.
 */
export async function lockOwnAccount(
  trx: Db,
  changer: Pick<AccountUser, 'accountId' | 'sessionUids' | 'authTime'>,
): Promise<void> {
  await lockAccount(trx, changer.accountId);
  await requireFreshProof(trx, { session: changer });
}

/** A change without a code: while the account is locked, and only while changes are possible. */
export function changing<Result>(
  dependencies: Pick<ChangeDependencies, 'db'>,
  changer: AccountUser,
  what: 'factors' | 'address',
  work: (trx: Db) => Promise<Result>,
): Promise<Result> {
  return inTransaction(dependencies.db, async (trx) => {
    await lockOwnAccount(trx, changer);
    await requireChangeable(trx, changer.accountId, what);
    return work(trx);
  });
}

/**
 * A change that a code proves: within the limits of every comparison, while the account is locked, and with
 * `onMatch` in the same transaction.
 * @param options.what `undefined` for a check, which changes nothing and is possible at any time.
 */
export function proving(
  dependencies: Pick<ChangeDependencies, 'db' | 'proving'>,
  changer: AccountUser,
  options: { factor: Factor; what?: 'factors' | 'address'; settingUp?: boolean },
  find: (trx: Db) => Promise<Finding>,
  onMatch: (trx: Db) => Promise<void>,
): Promise<VerificationOutcome> {
  const { accountId, origin } = changer;
  return inTransaction(dependencies.db, async (trx): Promise<VerificationOutcome> => {
    const compared = await dependencies.proving.compareWithinLimits(
      trx,
      {
        accountId,
        clientId: ownPageClient,
        factor: options.factor,
        settingUp: options.settingUp === true,
      },
      origin,
      async () => {
        await lockOwnAccount(trx, changer);
        if (options.what !== undefined) await requireChangeable(trx, accountId, options.what);
        return find(trx);
      },
    );
    if (compared.outcome !== 'matched') return compared;
    await onMatch(trx);
    return { outcome: 'proven' };
  });
}

/** The row that every change writes, once for each factor that was activated, replaced or removed (I3). */
export async function auditChange(
  trx: Db,
  changer: AccountUser,
  event: AuditEventName,
  method: Factor,
  details: Readonly<Record<string, string | number | boolean>> = {},
): Promise<void> {
  await recordAudit(trx, changer.origin, {
    event,
    result: 'success',
    accountId: changer.accountId,
    clientId: ownPageClient,
    method,
    details,
  });
}

/** What follows every change of a factor: the user is told (R37), and trust in all browsers ends (R31). */
export async function conclude(
  dependencies: Pick<ChangeDependencies, 'notices' | 'trustedBrowsers'>,
  trx: Db,
  changer: AccountUser,
  ...told: readonly Notice[]
): Promise<void> {
  const { accountId, origin, locale } = changer;
  await dependencies.trustedBrowsers.endAll(trx, accountId, 'factor-changed', origin);
  for (const notice of told) await dependencies.notices.tell(trx, accountId, notice, origin, locale);
}

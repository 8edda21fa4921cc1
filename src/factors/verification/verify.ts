import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AppCodes } from '../app/codes.ts';
import type { Factor } from '../assurance.ts';
import { clearFailures, type CodeFactor, countFailure, failuresOf } from './failures.ts';
import { type MailCodes } from '../mail/codes.ts';
import type { FactorPause } from './pause.ts';
import { type SignIn, SignInChanged } from '../sign-in-state.ts';

export type VerificationOutcome =
  | { outcome: 'proven' }
  | { outcome: 'wrong'; attemptsLeft?: number }
  | { outcome: 'used' | 'expired' | 'exhausted' | 'none' }
  | { outcome: 'paused'; retryAfterSeconds: number }
  /** Too many wrong codes in a row: this factor is off until it is set up again (C05). */
  | { outcome: 'disabled' };

/** The result of a comparison inside the transaction, before limits and audit. */
export type Finding = (
  | { outcome: 'matched' }
  | Exclude<VerificationOutcome, { outcome: 'proven' | 'paused' | 'disabled' }>
) & {
  /** Further details for the audit row. */
  audited?: Readonly<Record<string, string | number | boolean>>;
};

/** The outcome of a comparison within the limits; it grants nothing. */
export type Comparison = { outcome: 'matched' } | Exclude<VerificationOutcome, { outcome: 'proven' }>;

/** The account whose factor is compared, and the client it is for. */
export interface ProofSubject {
  accountId: string;
  clientId: string;
  /** A setup pass is no factor, but can be guessed like one (R40). */
  factor: Factor | 'setup-pass';
  /**
   * The compared factor is being set up, so nobody can guess one that is in use: the hourly limit applies,
   * and wrong codes in a row neither count nor matter.
   */
  settingUp?: boolean;
}

export interface Verification {
  /** A mailed code at sign-in. */
  verifyMailCode(signIn: SignIn, digits: string, origin: RequestOrigin): Promise<VerificationOutcome>;
  /** An authenticator app's code at sign-in. */
  verifyAppCode(signIn: SignIn, digits: string, origin: RequestOrigin): Promise<VerificationOutcome>;
  /**
   * Both of these and setting up run in it: limits first, then compare, then grant, all in one
   * transaction with its audit rows. `onMatch` runs in that transaction.
   */
  prove(
    signIn: SignIn,
    factor: Factor,
    origin: RequestOrigin,
    find: (trx: Db) => Promise<Finding>,
    onMatch?: (trx: Db) => Promise<void>,
    options?: { settingUp?: boolean },
  ): Promise<VerificationOutcome>;
  /**
   * Every comparison of a code runs here: the hourly limit of the account (R8), the factor's limit of wrong
   * codes in a row (C05), then `find`, then audit. Nothing is granted. The account's window of wrong codes
   * is locked until the transaction ends, so that comparisons of one account run one after the other: call
   * it first in a transaction, and lock the account inside `find`.
   */
  compareWithinLimits(
    trx: Db,
    subject: ProofSubject,
    origin: RequestOrigin,
    find: () => Promise<Finding>,
  ): Promise<Comparison>;
}

const auditEvents = {
  mail: { success: 'mail-code.verified', failure: 'mail-code.refused' },
  app: { success: 'app-code.verified', failure: 'app-code.refused' },
  'recovery-code': { success: 'recovery-code.verified', failure: 'recovery-code.refused' },
  passkey: { success: 'passkey.verified', failure: 'passkey.refused' },
  'setup-pass': { success: 'setup-pass.verified', failure: 'setup-pass.refused' },
} as const;

export function createVerification(dependencies: {
  db: Db;
  mailCodes: MailCodes;
  appCodes: AppCodes;
  pause: FactorPause;
  /** Tells the user, once, that a factor is off. */
  tellDisabled: (trx: Db, accountId: string, factor: CodeFactor, origin: RequestOrigin) => Promise<void>;
  /** After a factor of a sign-in is proven: what is worth offering to its user (R20). */
  claimOffer: (trx: Db, signIn: SignIn, proven: Factor) => Promise<void>;
}): Verification {
  const { db, mailCodes, appCodes, pause, tellDisabled, claimOffer } = dependencies;

  const compareWithinLimits: Verification['compareWithinLimits'] = async (trx, subject, origin, find) => {
    const { accountId, clientId, factor } = subject;
    const audited = { accountId, clientId, method: factor };
    // A passkey cannot be guessed, a factor being set up belongs to nobody yet, and a pass expires soon.
    const guessed =
      factor === 'passkey' || factor === 'setup-pass' || subject.settingUp === true ? undefined : factor;
    const refuse = async (reason: string, details: Finding['audited'] = {}): Promise<void> =>
      recordAudit(trx, origin, {
        event: auditEvents[factor].failure,
        result: 'failure',
        ...audited,
        details: { reason, ...details },
      });

    const allowed = await pause.begin(trx, accountId);
    if (!allowed.allowed) {
      await recordAudit(trx, origin, { event: 'factor.paused', result: 'failure', ...audited });
      return { outcome: 'paused', retryAfterSeconds: allowed.retryAfterSeconds };
    }
    const failures = guessed === undefined ? undefined : await failuresOf(trx, accountId, guessed);
    if (failures?.disabled === true) {
      await pause.forgive(trx, accountId);
      await refuse('disabled');
      return { outcome: 'disabled' };
    }
    const finding = await find();
    // Only a code that was compared and found wrong counts; a code typed too late or twice is no guess.
    if (finding.outcome !== 'wrong') await pause.forgive(trx, accountId);
    if (finding.outcome !== 'matched') {
      await refuse(finding.outcome, finding.audited);
      if (guessed === undefined || finding.outcome !== 'wrong') return finding;
      if (!(await countFailure(trx, accountId, guessed))) return finding;
      await recordAudit(trx, origin, { event: 'factor.disabled', result: 'failure', ...audited });
      await tellDisabled(trx, accountId, guessed, origin);
      return { outcome: 'disabled' };
    }
    if (guessed !== undefined && failures !== undefined && failures.inARow > 0)
      await clearFailures(trx, accountId, guessed);
    await recordAudit(trx, origin, {
      event: auditEvents[factor].success,
      result: 'success',
      ...audited,
      ...(finding.audited === undefined ? {} : { details: finding.audited }),
    });
    return { outcome: 'matched' };
  };

  const prove: Verification['prove'] = (signIn, factor, origin, find, onMatch, options) =>
    inTransaction(db, async (trx): Promise<VerificationOutcome> => {
      const subject = { accountId: signIn.account.id, clientId: signIn.clientId, factor, ...options };
      const compared = await compareWithinLimits(trx, subject, origin, () => find(trx));
      if (compared.outcome === 'paused') {
        // A paused step ends the login in progress, so that no half-finished login stays.
        await trx
          .deleteFrom('sign_ins')
          .where('interaction', '=', signIn.interaction)
          .where('account_id', '=', signIn.account.id)
          .execute();
      }
      if (compared.outcome !== 'matched') return compared;
      // The only statement that grants the factor. It names the account that the code was compared for: if
      // the interaction has passed to another account meanwhile, nothing is granted (I1, A27).
      const granted = await trx
        .updateTable('sign_ins as s')
        .from('accounts as a')
        .set({
          factor,
          factor_at: sql<Date>`now()`,
          // The key of an app that an offer has shown: another person at this browser may have seen it (S7).
          ...(options?.settingUp === true ? {} : { app_factor_id: null, app_secret_sealed: null }),
        })
        .whereRef('a.id', '=', 's.account_id')
        .where('s.interaction', '=', signIn.interaction)
        .where('s.account_id', '=', signIn.account.id)
        .where('s.browser', '=', signIn.browser)
        .where('a.status', '=', 'active')
        .returning('s.interaction')
        .executeTakeFirst();
      if (granted === undefined) throw new SignInChanged();
      await onMatch?.(trx);
      return { outcome: 'proven' };
    });

  return {
    prove,
    compareWithinLimits,
    verifyMailCode: (signIn, digits, origin) => {
      const find = async (trx: Db): Promise<Finding> => {
        const found = await mailCodes.consume(trx, signIn, 'sign-in', digits);
        if (found.outcome !== 'matched') return found;
        // A code sent to an address that is no longer the account's proves nothing (C19).
        const used = await trx
          .updateTable('mail_factors')
          .set({ last_used_at: sql<Date>`now()`, failures: 0, last_failure_at: null })
          .where('account_id', '=', signIn.account.id)
          .where('address', '=', found.address)
          .where('state', '=', 'active')
          .returning('id')
          .executeTakeFirst();
        return used === undefined ? { outcome: 'none' } : { outcome: 'matched' };
      };
      return prove(signIn, 'mail', origin, find, (trx) => claimOffer(trx, signIn, 'mail'));
    },
    verifyAppCode: (signIn, digits, origin) =>
      prove(
        signIn,
        'app',
        origin,
        (trx) => appCodes.consume(trx, signIn.account.id, digits),
        (trx) => claimOffer(trx, signIn, 'app'),
      ),
  };
}

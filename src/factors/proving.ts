import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import type { AppCodes } from './app-codes.ts';
import type { Factor } from './assurance.ts';
import { type MailCodes } from './mail-codes.ts';
import type { FactorPause } from './pause.ts';
import type { SignIn } from './sign-ins.ts';

export type ProofOutcome =
  | { outcome: 'proven' }
  | { outcome: 'wrong'; attemptsLeft?: number }
  | { outcome: 'used' | 'expired' | 'exhausted' | 'none' }
  | { outcome: 'paused'; retryAfterSeconds: number };

/** What a comparison inside the transaction found, before limits and audit. */
type Finding = { outcome: 'matched' } | Exclude<ProofOutcome, { outcome: 'proven' | 'paused' }>;

export interface Proving {
  /** A mailed code at sign-in. */
  proveMail(signIn: SignIn, digits: string, origin: RequestOrigin): Promise<ProofOutcome>;
  /** An authenticator app's code at sign-in. */
  proveApp(signIn: SignIn, digits: string, origin: RequestOrigin): Promise<ProofOutcome>;
  /**
   * The frame of both, and of setting up: limit first, then compare, then grant, all in one
   * transaction with its audit rows. `onMatch` runs in that transaction.
   */
  prove(
    signIn: SignIn,
    factor: Factor,
    origin: RequestOrigin,
    find: (trx: Db) => Promise<Finding>,
    onMatch?: (trx: Db) => Promise<void>,
  ): Promise<ProofOutcome>;
}

const auditEvents = {
  mail: { success: 'mail-code.verified', failure: 'mail-code.refused' },
  app: { success: 'app-code.verified', failure: 'app-code.refused' },
} as const;

export function createProving(dependencies: {
  db: Db;
  mailCodes: MailCodes;
  appCodes: AppCodes;
  pause: FactorPause;
}): Proving {
  const { db, mailCodes, appCodes, pause } = dependencies;

  const prove: Proving['prove'] = (signIn, factor, origin, find, onMatch) =>
    inTransaction(db, async (trx): Promise<ProofOutcome> => {
      const subject = { accountId: signIn.account.id, clientId: signIn.clientId, method: factor };
      const allowed = await pause.begin(trx, signIn.account.id);
      if (!allowed.allowed) {
        // A paused step ends the login in progress: it must not stay half done (market ask 11).
        await trx
          .deleteFrom('sign_ins')
          .where('interaction', '=', signIn.interaction)
          .where('account_id', '=', signIn.account.id)
          .execute();
        await recordAudit(trx, origin, { event: 'factor.paused', result: 'failure', ...subject });
        return { outcome: 'paused', retryAfterSeconds: allowed.retryAfterSeconds };
      }
      const finding = await find(trx);
      // Only a code that was compared and found wrong counts; a code typed too late or twice is no guess.
      if (finding.outcome !== 'wrong') await pause.forgive(trx, signIn.account.id);
      if (finding.outcome !== 'matched') {
        await recordAudit(trx, origin, {
          event: auditEvents[factor].failure,
          result: 'failure',
          ...subject,
          details: { reason: finding.outcome },
        });
        return finding;
      }
      // The only statement that grants the factor. It names the account that the code was compared
      // for: if the interaction has passed to another one meanwhile, nothing is granted (I1, A27).
      const granted = await trx
        .updateTable('sign_ins as s')
        .from('accounts as a')
        .set({ factor, factor_at: sql<Date>`now()` })
        .whereRef('a.id', '=', 's.account_id')
        .where('s.interaction', '=', signIn.interaction)
        .where('s.account_id', '=', signIn.account.id)
        .where('s.browser', '=', signIn.browser)
        .where('a.status', '=', 'active')
        .returning('s.interaction')
        .executeTakeFirst();
      if (granted === undefined) throw new SignInChanged();
      await onMatch?.(trx);
      await recordAudit(trx, origin, { event: auditEvents[factor].success, result: 'success', ...subject });
      return { outcome: 'proven' };
    });

  return {
    prove,
    proveMail: (signIn, digits, origin) =>
      prove(signIn, 'mail', origin, async (trx) => {
        const found = await mailCodes.consume(trx, signIn, 'sign-in', digits);
        if (found.outcome !== 'matched') return found;
        // A code that went to an address which is no longer the account's proves nothing (C19).
        const used = await trx
          .updateTable('mail_factors')
          .set({ last_used_at: sql<Date>`now()` })
          .where('account_id', '=', signIn.account.id)
          .where('address', '=', found.address)
          .where('state', '=', 'active')
          .returning('id')
          .executeTakeFirst();
        return used === undefined ? { outcome: 'none' } : { outcome: 'matched' };
      }),
    proveApp: (signIn, digits, origin) =>
      prove(signIn, 'app', origin, (trx) => appCodes.consume(trx, signIn.account.id, digits)),
  };
}

/** The login in progress passed to another account, browser or end while a code was compared. */
export class SignInChanged extends Error {
  constructor() {
    super('the sign-in changed while its factor was being proven');
    this.name = 'SignInChanged';
  }
}

import { sql } from 'kysely';
import { endEverythingOf } from '../../accounts/status.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { endFactors } from './end-factors.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import { freezeHours, requireChangeable } from '../verification/freeze.ts';
import type { MailCodes } from '../mail/codes.ts';
import type { Notices } from '../notices/notices.ts';
import { type VerificationOutcome, type Verification } from '../verification/verify.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import type { SignIn } from '../sign-in-state.ts';

/** Why an app cannot be used, as the page lists it (R35). */
export const resetReasons = ['not-transferred', 'device-failure', 'other'] as const;
export type ResetReason = (typeof resetReasons)[number];

/** The reason that a form gives. @throws NijoError `reason_missing` */
export function readResetReason(input: unknown): ResetReason {
  const reason = resetReasons.find((known) => known === input);
  if (reason === undefined) throw new NijoError('reason_missing');
  return reason;
}

/** "I can't use my app": removes everything but the mail address, by password and mail code (R35, C15). */
export interface Reset {
  /** Whether changes are frozen now: a reset would be refused, and only the support centre can help (D11). */
  isFrozen(accountId: string): Promise<boolean>;
  /**
   * Proves the mail code (purpose `reset`) and, in the same transaction, removes apps, passkeys, recovery
   * codes and trusted browsers, ends every other session, grant and login, freezes the address for a day,
   * records the reason and tells the user (R35, R37). This login continues, with the mail factor proven and
   * `reset-done` as its next page. It rests on the password, given in this login within the last minutes
   * (S6).
   * @param keep sessions, as digests, that continue: the one that this login steps up.
   * @throws NijoError `changes_frozen`, `fresh_sign_in_needed`; the code is not used up then.
   */
  byMail(
    signIn: SignIn,
    digits: string,
    reason: ResetReason,
    keep: { sessionUids?: readonly string[] },
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<VerificationOutcome>;
}

export function createReset(dependencies: {
  db: Db;
  mailCodes: Pick<MailCodes, 'consume'>;
  proving: Pick<Verification, 'prove'>;
  notices: Pick<Notices, 'tell'>;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
}): Reset {
  const { db, mailCodes, proving, notices, trustedBrowsers } = dependencies;

  return {
    async isFrozen(accountId) {
      try {
        await requireChangeable(db, accountId, 'factors');
        return false;
      } catch (error) {
        if (error instanceof NijoError && error.code === 'changes_frozen') return true;
        throw error;
      }
    },

    byMail: (signIn, digits, reason, keep, origin, locale) =>
      proving.prove(
        signIn,
        'mail',
        origin,
        async (trx) => {
          await lockAccount(trx, signIn.account.id);
          await requireChangeable(trx, signIn.account.id, 'factors');
          const found = await mailCodes.consume(trx, signIn, 'reset', digits);
          if (found.outcome !== 'matched') return found;
          // A refusal does not use the code up: the user types it again, with the password.
          await requireFreshProof(trx, { login: signIn, by: 'password' });
          const confirmed = await confirmAddress(trx, signIn.account.id, found.address);
          return confirmed ? { outcome: 'matched' } : { outcome: 'none' };
        },
        async (trx) => {
          const accountId = signIn.account.id;
          const { counts } = await endFactors(trx, accountId, { keepAddress: true });
          const { mail: _, ...gone } = counts;
          await trustedBrowsers.endAll(trx, accountId, 'reset', origin);
          await endEverythingOf(trx, accountId, {
            interaction: signIn.interaction,
            why: 'reset',
            ...keep,
          });
          await trx
            .updateTable('accounts')
            .set({
              address_frozen_until: sql<Date>`now() + make_interval(hours => ${freezeHours})`,
              updated_at: sql<Date>`now()`,
            })
            .where('id', '=', accountId)
            .execute();
          await trx
            .updateTable('sign_ins')
            .set({
              reset_at: sql<Date>`now()`,
              detour: 'reset-done',
              way: null,
              challenge_id: null,
              app_factor_id: null,
              app_secret_sealed: null,
            })
            .where('interaction', '=', signIn.interaction)
            .where('account_id', '=', accountId)
            .execute();
          await recordAudit(trx, origin, {
            event: 'factor.reset',
            result: 'success',
            accountId,
            clientId: signIn.clientId,
            method: 'mail',
            details: { reason, ...gone },
          });
          await notices.tell(trx, accountId, { kind: 'reset' }, origin, locale);
        },
      ),
  };
}

/** A code sent to an address that is no longer the account's proves nothing (C19). */
async function confirmAddress(trx: Db, accountId: string, address: string): Promise<boolean> {
  const used = await trx
    .updateTable('mail_factors')
    .set({ last_used_at: sql<Date>`now()`, failures: 0, last_failure_at: null })
    .where('account_id', '=', accountId)
    .where('address', '=', address)
    .where('state', '=', 'active')
    .returning('id')
    .executeTakeFirst();
  return used !== undefined;
}

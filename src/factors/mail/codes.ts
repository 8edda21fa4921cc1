import { sql } from 'kysely';
import type { Sealer } from '../../base/sealing.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Configuration } from '../../config/schema.ts';
import type { Db } from '../../db/open.ts';
import { enqueueMail } from '../../mail/outbox.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import {
  countMails,
  findNewest,
  openChallenge,
  takeUpAgain,
  type ChallengeOwner,
  type CodePurpose,
} from './challenges.ts';
import { isMailCode } from './code-value.ts';
import { formatTime } from '../../i18n/times.ts';

/** What the mail says besides the code (R10). */
export interface MailContext {
  locale: 'en' | 'ja';
  /** The service's name in the mail's language; a mail of the user's own page names none. */
  service?: string;
  /** The browser in words, such as "Chrome on Windows". */
  device: string;
}

export type SendOutcome =
  | { outcome: 'sent'; mailId: string; repeated: boolean }
  | { outcome: 'too-soon'; retryAfterSeconds: number }
  | { outcome: 'limited'; retryAfterSeconds: number }
  /** The factor step is paused: no code would be accepted, so none is sent (R8). */
  | { outcome: 'paused'; retryAfterSeconds: number };

export type MailCodeOutcome =
  | { outcome: 'matched'; address: string }
  | { outcome: 'wrong'; attemptsLeft: number }
  | { outcome: 'used' | 'expired' | 'exhausted' | 'none' };

export interface MailCodes {
  /**
   * Mails a code for this owner. Within a code's life this is a resend: the same code with the same expiry
   * (R9). Asked again too soon, it sends nothing: the code on its way is the one to type, also after a
   * change to another factor and back. Call it inside a transaction; hand the mail over after the commit.
   */
  send(
    trx: Db,
    holder: ChallengeOwner,
    purpose: CodePurpose,
    address: string,
    context: MailContext,
    origin: RequestOrigin,
  ): Promise<SendOutcome>;
  /** Compares and consumes in one conditional statement (R5, E2). Call inside a transaction. */
  consume(trx: Db, holder: ChallengeOwner, purpose: CodePurpose, digits: string): Promise<MailCodeOutcome>;
  /** Whether another mail with the present code can be requested, and in how many seconds. */
  resendInSeconds(holder: Pick<ChallengeOwner, 'challenge'>): number;
  /** A code that can still be typed: neither used, void, expired nor tried too often. */
  isOpen(holder: Pick<ChallengeOwner, 'challenge'>): boolean;
}

const letterOf = {
  'sign-in': 'sign-in-code',
  check: 'sign-in-code',
  'set-up': 'set-up-code',
  change: 'set-up-code',
  reset: 'reset-code',
} as const satisfies Record<CodePurpose, string>;

export function createMailCodes(dependencies: {
  settings: Configuration['mail_codes'];
  sealer: Sealer;
  timeZone: string;
  /** The operator's switch: a code in the subject shows on lock screens. */
  codeInSubject: boolean;
}): MailCodes {
  const { settings, sealer, timeZone, codeInSubject } = dependencies;
  const isOpen: MailCodes['isOpen'] = ({ challenge }) =>
    challenge?.open === true && challenge.attempts < settings.max_attempts;
  const resendInSeconds: MailCodes['resendInSeconds'] = ({ challenge }) =>
    challenge === undefined
      ? 0
      : Math.max(0, Math.ceil(settings.resend_cooldown_seconds - challenge.sinceLastMail));

  return {
    isOpen,
    resendInSeconds,

    async send(trx, holder, purpose, address, context, origin) {
      await lockAccount(trx, holder.account.id);
      const sent = await countMails(trx, holder.account.id);
      const newest = await findNewest(trx, holder, purpose, address, settings.max_attempts);
      const refuse = async (
        outcome: 'too-soon' | 'limited',
        retryAfterSeconds: number,
      ): Promise<SendOutcome> => {
        await recordAudit(trx, origin, {
          event: 'mail-code.limited',
          result: 'failure',
          accountId: holder.account.id,
          clientId: holder.clientId,
          method: 'mail',
          details: { reason: outcome },
        });
        return { outcome, retryAfterSeconds };
      };
      if (newest !== undefined && newest.sinceLastMail < settings.resend_cooldown_seconds) {
        await takeUpAgain(trx, holder, newest.id);
        return refuse(
          'too-soon',
          Math.max(1, Math.ceil(settings.resend_cooldown_seconds - newest.sinceLastMail)),
        );
      }
      if (sent.quarter >= settings.mails_per_15_minutes) return refuse('limited', sent.quarterFreeIn);
      if (sent.day >= settings.mails_per_day) return refuse('limited', sent.dayFreeIn);

      const reusable = newest?.reusable === true ? newest : undefined;
      const challenge =
        reusable ?? (await openChallenge(trx, holder, purpose, address, settings.lifetime_minutes));
      const kind = letterOf[purpose];
      const mailId = await enqueueMail(trx, {
        accountId: holder.account.id,
        challengeId: challenge.id,
        kind,
        notMe: kind,
        locale: context.locale,
        to: address,
        model: {
          reference: challenge.reference,
          ...(context.service === undefined ? {} : { service: context.service }),
          device: context.device,
          minutes: Math.max(1, Math.floor(challenge.secondsLeft / 60)),
          at: formatTime(new Date(), context.locale, timeZone),
          ...(codeInSubject ? { codeInSubject } : {}),
        },
        lifetimeSeconds: challenge.secondsLeft,
      });
      await recordAudit(trx, origin, {
        event: 'mail-code.sent',
        result: 'success',
        accountId: holder.account.id,
        clientId: holder.clientId,
        method: 'mail',
        details: { purpose, repeated: reusable !== undefined, reference: challenge.reference },
      });
      return { outcome: 'sent', mailId, repeated: reusable !== undefined };
    },

    async consume(trx, holder, purpose, digits) {
      const { challenge } = holder;
      if (challenge === undefined || challenge.purpose !== purpose) return { outcome: 'none' };
      const matched = isMailCode(sealer, challenge.id, digits);
      // One statement counts the try, compares and consumes: of parallel right codes one row comes back
      // consumed, of parallel wrong ones at most `max_attempts` are compared.
      const row = await trx
        .updateTable('challenges')
        .set({
          attempts: sql<number>`attempts + 1`,
          consumed_at: matched ? sql<Date>`now()` : null,
        })
        .where('id', '=', challenge.id)
        .where('interaction', '=', holder.interaction)
        .where('account_id', '=', holder.account.id)
        .where('purpose', '=', purpose)
        .where('consumed_at', 'is', null)
        .where('voided_at', 'is', null)
        .where('attempts', '<', settings.max_attempts)
        .where('expires_at', '>', sql<Date>`clock_timestamp()`)
        .returning(['attempts', 'address'])
        .executeTakeFirst();
      if (row !== undefined && matched) return { outcome: 'matched', address: row.address };
      if (row !== undefined) return { outcome: 'wrong', attemptsLeft: settings.max_attempts - row.attempts };
      const state = await trx
        .selectFrom('challenges')
        .select(['consumed_at', 'attempts'])
        .where('id', '=', challenge.id)
        .executeTakeFirst();
      if (state === undefined) return { outcome: 'none' };
      if (state.consumed_at !== null) return { outcome: 'used' };
      return { outcome: state.attempts >= settings.max_attempts ? 'exhausted' : 'expired' };
    },
  };
}

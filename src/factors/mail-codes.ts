import { sql } from 'kysely';
import { newLabel, newSecret } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import { enqueueMail } from '../mail/outbox.ts';
import { takeTurn } from './account-lock.ts';
import { isMailCode } from './mail-code-value.ts';
import type { SignIn } from './sign-ins.ts';

/** What the mail tells besides the code (R10). */
export interface MailContext {
  locale: 'en' | 'ja';
  /** The service's name in the mail's language. */
  service: string;
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
   * Mails a code for this interaction. Within a code's life this is a resend: the same code, its end
   * unchanged (R9). Call inside a transaction; hand the mail over after it has committed.
   */
  send(
    trx: Db,
    signIn: SignIn,
    purpose: 'sign-in' | 'set-up',
    address: string,
    context: MailContext,
    origin: RequestOrigin,
  ): Promise<SendOutcome>;
  /** Compares and consumes in one conditional statement (R5, E2). Call inside a transaction. */
  consume(trx: Db, signIn: SignIn, purpose: 'sign-in' | 'set-up', digits: string): Promise<MailCodeOutcome>;
  /** Whether a further mail with the present code could be asked for, and in how many seconds. */
  resendInSeconds(signIn: SignIn): number;
  /** A code that can still be typed: neither used, void, over nor tried too often. */
  isOpen(signIn: SignIn): boolean;
}

export function createMailCodes(dependencies: {
  settings: Configuration['mail_codes'];
  sealer: Sealer;
  timeZone: string;
  /** The operator's switch: a code in the subject shows on lock screens. */
  codeInSubject: boolean;
}): MailCodes {
  const { settings, sealer, timeZone, codeInSubject } = dependencies;
  const isOpen = (signIn: SignIn): boolean =>
    signIn.challenge?.open === true && signIn.challenge.attempts < settings.max_attempts;
  const resendInSeconds = (signIn: SignIn): number =>
    signIn.challenge === undefined || !isOpen(signIn)
      ? 0
      : Math.max(0, Math.ceil(settings.resend_cooldown_seconds - signIn.challenge.sinceLastMail));

  return {
    isOpen,
    resendInSeconds,

    async send(trx, signIn, purpose, address, context, origin) {
      await takeTurn(trx, signIn.account.id);
      const sent = await countMails(trx, signIn.account.id);
      const reusable = await findReusable(trx, signIn, purpose, address, settings.max_attempts);
      const refuse = async (
        outcome: 'too-soon' | 'limited',
        retryAfterSeconds: number,
      ): Promise<SendOutcome> => {
        await recordAudit(trx, origin, {
          event: 'mail-code.limited',
          result: 'failure',
          accountId: signIn.account.id,
          clientId: signIn.clientId,
          method: 'mail',
          details: { reason: outcome },
        });
        return { outcome, retryAfterSeconds };
      };
      if (reusable !== undefined && reusable.sinceLastMail < settings.resend_cooldown_seconds) {
        return refuse(
          'too-soon',
          Math.max(1, Math.ceil(settings.resend_cooldown_seconds - reusable.sinceLastMail)),
        );
      }
      if (sent.quarter >= settings.mails_per_15_minutes) return refuse('limited', sent.quarterFreeIn);
      if (sent.day >= settings.mails_per_day) return refuse('limited', sent.dayFreeIn);

      const challenge =
        reusable ?? (await openChallenge(trx, signIn, purpose, address, settings.lifetime_minutes));
      const mailId = await enqueueMail(trx, {
        accountId: signIn.account.id,
        challengeId: challenge.id,
        kind: purpose === 'set-up' ? 'set-up-code' : 'sign-in-code',
        locale: context.locale,
        to: address,
        model: {
          reference: challenge.reference,
          service: context.service,
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
        accountId: signIn.account.id,
        clientId: signIn.clientId,
        method: 'mail',
        details: { purpose, repeated: reusable !== undefined, reference: challenge.reference },
      });
      return { outcome: 'sent', mailId, repeated: reusable !== undefined };
    },

    async consume(trx, signIn, purpose, digits) {
      const { challenge } = signIn;
      if (challenge === undefined || challenge.purpose !== purpose) return { outcome: 'none' };
      const matched = isMailCode(sealer, challenge.id, digits);
      // One statement counts the try, compares and consumes: of parallel right codes one row comes
      // back consumed, of parallel wrong ones at most `max_attempts` are looked at.
      const row = await trx
        .updateTable('challenges')
        .set({
          attempts: sql<number>`attempts + 1`,
          consumed_at: matched ? sql<Date>`now()` : null,
        })
        .where('id', '=', challenge.id)
        .where('interaction', '=', signIn.interaction)
        .where('account_id', '=', signIn.account.id)
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

/** A time as a person reads it, with the zone it is in (R10). */
export function formatTime(at: Date, locale: 'en' | 'ja', timeZone: string): string {
  return new Intl.DateTimeFormat(locale === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  })
    .format(at)
    .concat(` (${timeZone})`);
}

interface Challenge {
  id: string;
  reference: string;
  secondsLeft: number;
}

async function openChallenge(
  trx: Db,
  signIn: SignIn,
  purpose: 'sign-in' | 'set-up',
  address: string,
  lifetimeMinutes: number,
): Promise<Challenge> {
  // A new code voids the earlier one of this interaction: two codes never work at a time (A03).
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('interaction', '=', signIn.interaction)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
  const challenge = { id: newSecret(16), reference: newLabel(), secondsLeft: lifetimeMinutes * 60 };
  await trx
    .insertInto('challenges')
    .values({
      id: challenge.id,
      interaction: signIn.interaction,
      account_id: signIn.account.id,
      purpose,
      address,
      reference: challenge.reference,
      expires_at: sql<Date>`now() + make_interval(secs => ${challenge.secondsLeft})`,
    })
    .execute();
  await trx
    .updateTable('sign_ins')
    .set({ challenge_id: challenge.id })
    .where('interaction', '=', signIn.interaction)
    .where('account_id', '=', signIn.account.id)
    .execute();
  return challenge;
}

async function findReusable(
  trx: Db,
  signIn: SignIn,
  purpose: 'sign-in' | 'set-up',
  address: string,
  maxAttempts: number,
): Promise<(Challenge & { sinceLastMail: number }) | undefined> {
  const row = await trx
    .selectFrom('challenges as c')
    .innerJoin('sign_ins as s', 's.challenge_id', 'c.id')
    .select(['c.id', 'c.reference'])
    .select([
      sql<number>`floor(extract(epoch from c.expires_at - now()))::int`.as('secondsLeft'),
      sql<
        number | null
      >`(select extract(epoch from clock_timestamp() - max(m.created_at))::float8 from mails m where m.challenge_id = c.id)`.as(
        'sinceLastMail',
      ),
    ])
    .where('s.interaction', '=', signIn.interaction)
    .where('c.account_id', '=', signIn.account.id)
    .where('c.purpose', '=', purpose)
    .where('c.address', '=', address)
    .where('c.consumed_at', 'is', null)
    .where('c.voided_at', 'is', null)
    .where('c.attempts', '<', maxAttempts)
    // A code about to end is not mailed again: nobody could type it in time.
    .where('c.expires_at', '>', sql<Date>`now() + interval '30 seconds'`)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { ...row, sinceLastMail: row.sinceLastMail ?? Number.POSITIVE_INFINITY };
}

async function countMails(
  trx: Db,
  accountId: string,
): Promise<{ quarter: number; quarterFreeIn: number; day: number; dayFreeIn: number }> {
  const row = await trx
    .selectFrom('mails')
    .select([
      sql<number>`count(*) filter (where created_at > now() - interval '15 minutes')::int`.as('quarter'),
      sql<
        number | null
      >`ceil(extract(epoch from min(created_at) filter (where created_at > now() - interval '15 minutes') + interval '15 minutes' - now()))::int`.as(
        'quarterFreeIn',
      ),
      sql<number>`count(*)::int`.as('day'),
      sql<number | null>`ceil(extract(epoch from min(created_at) + interval '1 day' - now()))::int`.as(
        'dayFreeIn',
      ),
    ])
    .where('account_id', '=', accountId)
    .where('challenge_id', 'is not', null)
    .where('created_at', '>', sql<Date>`now() - interval '1 day'`)
    .executeTakeFirstOrThrow();
  return {
    ...row,
    quarterFreeIn: Math.max(1, row.quarterFreeIn ?? 1),
    dayFreeIn: Math.max(1, row.dayFreeIn ?? 1),
  };
}

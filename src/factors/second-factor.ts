import { sql } from 'kysely';
import type { RequestOrigin } from '../audit/audit.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Hit } from '../limits/limits.ts';
import { type Delivery, deliveryOf } from '../mail/delivery.ts';
import { appKeyUri, createAppCodes } from './app-codes.ts';
import { createEnrolment, type Enrolment } from './enrolment.ts';
import { createMailCodes, type MailCodes, type MailContext, type SendOutcome } from './mail-codes.ts';
import { createFactorPause } from './pause.ts';
import { createProving, type Proving } from './proving.ts';
import { closeSignIn, findSignIn, type NewSignIn, openSignIn, type SignIn } from './sign-ins.ts';

/** The second factor as the login pages use it. */
export interface SecondFactor {
  findSignIn(interaction: string): Promise<SignIn | undefined>;
  openSignIn(signIn: NewSignIn): Promise<void>;
  /** Ends a login in progress: the next page asks for the password again. */
  closeSignIn(interaction: string): Promise<void>;
  /** Turns to another way; a code mailed for the earlier one no longer works (A03). */
  chooseWay(signIn: SignIn, way: 'mail' | 'app'): Promise<void>;
  /** Whether the account's factor step is paused (R8). */
  factorPause(accountId: string): Promise<Hit>;
  /** Writes challenge, mail and audit in one transaction, then hands the mail over in the background. */
  sendCode(
    signIn: SignIn,
    purpose: 'sign-in' | 'set-up',
    address: string,
    context: MailContext,
    origin: RequestOrigin,
  ): Promise<SendOutcome>;
  deliveryOf(challengeId: string): Promise<Delivery | undefined>;
  appKeyUri(loginId: string, secret: string): string;
  mailCodes: Pick<MailCodes, 'isOpen' | 'resendInSeconds'>;
  proving: Pick<Proving, 'proveMail' | 'proveApp'>;
  enrolment: Enrolment;
}

export function createSecondFactor(dependencies: {
  db: Db;
  sealer: Sealer;
  config: Configuration;
  handOver: (mailId: string) => void;
}): SecondFactor {
  const { db, sealer, config, handOver } = dependencies;
  const timeZone = config.locale.time_zone;
  const mailCodes = createMailCodes({
    settings: config.mail_codes,
    sealer,
    timeZone,
    codeInSubject: config.mail.code_in_subject,
  });
  const appCodes = createAppCodes({ settings: config.app_codes, sealer });
  const pause = createFactorPause(config.assurance.wrong_codes_per_hour);
  const proving = createProving({ db, mailCodes, appCodes, pause });
  const enrolment = createEnrolment({ db, sealer, mailCodes, appCodes, proving, handOver, timeZone });

  return {
    mailCodes,
    proving,
    enrolment,
    findSignIn: (interaction) => findSignIn(db, interaction),
    openSignIn: (signIn) => openSignIn(db, signIn),
    closeSignIn: (interaction) => closeSignIn(db, interaction),
    factorPause: (accountId) => pause.state(db, accountId),
    deliveryOf: (challengeId) => deliveryOf(db, challengeId),
    appKeyUri: (loginId, secret) => appKeyUri(config.branding.totp_issuer, loginId, secret),

    async chooseWay(signIn, way) {
      await inTransaction(db, async (trx) => {
        await trx
          .updateTable('challenges')
          .set({ voided_at: sql<Date>`now()` })
          .where('interaction', '=', signIn.interaction)
          .where('consumed_at', 'is', null)
          .where('voided_at', 'is', null)
          .execute();
        await trx
          .updateTable('sign_ins')
          .set({ way, challenge_id: null })
          .where('interaction', '=', signIn.interaction)
          .where('account_id', '=', signIn.account.id)
          .execute();
      });
    },

    async sendCode(signIn, purpose, address, context, origin) {
      const paused = await pause.state(db, signIn.account.id);
      if (!paused.allowed) return { outcome: 'paused', retryAfterSeconds: paused.retryAfterSeconds };
      const sent = await inTransaction(db, async (trx) => {
        const outcome = await mailCodes.send(trx, signIn, purpose, address, context, origin);
        if (outcome.outcome === 'sent' && purpose === 'set-up') await enrolment.awaitMailCode(trx, signIn);
        return outcome;
      });
      if (sent.outcome === 'sent') handOver(sent.mailId);
      return sent;
    },
  };
}

import type { RequestOrigin } from '../audit/audit.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Hit } from '../limits/limits.ts';
import { type Delivery, deliveryOf } from '../mail/delivery.ts';
import type { Logger } from '../observe/logger.ts';
import { lockAccount } from '../accounts/account-lock.ts';
import { appKeyUri, createAppCodes } from './app/codes.ts';
import type { EnrolledFactors } from './assurance.ts';
import type { FactorChanges } from './changes/changer.ts';
import { createFactorChanges } from './changes/index.ts';
import { createDetours, type Detours } from './sign-in/detours.ts';
import { createEnrolment, type Enrolment } from './enrolment/enrolment.ts';
import { requireFreshProof, renewPassword } from './fresh-proof.ts';
import { createFurtherSetUp, type FurtherSetUp } from './enrolment/additional.ts';
import { findHolder } from './enrolled/factors-of.ts';
import { createKnownBrowsers, type KnownBrowsers } from './browsers/known.ts';
import { createMailCodes, type MailCodes, type MailContext, type SendOutcome } from './mail/codes.ts';
import { createNotices, type Notices } from './notices/notices.ts';
import { createNotMe, type NotMe, type OpenCase } from './notices/not-me.ts';
import { createOffers, type Offers } from './sign-in/offers.ts';
import { createPasskeys } from './passkeys/passkeys.ts';
import { findOverview, type Overview } from './enrolled/overview.ts';
import { createFactorPause } from './verification/pause.ts';
import { createVerification, type Verification } from './verification/verify.ts';
import { createRecoveryCodes, type RecoveryCodes } from './recovery/codes.ts';
import { createReset, type Reset } from './enrolment/reset.ts';
import { createSetUpPasses, type SetUpPasses } from './setup-pass/passes.ts';
import { closeSignIn, findSignIn, type NewSignIn, openSignIn } from './sign-in/sign-ins.ts';
import { createTrustedBrowsers, type TrustedBrowsers } from './browsers/trusted.ts';
import { isInitialSetUp, type SignIn } from './sign-in-state.ts';
import type { Passkeys } from './passkeys/operations.ts';

/** The second factor as the pages of logins and the user's own page use it. */
export interface SecondFactor {
  findSignIn(interaction: string): Promise<SignIn | undefined>;
  openSignIn(signIn: NewSignIn): Promise<boolean>;
  /** The right password was given once more in this login, on a page that asked for it (S6). */
  renewPassword(signIn: SignIn): Promise<void>;
  /** Ends a login in progress: the next page asks for the password again. */
  closeSignIn(interaction: string): Promise<void>;
  /** What an account has set up and may use here, as the policy asks. */
  holderOf(accountId: string): Promise<EnrolledFactors>;
  /** Whether the account's factor step is paused (R8). */
  factorPause(accountId: string): Promise<Hit>;
  /**
   * Writes challenge, mail and audit in one transaction, then hands the mail over in the background.
   * @throws NijoError `fresh_sign_in_needed` for a set-up that rests on an old proof (S6, S7).
   */
  sendCode(
    signIn: SignIn,
    purpose: 'sign-in' | 'set-up' | 'reset',
    address: string,
    context: MailContext,
    origin: RequestOrigin,
  ): Promise<SendOutcome>;
  deliveryOf(challengeId: string): Promise<Delivery | undefined>;
  appKeyUri(loginId: string, secret: string): string;
  mailCodes: Pick<MailCodes, 'isOpen' | 'resendInSeconds'>;
  proving: Pick<Verification, 'verifyMailCode' | 'verifyAppCode'>;
  enrolment: Enrolment;
  detours: Detours;
  furtherSetUp: FurtherSetUp;
  notices: Notices;
  notMe: NotMe;
  knownBrowsers: KnownBrowsers;
  offers: Offers;
  recoveryCodes: RecoveryCodes;
  reset: Reset;
  passkeys: Passkeys;
  /** What the support centre issues and a login accepts. */
  passes: SetUpPasses;
  trustedBrowsers: TrustedBrowsers;
  /** What users change on their own page. */
  changes: FactorChanges;
  /** Everything an account has set up; `undefined` for an unknown one. */
  overview(accountId: string): Promise<Overview | undefined>;
}

export function createSecondFactor(dependencies: {
  db: Db;
  sealer: Sealer;
  config: Configuration;
  handOver: (mailId: string) => void;
  /** "This was not me" asks the support centre to look at the account, in the same transaction (D11). */
  openCase?: OpenCase;
  /** Called for a sealed app secret that does not open (A25). */
  logger?: Pick<Logger, 'error'>;
}): SecondFactor {
  const { db, sealer, config, handOver, openCase, logger } = dependencies;
  const timeZone = config.locale.time_zone;
  const locale = config.locale.default;

  const notices = createNotices({ timeZone, places: config.places });
  const knownBrowsers = createKnownBrowsers({ db, notices });
  const trustedBrowsers = createTrustedBrowsers({ db, notices });
  const notMe = createNotMe({
    db,
    sealer,
    notices,
    endTrust: (trx, accountId, origin) => trustedBrowsers.endAll(trx, accountId, 'not-me', origin),
    ...(openCase === undefined ? {} : { openCase }),
    supportCentre: { email: config.branding.support_centre.email, locale, timeZone },
  });
  const mailCodes = createMailCodes({
    settings: config.mail_codes,
    sealer,
    timeZone,
    codeInSubject: config.mail.code_in_subject,
  });
  const appCodes = createAppCodes({
    settings: config.app_codes,
    sealer,
    reportUnreadable: (factor, err) => logger?.error({ event: 'factor.app-unreadable', factor, err }),
  });
  const pause = createFactorPause(config.assurance.wrong_codes_per_hour);
  const offers = createOffers({ db });
  const proving = createVerification({
    db,
    mailCodes,
    appCodes,
    pause,
    tellDisabled: (trx, accountId, factor, origin) =>
      notices.tell(trx, accountId, { kind: 'factor-disabled', name: factor }, origin, locale),
    claimOffer: (trx, signIn, proven) => offers.claim(trx, signIn, proven),
  });
  const passes = createSetUpPasses({ db, sealer, settings: config.desk.setup_pass, proving });
  const enrolment = createEnrolment({
    db,
    sealer,
    mailCodes,
    appCodes,
    proving,
    notices,
    passes,
    trustedBrowsers,
  });
  const detours = createDetours({ db, sealer });
  const furtherSetUp = createFurtherSetUp({
    db,
    mailCodes,
    appCodes,
    proving,
    notices,
    trustedBrowsers,
    pendingSecret: (signIn) => enrolment.pendingSecret(signIn),
  });
  const recoveryCodes = createRecoveryCodes({
    db,
    enabled: config.recovery_codes.enabled,
    sealer,
    proving,
    notices,
    offers,
    trustedBrowsers,
  });
  const passkeys = createPasskeys({
    db,
    enabled: config.passkeys.enabled,
    issuer: config.issuer,
    organisation: config.branding.organisation[locale],
    proving,
    claimOffer: (trx, signIn) => offers.claim(trx, signIn, 'passkey'),
    async changed(trx, c, notice) {
      await trustedBrowsers.endAll(trx, c.accountId, 'factor-changed', c.origin);
      await notices.tell(trx, c.accountId, notice, c.origin, c.locale);
    },
  });
  const reset = createReset({ db, mailCodes, proving, notices, trustedBrowsers });
  const offered = { passkeys: passkeys.available, recoveryCodes: recoveryCodes.available };
  const changes = createFactorChanges({
    db,
    sealer,
    mailCodes,
    appCodes,
    proving,
    pause,
    notices,
    trustedBrowsers,
    settings: config.app_codes,
    forbidden: config.addresses.forbidden,
    appKeyUri: (loginId, secret) => appKeyUri(config.branding.totp_issuer, loginId, secret),
    handOver,
  });

  return {
    mailCodes,
    proving,
    enrolment,
    detours,
    furtherSetUp,
    notices,
    notMe,
    knownBrowsers,
    offers,
    recoveryCodes,
    reset,
    passkeys,
    passes,
    trustedBrowsers,
    changes,
    overview: (accountId) => findOverview(db, accountId, offered),
    findSignIn: (interaction) =>
      findSignIn(db, interaction, offered, (account) => passes.requiredFor(account)),
    openSignIn: (signIn) => openSignIn(db, signIn),
    renewPassword: async (signIn) => {
      await renewPassword(db, signIn);
    },
    closeSignIn: (interaction) => closeSignIn(db, interaction),
    holderOf: (accountId) => findHolder(db, accountId, offered),
    factorPause: (accountId) => pause.state(db, accountId),
    deliveryOf: (challengeId) => deliveryOf(db, challengeId),
    appKeyUri: (loginId, secret) => appKeyUri(config.branding.totp_issuer, loginId, secret),

    async sendCode(signIn, purpose, address, context, origin) {
      const paused = await pause.state(db, signIn.account.id);
      if (!paused.allowed) return { outcome: 'paused', retryAfterSeconds: paused.retryAfterSeconds };
      const sent = await inTransaction(db, async (trx) => {
        if (purpose === 'set-up') {
          await lockAccount(trx, signIn.account.id);
          const by = isInitialSetUp(signIn) ? 'password' : 'factor';
          await requireFreshProof(trx, { login: signIn, by });
        }
        const outcome = await mailCodes.send(trx, signIn, purpose, address, context, origin);
        // Too soon: the code to type is already on its way, also if the user went back and typed the address
        // again.
        const onItsWay = outcome.outcome === 'sent' || outcome.outcome === 'too-soon';
        if (onItsWay && purpose === 'set-up') {
          await (isInitialSetUp(signIn) ? enrolment : detours).awaitMailCode(trx, signIn);
        }
        return outcome;
      });
      if (sent.outcome === 'sent') handOver(sent.mailId);
      return sent;
    },
  };
}

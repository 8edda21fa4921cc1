import { sql } from 'kysely';
import type { Kept } from '../../accounts/status.ts';
import { voidSetUpPasses } from '../../accounts/ended-passes.ts';
import { newId } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { maskAddress } from '../mail/address.ts';
import { type AppCodes, appSecretPlace, newAppSecret } from '../app/codes.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import type { MailCodes, MailContext } from '../mail/codes.ts';
import type { Notices } from '../notices/notices.ts';
import { offerAppNextTime, remindOfMailLater } from '../sign-in/offers.ts';
import { type VerificationOutcome, type Verification } from '../verification/verify.ts';
import { createSetUpByPass } from './by-setup-pass.ts';
import type { SetUpPasses } from '../setup-pass/passes.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import { type SignIn, SignInChanged } from '../sign-in-state.ts';
import { acknowledgementVersion } from '../acknowledgement.ts';

export type EnrolOutcome = { outcome: 'enrolled' } | Exclude<VerificationOutcome, { outcome: 'proven' }>;

/** The session, as digests, that a login steps up; it continues where a set-up ends everything else. */
export type KeptSession = Pick<Kept, 'sessionUids'>;

/**
 * Initial setup inside the login (R12, R14, R22): for accounts that never had a factor (R15), and for any
 * account behind a setup pass, where it ends everything earlier as soon as the new factor is proven, and not
 * before (R40).
 */
export interface Enrolment {
  /** Goes to a page of initial setup; codes and secrets of an abandoned one are void. */
  turnTo(signIn: SignIn, page: 'mail' | 'app-only'): Promise<void>;
  /** Records that the address is known and a code is on its way: the code page is next. */
  awaitMailCode(trx: Db, signIn: SignIn): Promise<void>;
  /** Proves the address; it becomes the account's active factor in the same transaction. */
  enrolMail(
    signIn: SignIn,
    digits: string,
    context: MailContext,
    origin: RequestOrigin,
    keep?: KeptSession,
  ): Promise<EnrolOutcome>;
  /** Records that the user knows what app-only means, and makes the secret that the next page shows. */
  acknowledge(signIn: SignIn, locale: 'en' | 'ja', origin: RequestOrigin): Promise<void>;
  /** The secret being set up, in Base32. It is shown only until it is active (R26). */
  pendingSecret(signIn: SignIn): string | undefined;
  /** The first right code makes the app active. */
  enrolApp(
    signIn: SignIn,
    digits: string,
    deviceName: string,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
    keep?: KeptSession,
  ): Promise<EnrolOutcome>;
}

export function createEnrolment(dependencies: {
  db: Db;
  sealer: Sealer;
  mailCodes: MailCodes;
  appCodes: AppCodes;
  proving: Verification;
  notices: Notices;
  passes: Pick<SetUpPasses, 'recheck' | 'lockPass' | 'finish'>;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
}): Enrolment {
  const { db, sealer, mailCodes, appCodes, proving, notices } = dependencies;
  const setUpByPass = createSetUpByPass(dependencies);

  /**
   * The conditions for comparing a code of a set-up: the account is locked, the password was given in this
   * very login within the last minutes (S6), and the pass is valid where the login takes one.
   */
  async function enter(trx: Db, signIn: SignIn): Promise<void> {
    await lockAccount(trx, signIn.account.id);
    await requireFreshProof(trx, { login: signIn, by: 'password' });
    if (signIn.setUpPass !== undefined) await setUpByPass.enter(trx, signIn);
  }

  /** Of any number of parallel set-ups on any node only one succeeds (R15). */
  async function claimFirstEnrolment(trx: Db, signIn: SignIn, origin: RequestOrigin): Promise<void> {
    // By the operator's policy the password alone is not enough to set anything up.
    if (signIn.passRequired) throw new SignInChanged();
    const claimed = await trx
      .updateTable('accounts')
      .set({ first_enrolled_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
      .where('id', '=', signIn.account.id)
      .where('first_enrolled_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (claimed === undefined) throw new SignInChanged();
    // A pass that was issued but not needed opens nothing later: its purpose is fulfilled.
    await voidSetUpPasses(trx, signIn.account.id, 'withdrawn', { origin, actor: 'system' });
  }

  return {
    async turnTo(signIn, page) {
      await db
        .updateTable('sign_ins')
        .set({ set_up: page, challenge_id: null, app_factor_id: null, app_secret_sealed: null })
        .where('interaction', '=', signIn.interaction)
        .where('account_id', '=', signIn.account.id)
        .execute();
    },

    async awaitMailCode(trx, signIn) {
      const waiting = await trx
        .updateTable('sign_ins')
        .set({ set_up: 'mail-code' })
        .where('interaction', '=', signIn.interaction)
        .where('account_id', '=', signIn.account.id)
        .returning('interaction')
        .executeTakeFirst();
      // The login has ended meanwhile, so no mail is sent for it.
      if (waiting === undefined) throw new SignInChanged();
    },

    async enrolMail(signIn, digits, context, origin, keep = {}) {
      let address = '';
      await setUpByPass.recheck(signIn);
      const proof = await proving.prove(
        signIn,
        'mail',
        origin,
        async (trx) => {
          await enter(trx, signIn);
          const found = await mailCodes.consume(trx, signIn, 'set-up', digits);
          if (found.outcome === 'matched') ({ address } = found);
          return found;
        },
        async (trx) => {
          const passed = await setUpByPass.begin(trx, signIn, origin, keep);
          if (passed === undefined) await claimFirstEnrolment(trx, signIn, origin);
          const { shared } = await trx
            .selectFrom('mail_factors')
            .select(sql<number>`count(*)::int`.as('shared'))
            .where('address', '=', address)
            .where('state', '=', 'active')
            .executeTakeFirstOrThrow();
          await trx
            .insertInto('mail_factors')
            .values({ id: newId(), account_id: signIn.account.id, address, last_used_at: sql<Date>`now()` })
            .execute();
          await recordAudit(trx, origin, {
            event: 'factor.mail-enrolled',
            result: 'success',
            accountId: signIn.account.id,
            clientId: signIn.clientId,
            method: 'mail',
            // Operators see that an address serves several accounts; users are never told (R19).
            details: { address: maskAddress(address), sharedWithOthers: shared > 0 },
          });
          const notice = {
            address: maskAddress(address),
            ...(context.service === undefined ? {} : { service: context.service }),
          };
          await (passed === undefined
            ? notices.tell(trx, signIn.account.id, { kind: 'mail-added', ...notice }, origin, context.locale)
            : passed.tell(notice, context.locale));
          await offerAppNextTime(trx, signIn.account.id);
        },
        { settingUp: true },
      );
      if (proof.outcome !== 'proven') return proof;
      return { outcome: 'enrolled' };
    },

    async acknowledge(signIn, locale, origin) {
      const factorId = newId();
      const sealed = sealer.seal(newAppSecret(), appSecretPlace(factorId, signIn.account.id));
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await requireFreshProof(trx, { login: signIn, by: 'password' });
        // Once only: a double click must not change the key that the first answer shows.
        const begun = await trx
          .updateTable('sign_ins')
          .set({ set_up: 'app', app_factor_id: factorId, app_secret_sealed: sealed })
          .where('interaction', '=', signIn.interaction)
          .where('account_id', '=', signIn.account.id)
          .where('app_factor_id', 'is', null)
          .returning('interaction')
          .executeTakeFirst();
        if (begun === undefined) return;
        await trx
          .insertInto('acknowledgements')
          .values({
            id: newId(),
            account_id: signIn.account.id,
            text_version: acknowledgementVersion,
            locale,
          })
          .execute();
        await recordAudit(trx, origin, {
          event: 'factor.acknowledged',
          result: 'success',
          accountId: signIn.account.id,
          clientId: signIn.clientId,
          method: 'app',
          details: { version: acknowledgementVersion, locale },
        });
      });
    },

    pendingSecret: (signIn) =>
      signIn.pendingApp === undefined
        ? undefined
        : sealer
            .open(
              signIn.pendingApp.secretSealed,
              appSecretPlace(signIn.pendingApp.factorId, signIn.account.id),
            )
            .toString(),

    async enrolApp(signIn, digits, deviceName, origin, locale, keep = {}) {
      const { pendingApp } = signIn;
      const secret = this.pendingSecret(signIn);
      if (pendingApp === undefined || secret === undefined) return { outcome: 'none' };
      let step = 0;
      await setUpByPass.recheck(signIn);
      const proof = await proving.prove(
        signIn,
        'app',
        origin,
        async (trx) => {
          await enter(trx, signIn);
          const matched = await appCodes.matchPending(trx, secret, digits);
          if (matched === undefined) return { outcome: 'wrong' };
          step = matched;
          return { outcome: 'matched' };
        },
        async (trx) => {
          const passed = await setUpByPass.begin(trx, signIn, origin, keep);
          if (passed === undefined) await claimFirstEnrolment(trx, signIn, origin);
          await trx
            .insertInto('app_factors')
            .values({
              id: pendingApp.factorId,
              account_id: signIn.account.id,
              name: deviceName,
              secret_sealed: pendingApp.secretSealed,
              last_step: step,
              last_used_at: sql<Date>`now()`,
            })
            .execute();
          await recordAudit(trx, origin, {
            event: 'factor.app-enrolled',
            result: 'success',
            accountId: signIn.account.id,
            clientId: signIn.clientId,
            method: 'app',
            details: { acknowledged: acknowledgementVersion },
          });
          await remindOfMailLater(trx, signIn.account.id);
          // The directory's address is the only one there is: the owner of the ID is told there (C18).
          await (passed === undefined
            ? notices.tell(trx, signIn.account.id, { kind: 'app-added', name: deviceName }, origin, locale)
            : passed.tell({ name: deviceName }, locale));
        },
        { settingUp: true },
      );
      return proof.outcome === 'proven' ? { outcome: 'enrolled' } : proof;
    },
  };
}

import { sql } from 'kysely';
import { type AuditEvent, type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import { newId } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { maskAddress } from '../mail/address.ts';
import type { AppCodes } from '../app/codes.ts';
import type { EnrolOutcome } from './enrolment.ts';
import { clearFailures } from '../verification/failures.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import { requireChangeable } from '../verification/freeze.ts';
import type { MailCodes } from '../mail/codes.ts';
import type { Notice, Notices } from '../notices/notices.ts';
import { type Verification } from '../verification/verify.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import { type SignIn, SignInChanged } from '../sign-in-state.ts';

/**
 * Setting up an additional factor inside a login whose factor is proven: an app after a reset (R35) or where
 * it is offered (R20), an address where there is none (R24). Every other change is made on the user's own
 * page. The set-up rests on the factor, proven within the last minutes (S7).
 * @throws NijoError `changes_frozen`, `address_frozen`, `fresh_sign_in_needed`.
 */
export interface FurtherSetUp {
  /**
   * The first right code makes the app active. After a reset it counts as the factor of this login, so that
   * the login satisfies a service that requires more than a mail code; an offered app changes nothing.
   */
  addApp(
    signIn: SignIn,
    digits: string,
    deviceName: string,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<EnrolOutcome>;
  /** The code proves the address, which becomes the account's (R18). */
  addMail(signIn: SignIn, digits: string, origin: RequestOrigin, locale: 'en' | 'ja'): Promise<EnrolOutcome>;
}

export function createFurtherSetUp(dependencies: {
  db: Db;
  mailCodes: MailCodes;
  appCodes: AppCodes;
  proving: Pick<Verification, 'prove' | 'compareWithinLimits'>;
  notices: Notices;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
  pendingSecret: (signIn: SignIn) => string | undefined;
}): FurtherSetUp {
  const { db, mailCodes, appCodes, proving, notices, trustedBrowsers, pendingSecret } = dependencies;

  /** Accepts the offer: of any number of answers to it only one succeeds. */
  async function takeUp(trx: Db, signIn: SignIn, detours: readonly string[]): Promise<void> {
    const taken = await trx
      .updateTable('sign_ins')
      .set({ detour: null, set_up: null, challenge_id: null, app_factor_id: null, app_secret_sealed: null })
      .where('interaction', '=', signIn.interaction)
      .where('account_id', '=', signIn.account.id)
      .where('browser', '=', signIn.browser)
      .where('factor', 'is not', null)
      .where(sql<boolean>`detour = any(${sql.val(detours)}::text[])`)
      .returning('interaction')
      .executeTakeFirst();
    if (taken === undefined) throw new SignInChanged();
  }

  async function conclude(
    trx: Db,
    signIn: SignIn,
    event: Pick<AuditEvent, 'event' | 'method' | 'details'>,
    notice: Notice,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<void> {
    await recordAudit(trx, origin, {
      ...event,
      result: 'success',
      accountId: signIn.account.id,
      clientId: signIn.clientId,
    });
    await trustedBrowsers.endAll(trx, signIn.account.id, 'factor-changed', origin);
    await notices.tell(trx, signIn.account.id, notice, origin, locale);
  }

  return {
    async addApp(signIn, digits, deviceName, origin, locale) {
      const { pendingApp } = signIn;
      const secret = pendingSecret(signIn);
      if (pendingApp === undefined || secret === undefined) return { outcome: 'none' };
      let step = 0;
      const find = async (trx: Db) => {
        await lockAccount(trx, signIn.account.id);
        await requireFreshProof(trx, { login: signIn, by: 'factor' });
        await requireChangeable(trx, signIn.account.id, 'factors');
        const matched = await appCodes.matchPending(trx, secret, digits);
        if (matched === undefined) return { outcome: 'wrong' as const };
        step = matched;
        return { outcome: 'matched' as const };
      };
      const add = async (trx: Db): Promise<void> => {
        await takeUp(trx, signIn, ['reset-done', 'offer-app']);
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
        await clearFailures(trx, signIn.account.id, 'app');
        await conclude(
          trx,
          signIn,
          { event: 'factor.app-enrolled', method: 'app', details: { device: deviceName } },
          { kind: 'app-added', name: deviceName },
          origin,
          locale,
        );
      };
      if (signIn.detour === 'reset-done') {
        const proof = await proving.prove(signIn, 'app', origin, find, add, { settingUp: true });
        return proof.outcome === 'proven' ? { outcome: 'enrolled' } : proof;
      }
      return compareOnly(signIn, 'app', origin, find, add);
    },

    async addMail(signIn, digits, origin, locale) {
      let address = '';
      return compareOnly(
        signIn,
        'mail',
        origin,
        async (trx) => {
          await lockAccount(trx, signIn.account.id);
          await requireFreshProof(trx, { login: signIn, by: 'factor' });
          await requireChangeable(trx, signIn.account.id, 'address');
          const found = await mailCodes.consume(trx, signIn, 'set-up', digits);
          if (found.outcome === 'matched') ({ address } = found);
          return found;
        },
        async (trx) => {
          await takeUp(trx, signIn, ['offer-mail-code']);
          const present = await trx
            .selectFrom('mail_factors')
            .select('id')
            .where('account_id', '=', signIn.account.id)
            .where('state', '=', 'active')
            .executeTakeFirst();
          // The user's own page was faster: what was offered is done.
          if (present !== undefined) throw new SignInChanged();
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
          await clearFailures(trx, signIn.account.id, 'mail');
          const masked = maskAddress(address);
          await conclude(
            trx,
            signIn,
            {
              event: 'factor.mail-enrolled',
              method: 'mail',
              details: { address: masked, sharedWithOthers: shared > 0 },
            },
            { kind: 'mail-added', address: masked },
            origin,
            locale,
          );
        },
      );
    },
  };

  /** Compares within the limits and grants nothing: the login keeps its proven factor. */
  function compareOnly(
    signIn: SignIn,
    factor: 'mail' | 'app',
    origin: RequestOrigin,
    find: (trx: Db) => ReturnType<Parameters<Verification['compareWithinLimits']>[3]>,
    add: (trx: Db) => Promise<void>,
  ): Promise<EnrolOutcome> {
    return inTransaction(db, async (trx) => {
      const subject = { accountId: signIn.account.id, clientId: signIn.clientId, factor, settingUp: true };
      const compared = await proving.compareWithinLimits(trx, subject, origin, () => find(trx));
      if (compared.outcome !== 'matched') return compared;
      await add(trx);
      return { outcome: 'enrolled' };
    });
  }
}

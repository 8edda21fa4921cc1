import { sql } from 'kysely';
import { endEverythingOf, type Kept } from '../../accounts/status.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { endFactors } from './end-factors.ts';
import type { Notice, Notices } from '../notices/notices.ts';
import type { SetUpPasses } from '../setup-pass/passes.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import type { SignIn } from '../sign-in-state.ts';

/**
 * What a set-up behind a setup pass does besides setting up, in the transaction that proves the new factor:
 * it uses the pass up and ends everything earlier (R40, A40). Until then the old factors still work.
 */
export interface SetUpByPass {
  /** In a transaction of its own, before the other two: verifies once more what the pass rests on (S29). */
  recheck(signIn: SignIn): Promise<void>;
  /** Before the new factor's code is compared. @throws SignInChanged where the pass is void or finished. */
  enter(trx: Db, signIn: SignIn): Promise<void>;
  /**
   * Called when the new factor is proven, before it is stored.
   * @returns undefined where the login has no pass; else how to tell the user, once the factor is stored.
   * @throws SignInChanged where another set-up was faster.
   */
  begin(
    trx: Db,
    signIn: SignIn,
    origin: RequestOrigin,
    keep: Pick<Kept, 'sessionUids'>,
  ): Promise<{ tell(what: Omit<Notice, 'kind' | 'alsoTo'>, locale: 'en' | 'ja'): Promise<void> } | undefined>;
}

export function createSetUpByPass(dependencies: {
  passes: Pick<SetUpPasses, 'recheck' | 'lockPass' | 'finish'>;
  notices: Pick<Notices, 'tell'>;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
}): SetUpByPass {
  const { passes, notices, trustedBrowsers } = dependencies;

  return {
    recheck: (signIn) => passes.recheck(signIn),
    enter: (trx, signIn) => passes.lockPass(trx, signIn),

    async begin(trx, signIn, origin, keep) {
      if (signIn.setUpPass === undefined) return undefined;
      const accountId = signIn.account.id;
      await passes.finish(trx, signIn);
      const { address, counts } = await endFactors(trx, accountId, { keepAddress: false });
      await trustedBrowsers.endAll(trx, accountId, 'reset', origin);
      await endEverythingOf(trx, accountId, { interaction: signIn.interaction, why: 'reset', ...keep });
      await trx
        .updateTable('accounts')
        .set({
          first_enrolled_at: sql<Date>`coalesce(first_enrolled_at, now())`,
          // A member of staff has verified who this is, so changes that were frozen are possible again
          // (R37).
          changes_frozen_until: null,
          address_frozen_until: null,
          updated_at: sql<Date>`now()`,
        })
        .where('id', '=', accountId)
        .execute();
      await recordAudit(trx, origin, {
        event: 'factor.set-up-by-pass',
        result: 'success',
        accountId,
        clientId: signIn.clientId,
        details: { pass: signIn.setUpPass.id, ...counts },
      });
      return {
        // The old address is told too: its reader may know nothing of this (R44).
        tell: (what, locale) =>
          notices.tell(
            trx,
            accountId,
            { kind: 'set-up-by-pass', ...what, ...(address === undefined ? {} : { alsoTo: [address] }) },
            origin,
            locale,
          ),
      };
    },
  };
}

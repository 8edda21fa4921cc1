import { sql } from 'kysely';
import { newId } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { appSecretPlace, newAppSecret } from '../app/codes.ts';
import type { Factor } from '../assurance.ts';
import { factorIsFresh } from '../fresh-proof.ts';
import { lockChallenges } from '../mail/challenges.ts';
import type { Detour, SignIn } from '../sign-in-state.ts';

/**
 * Where a login in progress goes when its user asks for another factor, or for a page beside the steps. None
 * of this proves anything: the next page is computed from what is proven (C01).
 */
export interface Detours {
  /** Switches to another factor; a code mailed for the earlier one no longer works (A03). */
  chooseWay(signIn: SignIn, way: Factor): Promise<void>;
  /** "I can't use my app": goes to the reset, or to where the support centre helps (R35, R36, R40). */
  turnTo(signIn: SignIn, detour: 'reset' | 'support' | 'set-up-pass'): Promise<void>;
  /** The support centre was asked for help: its answer is the next page, until the user leaves it. */
  noteCase(signIn: SignIn, number: string): Promise<void>;
  /** Goes back to the required step, or from one page of an offer to the other. */
  leave(signIn: SignIn, left: Detour, to?: 'offer-mail'): Promise<void>;
  /** An address was typed on the page of an offer: its code's page is next. */
  awaitMailCode(trx: Db, signIn: SignIn): Promise<void>;
  /**
   * Makes the key that a page of another app shows: once, however often the page is shown, and only where
   * the factor was proven within the last minutes (S7).
   */
  prepareApp(signIn: SignIn): Promise<void>;
}

/** Pages about help. Only the reset has a code of its own; the others keep the code that is on its way. */
const aboutHelp: readonly Detour[] = ['reset', 'support', 'set-up-pass', 'case-filed'];
/** Pages for setting up additional factors, once a factor is proven. */
const offering: readonly Detour[] = [
  'reset-done',
  'offer-app',
  'offer-mail',
  'offer-mail-code',
  'confirm-address',
];

export function createDetours({ db, sealer }: { db: Db; sealer: Sealer }): Detours {
  const own = (trx: Db, signIn: SignIn) =>
    trx
      .updateTable('sign_ins')
      .where('interaction', '=', signIn.interaction)
      .where('account_id', '=', signIn.account.id);

  async function voidCodes(trx: Db, signIn: SignIn): Promise<void> {
    await trx
      .updateTable('challenges')
      .set({ voided_at: sql<Date>`now()` })
      .where('interaction', '=', signIn.interaction)
      .where('consumed_at', 'is', null)
      .where('voided_at', 'is', null)
      .execute();
  }

  return {
    async chooseWay(signIn, way) {
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await lockChallenges(trx, signIn.interaction);
        // A double click switches once: the code that the first click sent stays the one to type.
        const turned = await own(trx, signIn)
          .set({ way, detour: null, challenge_id: null })
          .where((is) => is.or([is('way', 'is distinct from', way), is('detour', 'in', aboutHelp)]))
          .where((is) => is.or([is('detour', 'is', null), is('detour', 'in', aboutHelp)]))
          .returning('interaction')
          .executeTakeFirst();
        // The factor is proven once more for what the login offers, so the offer stays.
        const again =
          turned ??
          (await own(trx, signIn)
            .set({ way, challenge_id: null })
            .where('factor', 'is not', null)
            .where('detour', 'in', offering)
            .where('way', 'is distinct from', way)
            .returning('interaction')
            .executeTakeFirst());
        if (again !== undefined) await voidCodes(trx, signIn);
      });
    },

    async turnTo(signIn, detour) {
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await lockChallenges(trx, signIn.interaction);
        const turning = own(trx, signIn)
          .where('detour', 'is distinct from', detour)
          .where('reset_at', 'is', null);
        const turned = await turning
          .set({ detour, challenge_id: null })
          .where((is) =>
            detour === 'reset'
              ? is.or([is('detour', 'is', null), is('detour', 'in', aboutHelp)])
              : is('detour', '=', 'reset'),
          )
          .returning('interaction')
          .executeTakeFirst();
        if (turned !== undefined) await voidCodes(trx, signIn);
        else if (detour !== 'reset')
          await turning
            .set({ detour })
            .where((is) => is.or([is('detour', 'is', null), is('detour', 'in', aboutHelp)]))
            .execute();
      });
    },

    async noteCase(signIn, number) {
      await own(db, signIn)
        .set({ detour: 'case-filed', case_number: number })
        .where('detour', 'in', aboutHelp)
        .execute();
    },

    async leave(signIn, left, to) {
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await lockChallenges(trx, signIn.interaction);
        const leaving = own(trx, signIn).where('detour', '=', left);
        if (left !== 'reset' && aboutHelp.includes(left)) {
          await leaving.set({ detour: null }).execute();
          return;
        }
        const turned = await leaving
          .set({ detour: to ?? null, challenge_id: null, app_factor_id: null, app_secret_sealed: null })
          .returning('interaction')
          .executeTakeFirst();
        if (turned !== undefined) await voidCodes(trx, signIn);
      });
    },

    async awaitMailCode(trx, signIn) {
      await own(trx, signIn)
        .set({ detour: 'offer-mail-code' })
        .where('detour', 'in', ['offer-mail', 'offer-mail-code'])
        .execute();
    },

    async prepareApp(signIn) {
      const factorId = newId();
      const sealed = sealer.seal(newAppSecret(), appSecretPlace(factorId, signIn.account.id));
      await db
        .updateTable('sign_ins as s')
        .where('interaction', '=', signIn.interaction)
        .where('account_id', '=', signIn.account.id)
        .where(factorIsFresh)
        .set({ set_up: null, app_factor_id: factorId, app_secret_sealed: sealed })
        .where('detour', 'in', ['reset-done', 'offer-app'])
        // A key of an initial setup that began before another login set the account up is void now.
        .where((is) => is.or([is('app_factor_id', 'is', null), is('set_up', 'is not', null)]))
        .execute();
    },
  };
}

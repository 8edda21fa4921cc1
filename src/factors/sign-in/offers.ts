import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import type { Factor } from '../assurance.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import { lockChallenges } from '../mail/challenges.ts';
import type { Detour, SignIn } from '../sign-in-state.ts';
import { doubtfulFailures } from '../mail/address-health.ts';

/** The login warns when this many codes or fewer are left on the sheet. */
const fewCodes = 3;

/**
 * Pages that a login shows once its steps are done: what is worth adding, what is about to fail. Every page
 * can be skipped, a login shows at most one, and none comes twice or before its pause is over.
 */
export interface Offers {
  /**
   * Claims at most one offer that is due, for this login alone: of parallel logins only one shows it. Call
   * it in the transaction that proves a factor at sign-in. Never after a reset in this very login.
   * @param left codes left on the sheet, where one of them was just used.
   */
  claim(trx: Db, signIn: SignIn, proven: Factor, left?: number): Promise<void>;
  /** The user skips the offer. */
  skip(signIn: SignIn, origin: RequestOrigin): Promise<void>;
  /**
   * The user confirms that the address is read and stays so: its failures are cleared (D5).
   * @throws NijoError `fresh_sign_in_needed` where the factor was proven too long ago (S7).
   */
  confirmAddress(signIn: SignIn, origin: RequestOrigin): Promise<void>;
}

type Offer = Extract<Detour, 'offer-app' | 'offer-mail' | 'confirm-address' | 'codes-low'>;

/**
 * After an initial setup by mail an app is worth adding: the next login offers it, once (R20). Call it in
 * the transaction of that setup; imported factors were set up long ago and get no offer.
 */
export async function offerAppNextTime(trx: Db, accountId: string): Promise<void> {
  await trx
    .insertInto('offers')
    .values({ account_id: accountId, kind: 'app', due_at: sql<Date>`now()` })
    .onConflict((conflict) => conflict.columns(['account_id', 'kind']).doNothing())
    .execute();
}

/** Without an address the login reminds the user of one in 90 days, and not sooner (R24). */
export async function remindOfMailLater(trx: Db, accountId: string): Promise<void> {
  const due_at = sql<Date>`now() + interval '90 days'`;
  await trx
    .insertInto('offers')
    .values({ account_id: accountId, kind: 'mail', due_at })
    .onConflict((conflict) => conflict.columns(['account_id', 'kind']).doUpdateSet({ due_at }))
    .execute();
}

export function createOffers({ db }: { db: Db }): Offers {
  /** Ends this offer in the login. @returns which it was, or undefined where it had ended already. */
  async function leave(
    trx: Db,
    signIn: SignIn,
    offers: readonly [Detour, ...Detour[]],
  ): Promise<string | undefined> {
    await lockChallenges(trx, signIn.interaction);
    const { rows } = await sql<{ detour: string }>`
      with present as (
        select interaction, detour from sign_ins
        where interaction = ${signIn.interaction} and account_id = ${signIn.account.id}
          and detour in (${sql.join(offers)})
        for update
      ), voided as (
        update challenges c set voided_at = now() from present p
        where c.interaction = p.interaction and c.consumed_at is null and c.voided_at is null
      )
      update sign_ins s set detour = null, challenge_id = null, app_factor_id = null, app_secret_sealed = null
      from present p where s.interaction = p.interaction
      returning p.detour`.execute(trx);
    return rows[0]?.detour;
  }

  return {
    async claim(trx, signIn, proven, left) {
      // The factor is proven once more to accept the offer, so the offer stays.
      if (signIn.factor !== undefined && signIn.detour !== undefined) return;
      const offer = await claimDue(trx, signIn, proven, left);
      if (offer === undefined) return;
      await trx
        .updateTable('sign_ins')
        .set({ detour: offer })
        .where('interaction', '=', signIn.interaction)
        .where('account_id', '=', signIn.account.id)
        .execute();
    },

    async skip(signIn, origin) {
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        const offer = await leave(trx, signIn, [
          'offer-app',
          'offer-mail',
          'offer-mail-code',
          'confirm-address',
          'codes-low',
        ]);
        if (offer === undefined) return;
        await recordAudit(trx, origin, {
          event: 'offer.skipped',
          result: 'success',
          accountId: signIn.account.id,
          clientId: signIn.clientId,
          details: { offer: offer === 'offer-mail-code' ? 'offer-mail' : offer },
        });
      });
    },

    async confirmAddress(signIn, origin) {
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, signIn.account.id);
        await requireFreshProof(trx, { login: signIn, by: 'factor' });
        // A double click confirms once.
        if ((await leave(trx, signIn, ['confirm-address'])) === undefined) return;
        await trx
          .updateTable('mail_factors')
          .set({ failures: 0, last_failure_at: null })
          .where('account_id', '=', signIn.account.id)
          .where('state', '=', 'active')
          .execute();
        await recordAudit(trx, origin, {
          event: 'factor.address-confirmed',
          result: 'success',
          accountId: signIn.account.id,
          clientId: signIn.clientId,
          method: 'mail',
        });
      });
    },
  };
}

interface Due {
  changesFrozen: boolean;
  addressFrozen: boolean;
  doubtful: boolean;
  app: boolean;
  mail: boolean;
}

/** The most urgent offer that is due. It reads first, so that most logins cost only one query. */
async function claimDue(
  trx: Db,
  { interaction, account: { id: accountId } }: SignIn,
  proven: Factor,
  left: number | undefined,
): Promise<Offer | undefined> {
  const { rows } = await sql<Due>`
    select
      coalesce(a.changes_frozen_until > now(), false) as "changesFrozen",
      coalesce(a.address_frozen_until > now(), false) as "addressFrozen",
      m.id is not null and (m.failures >= ${doubtfulFailures}
        or coalesce(a.ends_at < now() + interval '60 days', false)) as doubtful,
      not f.present and exists (select from offers o where o.account_id = a.id and o.kind = 'app'
        and o.due_at <= now() and o.shown_at is null) as app,
      -- an app that an import brought has no row: its first reminder is due by the same rule
      m.id is null and f.present and coalesce(
        (select o.due_at from offers o where o.account_id = a.id and o.kind = 'mail'),
        f.since + interval '90 days') <= now() as mail
    from accounts a
    join sign_ins s on s.account_id = a.id and s.interaction = ${interaction} and s.reset_at is null
    left join mail_factors m on m.account_id = a.id and m.state = 'active'
    cross join lateral (
      select count(*) > 0 as present, min(proven_at) as since from app_factors
      where account_id = a.id and state = 'active') f
    where a.id = ${accountId}`.execute(trx);
  const due = rows[0];
  // While changes are frozen an offer would only lead to a refusal.
  if (due === undefined || due.changesFrozen) return undefined;
  if (proven === 'recovery-code' && left !== undefined && left <= fewCodes) return 'codes-low';
  if (due.doubtful && !due.addressFrozen && (await claimEvery(trx, accountId, 'confirm-address', 30)))
    return 'confirm-address';
  if (due.app && (await claimOnce(trx, accountId, 'app'))) return 'offer-app';
  if (due.mail && !due.addressFrozen && (await claimEvery(trx, accountId, 'mail', 90))) return 'offer-mail';
  return undefined;
}

/** Both are one conditional statement: of parallel logins of an account only one shows the offer. */
async function claimOnce(trx: Db, accountId: string, kind: 'app'): Promise<boolean> {
  const claimed = await trx
    .updateTable('offers')
    .set({ shown_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('shown_at', 'is', null)
    .returning('kind')
    .executeTakeFirst();
  return claimed !== undefined;
}

async function claimEvery(
  trx: Db,
  accountId: string,
  kind: 'mail' | 'confirm-address',
  days: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into offers as o (account_id, kind, due_at, shown_at)
    values (${accountId}, ${kind}, now() + make_interval(days => ${days}), now())
    on conflict (account_id, kind) do update set due_at = excluded.due_at, shown_at = excluded.shown_at
    where o.due_at <= now()
    returning kind`.execute(trx);
  return rows.length > 0;
}

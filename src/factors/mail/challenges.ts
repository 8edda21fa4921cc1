import { sql } from 'kysely';
import { newLabel, newSecret } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import type { SignIn, LiveChallenge } from '../sign-in-state.ts';

/**
 * Locks the open codes of a login before the login itself is changed: a code is proven in that order, so
 * that the two never deadlock.
 */
export async function lockChallenges(trx: Db, interaction: string): Promise<void> {
  await trx
    .selectFrom('challenges')
    .select('id')
    .where('interaction', '=', interaction)
    .where('consumed_at', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** A code's row; the code itself is derived from its id (C09). */
export interface Challenge {
  id: string;
  reference: string;
  secondsLeft: number;
}

/** Two codes of one owner never work at the same time (A03). */
async function voidOthers(trx: Db, holder: ChallengeOwner, challengeId: string): Promise<void> {
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('interaction', '=', holder.interaction)
    .where('id', '<>', challengeId)
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
}

/** A login records which code it waits for; a change has only its own codes. */
async function waitFor(trx: Db, holder: ChallengeOwner, challengeId: string): Promise<void> {
  await trx
    .updateTable('sign_ins')
    .set({ challenge_id: challengeId })
    .where('interaction', '=', holder.interaction)
    .where('account_id', '=', holder.account.id)
    .execute();
}

/** Creates a new code and voids the owner's earlier ones. */
export async function openChallenge(
  trx: Db,
  holder: ChallengeOwner,
  purpose: CodePurpose,
  address: string,
  lifetimeMinutes: number,
): Promise<Challenge> {
  const challenge = { id: newSecret(16), reference: newLabel(), secondsLeft: lifetimeMinutes * 60 };
  await voidOthers(trx, holder, challenge.id);
  await trx
    .insertInto('challenges')
    .values({
      id: challenge.id,
      interaction: holder.interaction,
      account_id: holder.account.id,
      purpose,
      address,
      reference: challenge.reference,
      expires_at: sql<Date>`now() + make_interval(secs => ${challenge.secondsLeft})`,
    })
    .execute();
  await waitFor(trx, holder, challenge.id);
  return challenge;
}

/**
 * Inside the cooldown there is neither another mail nor another code (C11): a user who leaves and comes back
 * types the code that is on its way, with its remaining tries.
 */
export async function takeUpAgain(trx: Db, holder: ChallengeOwner, challengeId: string): Promise<void> {
  if (holder.challenge?.id === challengeId && holder.challenge.open) return;
  // In one order: an interaction may pass from one account to another and back, and each has its own lock.
  await lockChallenges(trx, holder.interaction);
  await voidOthers(trx, holder, challengeId);
  await trx
    .updateTable('challenges')
    .set({ voided_at: null })
    .where('id', '=', challengeId)
    .where('consumed_at', 'is', null)
    .execute();
  await waitFor(trx, holder, challengeId);
}

/** The newest code of this owner for this purpose and address that was not used up. */
export async function findNewest(
  trx: Db,
  holder: ChallengeOwner,
  purpose: CodePurpose,
  address: string,
  maxAttempts: number,
): Promise<(Challenge & { sinceLastMail: number; reusable: boolean }) | undefined> {
  const row = await trx
    .selectFrom('challenges as c')
    .select(['c.id', 'c.reference'])
    .select([
      sql<number>`floor(extract(epoch from c.expires_at - now()))::int`.as('secondsLeft'),
      // A code about to expire is not mailed again: nobody could type it in time.
      sql<boolean>`c.voided_at is null and c.attempts < ${maxAttempts}
        and c.expires_at > now() + interval '30 seconds'`.as('reusable'),
      sql<
        number | null
      >`(select extract(epoch from clock_timestamp() - max(m.created_at))::float8 from mails m where m.challenge_id = c.id)`.as(
        'sinceLastMail',
      ),
    ])
    .where('c.interaction', '=', holder.interaction)
    .where('c.account_id', '=', holder.account.id)
    .where('c.purpose', '=', purpose)
    .where('c.address', '=', address)
    .where('c.consumed_at', 'is', null)
    .orderBy('c.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { ...row, sinceLastMail: row.sinceLastMail ?? Number.POSITIVE_INFINITY };
}

/** How many mails with a code an account was sent recently, over all logins and changes (C11). */
export async function countMails(
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

/**
 * What a mailed code belongs to, and the only thing it works for: a login in progress, or a change that was
 * begun on the user's own page (its id is in `interaction`).
 */
export type ChallengeOwner = Pick<SignIn, 'interaction' | 'account' | 'clientId' | 'challenge'>;

/** The purpose of the code; a code mailed for another purpose is refused (C07). */
export type CodePurpose = LiveChallenge['purpose'];

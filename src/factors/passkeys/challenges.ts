import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** The purpose of a challenge, which is the only thing that it can be used for. */
export interface ChallengeUse {
  purpose: 'second-factor' | 'sign-in' | 'set-up';
  /** The interaction or change that it belongs to. */
  boundTo: string;
  /** The account whose passkey is requested; undefined where the answer itself names the account. */
  accountId: string | undefined;
}

// The longest that WebAuthn L3 §15.1 recommends for a ceremony with user verification.
const lifetimeSeconds = 600;

/** Makes a challenge of 256 random bits; only its digest is stored (C54). */
export async function makePasskeyChallenge(db: Db, use: ChallengeUse): Promise<Uint8Array<ArrayBuffer>> {
  const challenge = new Uint8Array(randomBytes(32));
  await db
    .insertInto('passkey_challenges')
    .values({
      id: digestOf(challenge),
      purpose: use.purpose,
      bound_to: use.boundTo,
      account_id: use.accountId ?? null,
      expires_at: sql<Date>`now() + make_interval(secs => ${lifetimeSeconds})`,
    })
    .execute();
  return challenge;
}

/**
 * Uses a challenge up, in one conditional statement: of any number of answers to it, right or wrong, on any
 * node only one continues (A39, C54).
 * @param challenge as the answer names it, in base64url.
 */
export async function consumePasskeyChallenge(
  trx: Db,
  challenge: string,
  use: ChallengeUse,
): Promise<boolean> {
  const consumed = await trx
    .updateTable('passkey_challenges')
    .set({ consumed_at: sql<Date>`now()` })
    .where('id', '=', digestOf(Buffer.from(challenge, 'base64url')))
    .where('purpose', '=', use.purpose)
    .where('bound_to', '=', use.boundTo)
    .where('account_id', 'is not distinct from', use.accountId ?? null)
    .where('consumed_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning('id')
    .executeTakeFirst();
  return consumed !== undefined;
}

/** Deletes expired challenges, used or not. @returns how many. */
export async function forgetPasskeyChallenges(db: Db, batch: number): Promise<number> {
  const result = await sql`
    delete from passkey_challenges where ctid = any(array(
      select ctid from passkey_challenges where expires_at < now() order by expires_at
      limit ${sql.lit(batch)} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

function digestOf(challenge: Uint8Array): string {
  return createHash('sha256').update(challenge).digest('base64url');
}

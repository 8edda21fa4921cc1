import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import { domainOf } from './recipient.ts';
import { subjectOfReply } from './reply-subject.ts';

/** What the waiting page says about the mail: its state, and the domain whose server decides. */
export interface Delivery {
  /** `retrying`: a problem of our own mail system. `deferred`, `refused`: about the recipient's mailbox. */
  state: 'sending' | 'handed-over' | 'retrying' | 'deferred' | 'refused';
  /** The recipient's domain; absent once the mail is deleted. */
  domain?: string;
}

/** The state of a challenge's newest mail; undefined if it has none. */
export async function deliveryOf(db: Db, challengeId: string): Promise<Delivery | undefined> {
  const mail = await db
    .selectFrom('mails')
    .select(['state', 'server_reply', 'to_address'])
    .where('challenge_id', '=', challengeId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (mail === undefined) return undefined;
  return { state: stateOf(mail.state, mail.server_reply), domain: domainOf(mail.to_address) };
}

function stateOf(state: string, reply: string | null): Delivery['state'] {
  if (state === 'handed-over' || state === 'refused') return state;
  const recipient = reply !== null && /^[45]\d\d/.test(reply) && subjectOfReply(reply) === 'recipient';
  if (state === 'waiting') return reply === null ? 'sending' : recipient ? 'deferred' : 'retrying';
  // Expired: the waiting user sees a refusal by the mailbox, or a delay on our side.
  return recipient ? 'refused' : 'retrying';
}

/**
 * Deletes mails written more than `keepHours` ago that no longer wait or have expired. Until then,
 * operators can see what a server said (C59: codes and what belongs to them, 24 hours at most). Call it
 * again while it returns `batch`.
 * @returns how many were deleted.
 */
export async function forgetOldMails(
  db: Db,
  { keepHours = 24, batch = 1000 }: { keepHours?: number; batch?: number } = {},
): Promise<number> {
  const result = await sql`
    delete from mails where ctid = any(array(
      select ctid from mails
      where created_at < now() - make_interval(hours => ${keepHours}) and (state <> 'waiting' or expires_at < now())
      order by created_at limit ${sql.lit(batch)} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

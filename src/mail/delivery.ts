import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import { domainOf } from './recipient.ts';

/** What the waiting page says about the mail: where it stands, and whose server decides. */
export interface Delivery {
  state: 'sending' | 'handed-over' | 'retrying' | 'refused';
  /** The recipient's domain; not there once the mail is forgotten. */
  domain?: string;
}

/** Where the newest mail of a challenge stands; undefined where it has none. */
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
  const domain = domainOf(mail.to_address);
  if (mail.state === 'waiting') return { state: mail.server_reply === null ? 'sending' : 'retrying', domain };
  // Out of time is, to whoever waits for it, a mail that was not taken.
  return { state: mail.state === 'handed-over' ? 'handed-over' : 'refused', domain };
}

/**
 * Forgets mails whose time has been over for `keepHours`: within them, operators can still see what
 * a server said (C59: codes and what belongs to them, 24 hours at most). Call it again while it
 * returns `batch`.
 * @returns how many were forgotten.
 */
export async function forgetOldMails(
  db: Db,
  { keepHours = 24, batch = 1000 }: { keepHours?: number; batch?: number } = {},
): Promise<number> {
  const result = await sql`
    delete from mails where id in (
      select id from mails
      where created_at < now() - make_interval(hours => ${keepHours}) and (state <> 'waiting' or expires_at < now())
      limit ${batch} for update skip locked
    )`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

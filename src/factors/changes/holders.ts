import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { LiveChallenge } from '../sign-in-state.ts';
import { type AccountUser, ownPageClient } from '../account-user.ts';
import type { ChallengeOwner } from '../mail/challenges.ts';

/** A change as the owner of its mailed code: the code works for this change and for nothing else (C07). */
export async function codeHolderOf(db: Db, changer: AccountUser, changeId: string): Promise<ChallengeOwner> {
  const account = await db
    .selectFrom('accounts')
    .select(['login_id', 'locale', 'status'])
    .where('id', '=', changer.accountId)
    .executeTakeFirst();
  return {
    interaction: changeId,
    clientId: ownPageClient,
    account: {
      id: changer.accountId,
      loginId: account?.login_id ?? '',
      locale: account?.locale ?? undefined,
      active: account?.status === 'active',
    },
    challenge: await newestChallenge(db, changer.accountId, changeId),
  };
}

async function newestChallenge(
  db: Db,
  accountId: string,
  changeId: string,
): Promise<LiveChallenge | undefined> {
  const row = await db
    .selectFrom('challenges as c')
    .select(['c.id', 'c.purpose', 'c.address', 'c.reference', 'c.attempts'])
    .select([
      sql<number>`extract(epoch from c.expires_at - now())::float8`.as('seconds_left'),
      sql<boolean>`c.consumed_at is null and c.voided_at is null and c.expires_at > now()`.as('open'),
      sql<
        number | null
      >`(select extract(epoch from now() - max(m.created_at))::float8 from mails m where m.challenge_id = c.id)`.as(
        'since_mail',
      ),
    ])
    .where('c.interaction', '=', changeId)
    .where('c.account_id', '=', accountId)
    .orderBy('c.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : {
        id: row.id,
        purpose: row.purpose,
        address: row.address,
        reference: row.reference,
        secondsLeft: Math.ceil(row.seconds_left),
        attempts: row.attempts,
        open: row.open,
        sinceLastMail: row.since_mail ?? Number.POSITIVE_INFINITY,
      };
}

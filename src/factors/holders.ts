import type { Db } from '../db/open.ts';
import type { Holder } from './assurance.ts';

/** What an account has set up now; an unknown account has nothing and may set up nothing. */
export async function findHolder(db: Db, accountId: string): Promise<Holder> {
  const row = await db
    .selectFrom('accounts as a')
    .select('a.first_enrolled_at')
    .select((query) => [
      query
        .exists(
          query
            .selectFrom('mail_factors as m')
            .select('m.id')
            .whereRef('m.account_id', '=', 'a.id')
            .where('m.state', '=', 'active'),
        )
        .as('mail'),
      query
        .exists(
          query
            .selectFrom('app_factors as f')
            .select('f.id')
            .whereRef('f.account_id', '=', 'a.id')
            .where('f.state', '=', 'active'),
        )
        .as('app'),
    ])
    .where('a.id', '=', accountId)
    .executeTakeFirst();
  if (row === undefined) return { ways: [], everEnrolled: true };
  return {
    ways: [...(row.mail === true ? ['mail' as const] : []), ...(row.app === true ? ['app' as const] : [])],
    everEnrolled: row.first_enrolled_at !== null,
  };
}

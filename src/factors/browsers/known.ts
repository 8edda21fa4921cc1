import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { networkOf } from '../../limits/network.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import type { Notices } from '../notices/notices.ts';

/** Browsers that an account has signed in with (D11): a mail reports the first sign-in with a new one. */
export interface KnownBrowsers {
  /**
   * After a finished login: remembers this browser, and tells the user when it is new and the account
   * had signed in with another one before.
   * @param browser digest of the browser's lasting cookie (`web/known-browser.ts`), if it keeps one.
   */
  seen(
    accountId: string,
    browser: string | undefined,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<void>;
}

/** How long a browser that keeps no cookies is recognised by its user agent and network. */
const alikeDays = 90;
/** As long as the cookie lasts. */
export const keptDays = 180;
/** More rows are useless, and a browser that deletes its cookies adds one at every sign-in. */
const mostPerAccount = 50;

// A browser of the next version is the same browser.
const withoutVersions = (text: unknown) => sql<string>`regexp_replace(${text}::text, '[0-9._]+', '', 'g')`;

export function createKnownBrowsers(dependencies: { db: Db; notices: Notices }): KnownBrowsers {
  const { db, notices } = dependencies;
  return {
    async seen(accountId, browser, origin, locale) {
      const userAgent = origin.userAgent ?? '';
      const network = networkOf(origin.address);
      const id = browser ?? createHash('sha256').update(`${userAgent}\n${network}`).digest('base64url');
      const here = { user_agent: userAgent, network };
      // Almost every login comes from a browser that is known by its cookie; it costs only one statement.
      if (await seenAgain(db, accountId, id, here)) return;
      await inTransaction(db, async (trx) => {
        // Two logins that end at once with the same new browser are reported once.
        await lockAccount(trx, accountId);
        if (await seenAgain(trx, accountId, id, here)) return;
        const { alike, others } = await compare(trx, accountId, here);
        await trx
          .insertInto('known_browsers')
          .values({ account_id: accountId, browser: id, ...here })
          .execute();
        await forgetSurplus(trx, accountId);
        // The very first sign-in of an account has nothing to be compared with.
        if (alike || !others) return;
        await recordAudit(trx, origin, { event: 'browser.new', result: 'success', accountId });
        await notices.tell(trx, accountId, { kind: 'new-browser' }, origin, locale);
      });
    },
  };
}

/** A browser's user agent and network. */
interface Here {
  user_agent: string;
  network: string;
}

async function seenAgain(db: Db, accountId: string, browser: string, here: Here): Promise<boolean> {
  const known = await db
    .updateTable('known_browsers')
    .set({ ...here, last_seen_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('browser', '=', browser)
    .returning('browser')
    .executeTakeFirst();
  return known !== undefined;
}

async function compare(trx: Db, accountId: string, here: Here): Promise<{ alike: boolean; others: boolean }> {
  return trx
    .selectFrom('known_browsers')
    .select([
      sql<boolean>`coalesce(bool_or(network = ${here.network}
        and ${withoutVersions(sql.ref('user_agent'))} = ${withoutVersions(here.user_agent)}
        and last_seen_at > now() - make_interval(days => ${alikeDays})), false)`.as('alike'),
      sql<boolean>`count(*) > 0`.as('others'),
    ])
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
}

async function forgetSurplus(trx: Db, accountId: string): Promise<void> {
  await sql`
    delete from known_browsers where account_id = ${accountId} and browser in (
      select browser from known_browsers where account_id = ${accountId}
      order by last_seen_at desc offset ${mostPerAccount}
    )`.execute(trx);
}

/** Deletes browsers whose cookie has expired. Call again while it returns `batch`. @returns how many. */
export async function forgetOldBrowsers(db: Db, batch: number): Promise<number> {
  const result = await sql`
    delete from known_browsers where ctid = any(array(
      select ctid from known_browsers
      where last_seen_at < now() - make_interval(days => ${keptDays})
      order by last_seen_at limit ${sql.lit(batch)} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

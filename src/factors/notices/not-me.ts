import { sql } from 'kysely';
import { voidFallenPasses, voidSetUpPasses } from '../../accounts/ended-passes.ts';
import { endEverythingOf } from '../../accounts/status.ts';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { enqueueMail } from '../../mail/outbox.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { freezeChanges, freezeHours } from '../verification/freeze.ts';
import { findNoticeLink, noticeIdOf, type NoticeLink } from './links.ts';
import type { Notices } from './notices.ts';
import { formatTime } from '../../i18n/times.ts';

/** "This was not me": what the link of a notice does (D11, R38). It never signs anybody in. */
export interface NotMe {
  /** Whether a token was made here, without a database query; its link may have expired. */
  isOurs(token: string): boolean;
  /** What the page shows; changes nothing. @throws NijoError `notice_link_invalid`, `notice_link_expired`. */
  find(token: string): Promise<NoticeLink>;
  /** Does what the page announced, once, however often and wherever it is requested. @throws as `find`. */
  act(token: string, origin: RequestOrigin, locale: 'en' | 'ja'): Promise<NoticeLink>;
}

/**
 * Whether a link affects the whole account. The link of a set-up code does not: it went to an address that
 * nobody has proven, and the owner of that address must not end a stranger's sign-ins.
 */
export function reachesAccount(link: Pick<NoticeLink, 'event'>): boolean {
  return link.event !== 'set-up-code';
}

/** Asks the support centre to look at an account, in the caller's transaction. */
export type OpenCase = (
  trx: Db,
  accountId: string,
  origin: RequestOrigin,
  locale: 'en' | 'ja',
) => Promise<void>;

export function createNotMe(dependencies: {
  db: Db;
  sealer: Sealer;
  notices: Notices;
  /** Ends the trust in every browser of the account. */
  endTrust: (trx: Db, accountId: string, origin: RequestOrigin) => Promise<void>;
  openCase?: OpenCase;
  /** The support centre's mail addresses, language and time zone. */
  supportCentre: { email: string | undefined; locale: 'en' | 'ja'; timeZone: string };
}): NotMe {
  const { db, sealer, notices, endTrust, openCase, supportCentre } = dependencies;
  const find: NotMe['find'] = (token) => findNoticeLink(db, sealer, token);

  return {
    isOurs: (token) => noticeIdOf(sealer, token) !== undefined,
    find,
    async act(token, origin, locale) {
      const link = await find(token);
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, link.accountId);
        if (!(await claim(trx, link.id))) return;
        await recordAudit(trx, origin, {
          event: 'account.not-me',
          result: 'success',
          accountId: link.accountId,
          method: 'mail',
          details: { about: link.event },
        });
        if (!reachesAccount(link)) {
          await voidSetUpCodes(trx, link.accountId);
          return;
        }
        // A pass that somebody else may have received or requested opens nothing any more (D11).
        await voidSetUpPasses(trx, link.accountId, 'not-me', { origin });
        await openCase?.(trx, link.accountId, origin, locale);
        // Nor does a pass that was issued in this name (S29).
        await voidFallenPasses(trx, { staffId: link.accountId }, { origin });
        await freezeChanges(trx, link.accountId);
        await endTrust(trx, link.accountId, origin);
        await endEverythingOf(trx, link.accountId, { why: 'not-me' });
        await notices.tell(trx, link.accountId, { kind: 'not-me' }, origin, locale);
        await tellSupportCentre(trx, link, origin);
      });
      return find(token);
    },
  };

  async function tellSupportCentre(trx: Db, link: NoticeLink, origin: RequestOrigin): Promise<void> {
    const { email, timeZone } = supportCentre;
    if (email === undefined) return;
    await enqueueMail(trx, {
      accountId: link.accountId,
      kind: 'not-me-report',
      locale: supportCentre.locale,
      to: email,
      model: {
        about: link.event,
        loginId: link.loginId,
        at: formatTime(new Date(), supportCentre.locale, timeZone),
        toldAt: formatTime(link.createdAt, supportCentre.locale, timeZone),
        network: origin.address,
        hours: freezeHours,
        request: origin.requestId,
      },
      lifetimeSeconds: 86_400,
    });
  }
}

/** Of any number of requests on any node only one uses the link. */
async function claim(trx: Db, id: string): Promise<boolean> {
  const claimed = await trx
    .updateTable('notice_links')
    .set({ used_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .returning('id')
    .executeTakeFirst();
  return claimed !== undefined;
}

async function voidSetUpCodes(trx: Db, accountId: string): Promise<void> {
  await trx
    .updateTable('challenges')
    .set({ voided_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('purpose', 'in', ['set-up', 'change'])
    .where('consumed_at', 'is', null)
    .where('voided_at', 'is', null)
    .execute();
}

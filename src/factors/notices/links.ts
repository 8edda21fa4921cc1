import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { NijoError } from '../../base/errors.ts';
import { equalSecrets, type Sealer } from '../../base/sealing.ts';
import type { Db } from '../../db/open.ts';
import { linkDays, type LinkEvent } from '../../mail/notice-kinds.ts';

/** The link "this was not me" of a mail, as the page behind it needs it. */
export interface NoticeLink {
  id: string;
  accountId: string;
  loginId: string;
  locale: 'en' | 'ja' | undefined;
  event: LinkEvent;
  createdAt: Date;
  used: boolean;
  /** Whether changes are frozen now. */
  frozen: boolean;
}

// 128 bits each of random id and digest: 44 characters, so that the whole link fits into one line of a mail.
const tokenShape = /^([\w-]{22})([\w-]{22})$/;

function tokenUnder(key: Buffer, id: string): string {
  return id + createHmac('sha256', key).update(id).digest().subarray(0, 16).toString('base64url');
}

/**
 * The token of a link: derived from its id under a key outside the database, never stored, so that reading
 * the database is not enough to open a link (C09, C16).
 */
export function noticeToken(sealer: Sealer, id: string): string {
  return tokenUnder(sealer.keys('notice-link')[0] as Buffer, id);
}

/**
 * The id of the link that a token of ours opens; undefined for any other token. A token made before the
 * secret changed stays valid.
 */
export function noticeIdOf(sealer: Sealer, token: string): string | undefined {
  const id = tokenShape.exec(token)?.[1];
  return id !== undefined &&
    sealer.keys('notice-link').some((key) => equalSecrets(tokenUnder(key, id), token))
    ? id
    : undefined;
}

/**
 * The link that a token opens, used or not. Reading changes nothing (R38).
 * @throws NijoError `notice_link_invalid` for a token that is not ours, `notice_link_expired` after a week.
 */
export async function findNoticeLink(db: Db, sealer: Sealer, token: string): Promise<NoticeLink> {
  const id = noticeIdOf(sealer, token);
  if (id === undefined) throw new NijoError('notice_link_invalid');
  const row = await db
    .selectFrom('notice_links as l')
    .innerJoin('accounts as a', 'a.id', 'l.account_id')
    .select(['l.id', 'l.account_id', 'l.event', 'l.created_at', 'l.used_at', 'a.login_id', 'a.locale'])
    .select(sql<boolean>`coalesce(a.changes_frozen_until > now(), false)`.as('frozen'))
    .where('l.id', '=', id)
    .where('l.expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  // The digest was right, so the link existed; expired links are purged after a while.
  if (row === undefined) throw new NijoError('notice_link_expired', { days: linkDays });
  return {
    id: row.id,
    accountId: row.account_id,
    loginId: row.login_id,
    locale: row.locale ?? undefined,
    event: row.event as LinkEvent,
    createdAt: row.created_at,
    used: row.used_at !== null,
    frozen: row.frozen,
  };
}

/** Deletes expired links. Call it again while it returns `batch`. @returns how many were deleted. */
export async function forgetOldLinks(db: Db, batch: number): Promise<number> {
  const result = await sql`
    delete from notice_links where ctid = any(array(
      select ctid from notice_links where expires_at < now() order by expires_at
      limit ${sql.lit(batch)} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

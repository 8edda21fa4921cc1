import { sql } from 'kysely';
import type { ParsedMail } from 'mailparser';
import type { Db } from '../../src/db/open.ts';
import { noticeToken } from '../../src/factors/notices/links.ts';
import { createNotices, type Notice } from '../../src/factors/notices/notices.ts';
import { accountId, type Person, person } from '../login/visits.ts';
import type { Cluster } from '../support/cluster.ts';
import { testSealer } from '../support/sealer.ts';

/** The path of the link "this was not me" in a mail. */
export function linkIn(mail: ParsedMail): string {
  return /\/not-me\/[\w-]+$/m.exec(mail.text ?? '')?.[0] ?? 'no link';
}

/** A person who has just been told of a change, and the paths of the links in those mails. */
export async function told(
  cluster: Cluster,
  db: Db,
  notice: Notice = { kind: 'app-added' },
): Promise<{ who: Person; id: string; links: string[]; link: string }> {
  const who = await person(cluster, { mail: true });
  const id = await accountId(db, who);
  const notices = createNotices({ timeZone: 'Asia/Tokyo', places: [] });
  const origin = { requestId: 'r', address: '192.0.2.7', node: 'n' };
  await db.transaction().execute((trx) => notices.tell(trx, id, notice, origin, 'en'));
  const rows = await db.selectFrom('notice_links').select('id').where('account_id', '=', id).execute();
  const links = rows.map((row) => `/not-me/${noticeToken(cluster.sealer, row.id)}`);
  return { who, id, links, link: links[0] ?? 'no link' };
}

/** What a press of the button leaves behind, or not. */
export async function stateOf(db: Db, id: string) {
  const { frozen } = await db
    .selectFrom('accounts')
    .select(sql<boolean | null>`changes_frozen_until > now() + interval '23 hours 59 minutes'`.as('frozen'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const events = await db
    .selectFrom('audit_events')
    .select(['event', 'details', 'address'])
    .where('account_id', '=', id)
    .where('event', '=', 'account.not-me')
    .execute();
  const mails = await db
    .selectFrom('mails')
    .select(['kind', 'to_address'])
    .where('account_id', '=', id)
    .orderBy('created_at')
    .execute();
  return { frozen, events, mails };
}

/** Links that look like this one: each character another, cut, longer, in another case, of another server. */
export function alteredLinks(link: string): string[] {
  const token = link.slice('/not-me/'.length);
  const [id = ''] = /^[\w-]{22}/.exec(token) ?? [];
  const swapped = Array.from(
    token,
    (character, at) => token.slice(0, at) + (character === 'A' ? 'B' : 'A') + token.slice(at + 1),
  );
  return [
    ...swapped,
    token.slice(0, -1),
    `${token}A`,
    id,
    token.toUpperCase(),
    noticeToken(testSealer(), id),
    '%00',
    '..%2f',
    'A'.repeat(70),
  ].map((wrong) => `/not-me/${wrong}`);
}

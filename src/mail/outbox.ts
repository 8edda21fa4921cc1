import { newId, newSecret } from '../base/ids.ts';
import { NijoError } from '../base/errors.ts';
import type { Db } from '../db/open.ts';
import type { Locale } from '../i18n/locale.ts';
import { sql } from 'kysely';
import { linkDays, type LinkEvent } from './notice-kinds.ts';
import { isPlainAddress } from './recipient.ts';
import type { MailKind, MailModels } from './render.ts';

/** A mail to be sent. Its model never holds the code, nor a link's token: they are derived when it is sent (C09). */
export interface NewMail<Kind extends MailKind = MailKind> {
  accountId: string | undefined;
  /** Set for a mail with a code, which is never sent after this challenge has ended. */
  challengeId?: string;
  kind: Kind;
  locale: Locale;
  /** In canonical form. */
  to: string;
  model: Omit<MailModels[Kind], 'code' | 'notMe'>;
  /**
   * Gives the mail its own link "this was not me" about this event (R10, R38). If two recipients are told,
   * each has a separate link, so that using one does not use up the other.
   */
  notMe?: LinkEvent;
  /** After this the mail is not tried again. */
  lifetimeSeconds: number;
}

/**
 * Writes a mail inside the caller's transaction, so that it exists if and only if what it reports
 * was committed. After the commit, call the sender's `wake(id)` to send it at once.
 * @returns the mail's id.
 * @throws NijoError `address_malformed` when the recipient is not one plain address.
 */
export async function enqueueMail<Kind extends MailKind>(trx: Db, mail: NewMail<Kind>): Promise<string> {
  const [id] = await enqueueMails(trx, [mail]);
  if (id === undefined) throw new Error('the mail was not written');
  return id;
}

/** As `enqueueMail`, for many mails in one statement. @returns their ids, in their order. */
export async function enqueueMails<Kind extends MailKind>(
  trx: Db,
  mails: readonly NewMail<Kind>[],
): Promise<string[]> {
  if (mails.length === 0) return [];
  const written = mails.map(rowsOf);
  const links = written.flatMap(({ link }) => link ?? []);
  const rows = written.map(({ row }) => row);
  if (links.length === 0) await trx.insertInto('mails').values(rows).execute();
  else {
    await trx
      .with('link', (query) => query.insertInto('notice_links').values(links))
      .insertInto('mails')
      .values(rows)
      .execute();
  }
  return rows.map(({ id }) => id);
}

function rowsOf(mail: NewMail) {
  if (!isPlainAddress(mail.to)) throw new NijoError('address_malformed');
  if ('code' in mail.model || 'notMe' in mail.model)
    throw new Error('neither code nor link is ever stored: they are derived when the mail is sent');
  const { accountId, notMe } = mail;
  const link =
    notMe === undefined || accountId === undefined
      ? undefined
      : {
          id: newSecret(16),
          account_id: accountId,
          event: notMe,
          expires_at: sql<Date>`now() + make_interval(days => ${linkDays})`,
        };
  const row = {
    id: newId(),
    account_id: accountId ?? null,
    challenge_id: mail.challengeId ?? null,
    kind: mail.kind,
    locale: mail.locale,
    to_address: mail.to,
    model: JSON.stringify(link === undefined ? mail.model : { ...mail.model, link: link.id }),
    server_reply: null,
    expires_at: sql<Date>`now() + make_interval(secs => ${mail.lifetimeSeconds})`,
  };
  return { row, link };
}

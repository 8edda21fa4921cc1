import { newId } from '../base/ids.ts';
import { NijoError } from '../base/errors.ts';
import type { Db } from '../db/open.ts';
import type { Locale } from '../i18n/locale.ts';
import { sql } from 'kysely';
import { isPlainAddress } from './recipient.ts';
import type { MailKind, MailModels } from './render.ts';

/** A mail to be sent. Its model never holds the code: that is derived when it is sent (C09). */
export interface NewMail<Kind extends MailKind = MailKind> {
  accountId: string | undefined;
  /** Mails with a code name their challenge, and never leave after it has ended. */
  challengeId?: string;
  kind: Kind;
  locale: Locale;
  /** In canonical form. */
  to: string;
  model: Omit<MailModels[Kind], 'code'>;
  /** After this the mail is not tried any more. */
  lifetimeSeconds: number;
}

/**
 * Writes a mail inside the caller's transaction, so that it exists if and only if what it tells of
 * was committed. After the commit call `kick(id)` of the sender: it then leaves at once.
 * @returns the mail's id.
 * @throws NijoError `address_malformed` when the recipient is not one plain address.
 */
export async function enqueueMail<Kind extends MailKind>(trx: Db, mail: NewMail<Kind>): Promise<string> {
  if (!isPlainAddress(mail.to)) throw new NijoError('address_malformed');
  if ('code' in mail.model) throw new Error('a code is never stored: it is derived when the mail is sent');
  const id = newId();
  await trx
    .insertInto('mails')
    .values({
      id,
      account_id: mail.accountId ?? null,
      challenge_id: mail.challengeId ?? null,
      kind: mail.kind,
      locale: mail.locale,
      to_address: mail.to,
      model: JSON.stringify(mail.model),
      server_reply: null,
      expires_at: sql`now() + make_interval(secs => ${mail.lifetimeSeconds})`,
    })
    .execute();
  return id;
}

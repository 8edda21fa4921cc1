import { sql } from 'kysely';
import { maskLoginId } from '../../accounts/login-id.ts';
import type { RequestOrigin } from '../../audit/audit.ts';
import { type Places, placeOf } from '../../config/places.ts';
import type { Db } from '../../db/open.ts';
import { describeDevice } from '../../i18n/device.ts';
import { translator } from '../../i18n/translate.ts';
import type { NoticeKind } from '../../mail/notice-kinds.ts';
import { enqueueMails, type NewMail } from '../../mail/outbox.ts';
import { canonicalAddress } from '../mail/address.ts';
import { formatTime } from '../../i18n/times.ts';

export type { NoticeKind } from '../../mail/notice-kinds.ts';

/** What a notice says besides time, device and place. */
export interface Notice {
  kind: NoticeKind;
  /** The name of the device or passkey, or the browser in words. */
  name?: string;
  /** The new address, masked. */
  address?: string;
  /** Whole addresses to tell besides the account's own: the earlier one. */
  alsoTo?: readonly string[];
  /** Recovery codes that are left. */
  left?: number;
  /** The service that the user was signing in to. */
  service?: string;
  /** Why the support centre refused: a word of its list. */
  reason?: string;
}

/** Mails about a change, written in its own transaction: neither exists without the other (C18, R37). */
export interface Notices {
  /**
   * Tells the account's mail factor and `alsoTo`. Where the account has no mail factor, or has just set up
   * its first one, it tells the address in the directory too. The mails are sent by themselves within
   * seconds.
   * @param origin undefined for what an operator did at the command line.
   * @param locale for an account that has none of its own.
   */
  tell(
    trx: Db,
    accountId: string,
    notice: Notice,
    origin: RequestOrigin | undefined,
    locale: 'en' | 'ja',
  ): Promise<void>;
  /** As `tell`, for many accounts in two statements. */
  tellMany(
    trx: Db,
    told: readonly { accountId: string; notice: Notice }[],
    origin: RequestOrigin | undefined,
    locale: 'en' | 'ja',
  ): Promise<void>;
}

const lifetimeSeconds = 86_400;

/** After these changes the account's address is one that nobody knew before. */
const firstAddress: readonly NoticeKind[] = ['mail-added', 'set-up-by-pass'];

export function createNotices(settings: { timeZone: string; places: Places }): Notices {
  const { timeZone, places } = settings;
  async function tellMany(
    trx: Db,
    told: readonly { accountId: string; notice: Notice }[],
    origin: RequestOrigin | undefined,
    locale: 'en' | 'ja',
  ): Promise<void> {
    const holders = await findHolders(
      trx,
      told.map(({ accountId }) => accountId),
    );
    const mails = told.flatMap(({ accountId, notice }) => {
      const holder = holders.get(accountId);
      return holder === undefined ? [] : mailsOf(accountId, holder, notice, origin, holder.locale ?? locale);
    });
    await enqueueMails(trx, mails);
  }

  function mailsOf(
    accountId: string,
    holder: Holder,
    notice: Notice,
    origin: RequestOrigin | undefined,
    words: 'en' | 'ja',
  ): NewMail<'notice'>[] {
    const t = translator(words);
    const { kind, name, address, left, service, reason } = notice;
    const model = {
      notice: kind,
      loginId: maskLoginId(holder.loginId),
      ...(name === undefined ? {} : { name }),
      ...(address === undefined ? {} : { address }),
      ...(left === undefined ? {} : { left }),
      ...(service === undefined ? {} : { service }),
      ...(reason === undefined ? {} : { reason }),
      at: formatTime(new Date(), words, timeZone),
      ...(origin?.userAgent === undefined ? {} : { device: describeDevice(origin.userAgent, t) }),
      ...(origin === undefined
        ? {}
        : {
            place:
              placeOf(places, origin.address)?.[words] ?? t('notices.elsewhere', { address: origin.address }),
          }),
    };
    return recipientsOf(holder, notice).map((to) => ({
      accountId,
      kind: 'notice',
      locale: words,
      to,
      model,
      // A user who said "this was not me" needs no further link: a finder could go from link to link for
      // ever.
      ...(kind === 'not-me' ? {} : { notMe: kind }),
      lifetimeSeconds,
    }));
  }

  return {
    tellMany,
    tell: (trx, accountId, notice, origin, locale) => tellMany(trx, [{ accountId, notice }], origin, locale),
  };
}

interface Holder {
  loginId: string;
  locale: 'en' | 'ja' | null;
  /** Of the active mail factor. */
  address: string | null;
  /** The directory's. */
  email: string | null;
}

async function findHolders(trx: Db, accountIds: readonly string[]): Promise<Map<string, Holder>> {
  if (accountIds.length === 0) return new Map();
  const rows = await trx
    .selectFrom('accounts as a')
    .leftJoin('mail_factors as m', (join) =>
      join.onRef('m.account_id', '=', 'a.id').on(sql<boolean>`m.state = 'active'`),
    )
    .select(['a.id', 'a.login_id', 'a.locale', 'a.email', 'm.address'])
    .where('a.id', '=', sql<string>`any(${[...accountIds]}::text[])`)
    .execute();
  return new Map(
    rows.map(({ id, login_id: loginId, locale, address, email }) => [
      id,
      { loginId, locale, address, email },
    ]),
  );
}

function recipientsOf({ address, email }: Holder, notice: Notice): string[] {
  // The person who set up the first address may not be the account's owner: the directory's address is the
  // only one that existed before (C18).
  const directory = address === null || firstAddress.includes(notice.kind) ? [plain(email)] : [];
  const addresses = [address, ...(notice.alsoTo ?? []), ...directory];
  return [...new Set(addresses.filter((one) => one !== null))];
}

/** The directory's address as it can be mailed to; nobody has verified what the directory holds. */
function plain(email: string | null): string | null {
  const canonical = canonicalAddress(email, []);
  return 'address' in canonical ? canonical.address : null;
}

import { maskLoginId } from '../accounts/login-id.ts';
import type { RequestOrigin } from '../audit/audit.ts';
import { type Places, placeOf } from '../config/places.ts';
import type { Db } from '../db/open.ts';
import { describeDevice } from '../i18n/device.ts';
import { translator } from '../i18n/translate.ts';
import type { NoticeKind } from '../mail/notice-kinds.ts';
import { enqueueMail } from '../mail/outbox.ts';
import { canonicalAddress } from './address.ts';
import { formatTime } from './mail-codes.ts';

export type { NoticeKind } from '../mail/notice-kinds.ts';

/** What a notice tells besides time, device and place. */
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
  /** The service on whose way it happened. */
  service?: string;
  /** Why the support centre refused: a word of its list. */
  reason?: string;
}

/** Mails about a change, written in the change's own transaction: neither is there without the other (C18, R37). */
export interface Notices {
  /**
   * Tells the account's mail factor, `alsoTo`, and where it has no mail factor, or has just got its first
   * one, the address in the directory. The mails leave by themselves within seconds.
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
}

const lifetimeSeconds = 86_400;

/** After these the account's address is one that nobody has known before. */
const firstAddress: readonly NoticeKind[] = ['mail-added', 'set-up-by-pass'];

export function createNotices(settings: { timeZone: string; places: Places }): Notices {
  const { timeZone, places } = settings;
  return {
    async tell(trx, accountId, notice, origin, locale) {
      const account = await findRecipients(trx, accountId, notice);
      if (account === undefined) return;
      const words = account.locale ?? locale;
      const t = translator(words);
      const { kind, name, address, left, service, reason } = notice;
      const model = {
        notice: kind,
        loginId: maskLoginId(account.loginId),
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
                placeOf(places, origin.address)?.[words] ??
                t('notices.elsewhere', { address: origin.address }),
            }),
      };
      for (const to of account.addresses) {
        await enqueueMail(trx, {
          accountId,
          kind: 'notice',
          locale: words,
          to,
          model,
          // Who has just said "this was not me" needs no further link, and whoever finds one could go on for ever.
          ...(kind === 'not-me' ? {} : { notMe: kind }),
          lifetimeSeconds,
        });
      }
    },
  };
}

async function findRecipients(
  trx: Db,
  accountId: string,
  notice: Notice,
): Promise<{ loginId: string; locale: 'en' | 'ja' | null; addresses: Set<string> } | undefined> {
  const row = await trx
    .selectFrom('accounts as a')
    .leftJoin('mail_factors as m', (join) =>
      join.onRef('m.account_id', '=', 'a.id').on('m.state', '=', 'active'),
    )
    .select(['a.login_id', 'a.locale', 'a.email', 'm.address'])
    .where('a.id', '=', accountId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  // Whoever set up the first address may not be who the account belongs to: the directory's address is
  // the only one that was there before (C18).
  const directory = row.address === null || firstAddress.includes(notice.kind) ? [plain(row.email)] : [];
  const addresses = [row.address, ...(notice.alsoTo ?? []), ...directory];
  return {
    loginId: row.login_id,
    locale: row.locale,
    addresses: new Set(addresses.filter((address) => address !== null)),
  };
}

/** The directory's address as it can be mailed to; what it holds has been checked by nobody. */
function plain(email: string | null): string | null {
  const canonical = canonicalAddress(email, []);
  return 'address' in canonical ? canonical.address : null;
}

import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import type { Factor } from '../assurance.ts';
import { findHolder, type Offered } from './factors-of.ts';

/** Everything an account has set up, as the user sees it. */
export interface Overview {
  account: { id: string; loginId: string; locale: 'en' | 'ja' | undefined };
  mail:
    | {
        address: string;
        provenAt: Date;
        lastUsedAt?: Date;
        /** Mails to it were refused or came back since it was last confirmed (D5). */
        failing: boolean;
        disabled: boolean;
      }
    | undefined;
  apps: { id: string; name: string; provenAt: Date; lastUsedAt?: Date }[];
  /** After too many wrong codes in a row (C05). */
  appsDisabled: boolean;
  passkeys: { id: string; name: string; provenAt: Date; lastUsedAt?: Date; backedUp: boolean }[];
  recoveryCodes: { number: string; createdAt: Date; left: number } | undefined;
  trustedBrowsers: {
    id: string;
    userAgent: string;
    address: string;
    createdAt: Date;
    lastUsedAt?: Date;
    expiresAt: Date;
  }[];
  /** Until when no change, or no change of the address, is possible; only future times. */
  frozen: { changesUntil?: Date; addressUntil?: Date };
  /** Factors that work now. */
  ways: readonly Factor[];
}

const lastUsed = (at: Date | null): { lastUsedAt?: Date } => (at === null ? {} : { lastUsedAt: at });

/** @returns `undefined` for an unknown account. */
export async function findOverview(
  db: Db,
  accountId: string,
  offered: Offered,
): Promise<Overview | undefined> {
  const account = await db
    .selectFrom('accounts')
    .select(['id', 'login_id', 'locale'])
    .select([
      sql<Date | null>`case when changes_frozen_until > now() then changes_frozen_until end`.as('changes'),
      sql<Date | null>`case when address_frozen_until > now() then address_frozen_until end`.as('address'),
    ])
    .where('id', '=', accountId)
    .executeTakeFirst();
  if (account === undefined) return undefined;
  const [mail, apps, passkeys, sheet, browsers, disabled, holder] = await Promise.all([
    db
      .selectFrom('mail_factors')
      .select(['address', 'proven_at', 'last_used_at', 'failures'])
      .where('account_id', '=', accountId)
      .where('state', '=', 'active')
      .executeTakeFirst(),
    db
      .selectFrom('app_factors')
      .select(['id', 'name', 'proven_at', 'last_used_at'])
      .where('account_id', '=', accountId)
      .where('state', '=', 'active')
      .orderBy('proven_at')
      .orderBy('id')
      .execute(),
    db
      .selectFrom('passkeys')
      .select(['id', 'name', 'proven_at', 'last_used_at', 'backed_up'])
      .where('account_id', '=', accountId)
      .where('state', '=', 'active')
      .orderBy('proven_at')
      .orderBy('id')
      .execute(),
    db
      .selectFrom('recovery_sheets as s')
      .select(['s.number', 's.created_at'])
      .select((query) =>
        query
          .selectFrom('recovery_codes as c')
          .select(sql<number>`count(*)::int`.as('left'))
          .whereRef('c.sheet_id', '=', 's.id')
          .where('c.used_at', 'is', null)
          .as('left'),
      )
      .where('s.account_id', '=', accountId)
      .where('s.ended_at', 'is', null)
      .executeTakeFirst(),
    db
      .selectFrom('trusted_browsers')
      .select(['id', 'user_agent', 'address', 'created_at', 'last_used_at', 'expires_at'])
      .where('account_id', '=', accountId)
      .where('ended_at', 'is', null)
      .where('expires_at', '>', sql<Date>`now()`)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute(),
    db
      .selectFrom('factor_failures')
      .select('factor')
      .where('account_id', '=', accountId)
      .where('disabled_at', 'is not', null)
      .execute(),
    findHolder(db, accountId, offered),
  ]);
  const isOff = (factor: string): boolean => disabled.some((row) => row.factor === factor);
  return {
    account: { id: account.id, loginId: account.login_id, locale: account.locale ?? undefined },
    mail:
      mail === undefined
        ? undefined
        : {
            address: mail.address,
            provenAt: mail.proven_at,
            ...lastUsed(mail.last_used_at),
            failing: mail.failures > 0,
            disabled: isOff('mail'),
          },
    apps: apps.map((app) => ({
      id: app.id,
      name: app.name,
      provenAt: app.proven_at,
      ...lastUsed(app.last_used_at),
    })),
    appsDisabled: apps.length > 0 && isOff('app'),
    passkeys: passkeys.map((passkey) => ({
      id: passkey.id,
      name: passkey.name,
      provenAt: passkey.proven_at,
      ...lastUsed(passkey.last_used_at),
      backedUp: passkey.backed_up,
    })),
    recoveryCodes:
      sheet === undefined
        ? undefined
        : { number: sheet.number, createdAt: sheet.created_at, left: sheet.left ?? 0 },
    trustedBrowsers: browsers.map((browser) => ({
      id: browser.id,
      userAgent: browser.user_agent,
      address: browser.address,
      createdAt: browser.created_at,
      ...lastUsed(browser.last_used_at),
      expiresAt: browser.expires_at,
    })),
    frozen: {
      ...(account.changes === null ? {} : { changesUntil: account.changes }),
      ...(account.address === null ? {} : { addressUntil: account.address }),
    },
    ways: holder.ways,
  };
}

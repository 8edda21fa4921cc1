import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import { newSecret } from '../../base/ids.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockAccount } from '../../accounts/account-lock.ts';
import { requireFreshProof } from '../fresh-proof.ts';
import type { Notices } from '../notices/notices.ts';
import { endAllOf, endOne, endTrust, type TrustEnd } from './trust-rows.ts';
import type { SignIn } from '../sign-in-state.ts';
import type { AccountUser } from '../account-user.ts';

export type TrustUse =
  | {
      outcome: 'trusted';
      id: string;
      /** The new value of the browser's cookie; undefined where another tab has just received it. */
      rotated?: string;
    }
  /** `theft`: an earlier secret was sent again, so somebody has a copy; the trust has ended. */
  | { outcome: 'unknown' | 'theft' };

/**
 * Browsers in which an account needs no second factor for a while (R31). Trust has no other effect: it signs
 * nobody in, and services are still told the truth, a password alone.
 */
export interface TrustedBrowsers {
  /**
   * Trusts this browser, after a factor was proven in this very login and while the login exists.
   * @param days the client's limit; trust given here never lasts longer.
   * @param replaces the earlier value of the browser's cookie.
   * @returns the new value of the browser's cookie; undefined where the login is over or was reset.
   */
  trust(
    signIn: Pick<SignIn, 'interaction' | 'account' | 'browser' | 'clientId'>,
    days: number,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
    replaces?: string,
  ): Promise<string | undefined>;
  /** At the password step: gives the browser a new secret, or detects that its secret was copied. */
  use(
    accountId: string,
    value: string,
    maxDays: number,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<TrustUse>;
  /** Whether this value is valid for this account now; the policy and the login's steps call it. */
  holds(accountId: string, value: string, maxDays: number): Promise<boolean>;
  /** Whether the account trusts any browser, with trust given at most so many days ago. */
  holdsAny(accountId: string, maxDays: number): Promise<boolean>;
  /** @throws NijoError `factor_unknown` where there is no such trust, or it has ended. */
  end(changer: AccountUser, id: string): Promise<void>;
  /** Call it in the transaction of the change that is the reason, while the account is locked. */
  endAll(trx: Db, accountId: string, why: TrustEnd, origin: RequestOrigin): Promise<void>;
}

/**
 * For this long after a rotation both secrets are valid and neither changes: several tabs send the same
 * secret at once, and only one of them gets the new one.
 */
const overlapSeconds = 60;
const idLength = 22;
const valueLength = 65;

/** The secret has 256 bits, so its digest needs no key. */
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

interface Held {
  id: string;
  digest: string;
}

function read(value: string): Held | undefined {
  if (value.length !== valueLength || !/^[\w-]+$/.test(value)) return undefined;
  return { id: value.slice(0, idLength), digest: digestOf(value.slice(idLength)) };
}

/** The conditions under which a row's secret is valid. */
function rules({ digest }: Held, maxDays: number) {
  const present = sql<boolean>`b.secret_digest = ${digest}`;
  const overlap = sql<boolean>`b.rotated_at > now() - make_interval(secs => ${overlapSeconds})`;
  // Until the present secret has been sent back once, the answer that carried it may have been lost.
  const right = sql<boolean>`(${present} or (coalesce(b.previous_digest = ${digest}, false)
    and (${overlap} or b.seen_at is null)))`;
  return {
    present,
    right,
    rotates: sql<boolean>`(${right} and not ${overlap})`,
    /** The client's days count from when trust was given, for whichever client that was. */
    lasts: sql<boolean>`b.created_at > now() - make_interval(days => ${maxDays})`,
  };
}

const alive = (accountId: string, id: string): RawBuilder<boolean> => sql`b.id = ${id}
  and b.account_id = ${accountId} and b.ended_at is null and b.expires_at > now()
  and exists (select from accounts a where a.id = b.account_id and a.status = 'active')`;

export function createTrustedBrowsers(dependencies: {
  db: Db;
  notices: Pick<Notices, 'tell'>;
}): TrustedBrowsers {
  const { db, notices } = dependencies;

  return {
    async trust(signIn, days, origin, locale, replaces) {
      const accountId = signIn.account.id;
      const secret = newSecret(32);
      const id = newSecret(16);
      return inTransaction(db, async (trx) => {
        await lockAccount(trx, accountId);
        // A reset or a report in between has ended the login, and the proof with it.
        const given = await sql`
          insert into trusted_browsers (id, account_id, secret_digest, user_agent, address, expires_at)
          select ${id}, s.account_id, ${digestOf(secret)}, ${origin.userAgent ?? ''}, ${origin.address},
            now() + make_interval(days => ${days})
          from sign_ins s join accounts a on a.id = s.account_id
          where s.interaction = ${signIn.interaction} and s.account_id = ${accountId}
            and s.browser = ${signIn.browser} and s.factor is not null and s.expires_at > now()
            and a.status = 'active'
          returning id`.execute(trx);
        if (given.rows.length === 0) return undefined;
        const earlier = replaces === undefined ? undefined : read(replaces);
        if (earlier !== undefined) {
          await endTrust(trx, accountId, 'replaced').where('id', '=', earlier.id).execute();
        }
        await recordAudit(trx, origin, {
          event: 'browser.trusted',
          result: 'success',
          accountId,
          clientId: signIn.clientId,
          details: { browser: id, days },
        });
        await notices.tell(trx, accountId, { kind: 'browser-trusted' }, origin, locale);
        return `${id}${secret}`;
      });
    },

    async use(accountId, value, maxDays, origin, locale) {
      const held = read(value);
      if (held === undefined) return { outcome: 'unknown' };
      const { present, right, rotates, lasts } = rules(held, maxDays);
      const secret = newSecret(32);
      return inTransaction(db, async (trx): Promise<TrustUse> => {
        await lockAccount(trx, accountId);
        // One statement decides and updates: each of several requests sees what the one before has left.
        const { rows } = await sql<{ theft: boolean; rotated: boolean }>`
          update trusted_browsers b set
            secret_digest = case when ${rotates} then ${digestOf(secret)} else b.secret_digest end,
            previous_digest = case when ${rotates} then ${held.digest} else b.previous_digest end,
            rotated_at = case when ${rotates} then now() else b.rotated_at end,
            seen_at = case when ${rotates} then null when ${present} then coalesce(b.seen_at, now()) else b.seen_at end,
            last_used_at = case when ${right} then now() else b.last_used_at end,
            ended_at = case when ${right} then null else now() end,
            ended_why = case when ${right} then null else 'theft' end
          where ${alive(accountId, held.id)} and (${lasts} or not ${right})
          returning b.ended_at is not null as theft, b.secret_digest = ${digestOf(secret)} as rotated`.execute(
          trx,
        );
        const [row] = rows;
        if (row === undefined) return { outcome: 'unknown' };
        const details = { browser: held.id };
        if (row.theft) {
          await recordAudit(trx, origin, {
            event: 'browser.trust-theft',
            result: 'failure',
            accountId,
            details,
          });
          await notices.tell(trx, accountId, { kind: 'trust-theft' }, origin, locale);
          return { outcome: 'theft' };
        }
        await recordAudit(trx, origin, {
          event: 'browser.trust-used',
          result: 'success',
          accountId,
          details,
        });
        return { outcome: 'trusted', id: held.id, ...(row.rotated ? { rotated: held.id + secret } : {}) };
      });
    },

    async holds(accountId, value, maxDays) {
      const held = read(value);
      if (held === undefined) return false;
      const { present, right, lasts } = rules(held, maxDays);
      // The present secret is marked as seen when it is first sent back. From then on, and once the overlap
      // is over, the previous secret is a copy.
      const { rows } = await sql`
        with good as (
          select b.id, ${present} as present from trusted_browsers b
          where ${alive(accountId, held.id)} and ${lasts} and ${right}
        ), seen as (
          update trusted_browsers b set seen_at = now() from good
          where b.id = good.id and good.present and ${present} and b.seen_at is null
        )
        select id from good`.execute(db);
      return rows.length > 0;
    },

    async holdsAny(accountId, maxDays) {
      const { rows } = await sql`select from trusted_browsers b
        where b.account_id = ${accountId} and b.ended_at is null and b.expires_at > now()
          and b.created_at > now() - make_interval(days => ${maxDays}) limit 1`.execute(db);
      return rows.length > 0;
    },

    async end(changer, id) {
      const { accountId, origin } = changer;
      await inTransaction(db, async (trx) => {
        await lockAccount(trx, accountId);
        await requireFreshProof(trx, { session: changer });
        if (!(await endOne(trx, accountId, id, 'user', origin))) throw new NijoError('factor_unknown');
      });
    },

    async endAll(trx, accountId, why, origin) {
      await endAllOf(trx, accountId, why, origin);
    },
  };
}

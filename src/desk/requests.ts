import { type RequestOrigin, recordAudit } from '../audit/audit.ts';
import { NijoError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Sealer } from '../base/sealing.ts';
import { type Places, placeAt } from '../config/places.ts';
import type { DeskSettings } from '../config/sections/desk.ts';
import type { Db } from '../db/open.ts';
import { inTransaction } from '../db/transaction.ts';
import { lockAccount } from '../accounts/account-lock.ts';
import type { Notices } from '../factors/notices/notices.ts';
import { hit } from '../limits/limits.ts';
import { networkOf, siteOf } from '../limits/network.ts';
import { caseNumberOf, newCaseNumber } from './case-number.ts';
import { findOpenCase } from './cases/opening.ts';
import { type ChosenReason, isCaseReason } from './cases/shapes.ts';
import { findNewestNumber, insertCase, isFiled } from './filing.ts';
import { digestOfUnknownId, readTypedId } from './typed-id.ts';

export { type CaseReason, caseReasons, type ChosenReason, isCaseReason } from './cases/shapes.ts';

/** A request for help, as the user's pages take it. */
export interface SupportRequest {
  /** As typed in. */
  loginId: string;
  /** The account's id, where the right password was given. */
  account?: string;
  reason: ChosenReason;
  /** An id of `desk.identity_checks`; anything else counts as none. */
  wishedCheck?: string;
  /** An unguessable id of the form that was shown: the same words sent twice with it are one request. */
  form?: string;
  origin: RequestOrigin;
  locale: 'en' | 'ja';
}

/** The user's side of the desk (R36, R42). */
export interface SupportRequests {
  /**
   * Files a case; the work and the answer are the same whether or not the ID exists (C12, C13).
   * @throws NijoError `support_limit_reached` {minutes}, `login_id_missing`, `reason_missing`.
   */
  file(request: SupportRequest): Promise<{ number: string }>;
  /** Opens a case for "this was not me" too (D11), in the caller's transaction, with the account locked. */
  fileNotMe: FileNotMe;
}

export type FileNotMe = (
  trx: Db,
  accountId: string,
  origin: RequestOrigin,
  locale: 'en' | 'ja',
) => Promise<void>;

/** Without the password: a campus may share one address, but one source must not flood the queue. */
export const filingsPerHourAndNetwork = 20;
/** A /48 of IPv6 may belong to one customer, who has 65,536 networks to send from. */
const networksPerSite = 4;
export const filingsPerDayAndId = 5;
/** A validated request. */
interface Filing {
  number: string;
  loginId: string;
  /** Replaces the ID where it names no account, and in the limits. */
  digest: string;
  account: string | undefined;
  reason: ChosenReason;
  wished: string | undefined;
  origin: RequestOrigin;
  locale: 'en' | 'ja';
}

export function createSupportRequests(deps: {
  db: Db;
  settings: DeskSettings;
  notices: Notices;
  sealer: Pick<Sealer, 'digest'>;
  /** Networks with limits of their own. */
  places: Places;
}): SupportRequests {
  const { db, settings, notices, sealer, places } = deps;

  return {
    fileNotMe: createFileNotMe(settings),

    async file(request) {
      const { origin, account } = request;
      if (!isCaseReason(request.reason)) throw new NijoError('reason_missing');
      const loginId = readTypedId(request.loginId);
      if (loginId === '') throw new NijoError('login_id_missing');
      const digest = digestOfUnknownId(sealer, loginId);
      const wished = settings.identity_checks.find(({ id }) => id === request.wishedCheck)?.id;
      const { reason, locale, form } = request;
      const number = form === undefined ? newCaseNumber() : caseNumberOf(form, [loginId, reason]);
      const filing = { number, loginId, digest, reason, wished, origin, locale, account };
      // A user who knows the password gets one case, however often they ask; a campus shares one address.
      if (account !== undefined) return fileWithPassword(account, filing);
      if (form !== undefined && (await isFiled(db, number))) return { number };
      await countForNetwork(origin.address);
      const filed = await inTransaction(db, (trx) => store(trx, filing));
      return { number: filed.number };
    },
  };

  /** One source must not flood the queue; a user over the limit can still file with the password. */
  async function countForNetwork(address: string): Promise<void> {
    const max = placeAt(places, address)?.limits?.support_requests_per_hour ?? filingsPerHourAndNetwork;
    const site = siteOf(address);
    const windows = [
      { key: `support-network:${networkOf(address)}`, max },
      ...(site === undefined ? [] : [{ key: `support-network:${site}`, max: max * networksPerSite }]),
    ];
    for (const window of windows) {
      const counted = await hit(db, { ...window, seconds: 3600 });
      if (!counted.allowed)
        throw new NijoError('support_limit_reached', { minutes: Math.ceil(counted.retryAfterSeconds / 60) });
    }
  }

  /** The limit of an ID stays invisible: a request over it gets the number of a case already stored. */
  async function store(trx: Db, filing: Filing): Promise<{ number: string; stored: boolean }> {
    const { loginId, digest, reason, locale, origin, account } = filing;
    // Requests by strangers for an ID must not exclude the user who knows its password.
    const key = account === undefined ? `support-id:${digest}` : `support-account:${account}`;
    const { allowed } = await hit(trx, { key, max: filingsPerDayAndId, seconds: 86_400 });
    const filed = await insertCase(
      trx,
      {
        id: newId(),
        number: filing.number,
        loginId,
        digest,
        reason,
        source: 'user',
        withPassword: account !== undefined,
        wishedCheck: filing.wished,
        locale,
      },
      settings.two_approvers,
      allowed,
    );
    if (filed === undefined) {
      const newest = allowed
        ? undefined
        : await findNewestNumber(trx, [loginId, digest], account !== undefined);
      return { number: newest ?? filing.number, stored: false };
    }
    await recordAudit(trx, origin, {
      event: 'desk.case-filed',
      result: 'success',
      // Without a proven password the sender may be anybody.
      actor: account ?? 'anonymous',
      ...(filed.accountId === undefined ? {} : { accountId: filed.accountId }),
      details: { case: filed.id, number: filed.number, reason, password: account !== undefined },
    });
    return { number: filed.number, stored: true };
  }

  async function fileWithPassword(account: string, filing: Filing): Promise<{ number: string }> {
    const { reason, origin, locale } = filing;
    return inTransaction(db, async (trx) => {
      await lockAccount(trx, account);
      const present = await findOpenCase(trx, account);
      if (present?.with_password === true) return { number: present.number };
      if (present === undefined) {
        const { number, stored } = await store(trx, filing);
        if (stored) await notices.tell(trx, account, { kind: 'case-filed', name: number }, origin, locale);
        return { number };
      }
      // Filed before without the password, or opened by staff: the same matter, now with the right password.
      await trx
        .updateTable('desk_cases')
        .set((row) => ({
          with_password: true,
          wished_check: filing.wished ?? row.ref('wished_check'),
          version: row('version', '+', 1),
        }))
        .where('id', '=', present.id)
        .execute();
      await recordAudit(trx, origin, {
        event: 'desk.case-filed',
        result: 'success',
        accountId: account,
        details: { case: present.id, number: present.number, reason, password: true },
      });
      await notices.tell(trx, account, { kind: 'case-filed', name: present.number }, origin, locale);
      return { number: present.number };
    });
  }
}

/**
 * "This was not me" (D11): the desk must look at the account. Earlier checks and approvals no longer count
 * (`desk_counts_from`), and acts from an earlier page of an open case are refused.
 */
export function createFileNotMe(settings: Pick<DeskSettings, 'two_approvers'>): FileNotMe {
  return async (trx, accountId, origin, locale) => {
    await trx
      .updateTable('desk_cases')
      .set((row) => ({ version: row('version', '+', 1) }))
      .where('account_id', '=', accountId)
      .where('state', '=', 'open')
      .execute();
    const account = await trx
      .selectFrom('accounts')
      .select('login_id')
      .where('id', '=', accountId)
      .executeTakeFirst();
    if (account === undefined) return;
    const filed = await insertCase(
      trx,
      {
        id: newId(),
        number: newCaseNumber(),
        loginId: account.login_id,
        digest: account.login_id,
        reason: 'not-me',
        source: 'not-me',
        withPassword: false,
        wishedCheck: undefined,
        locale,
      },
      settings.two_approvers,
      true,
    );
    if (filed === undefined) return;
    await recordAudit(trx, origin, {
      event: 'desk.case-filed',
      result: 'success',
      accountId,
      details: { case: filed.id, number: filed.number, reason: 'not-me', password: false },
    });
  };
}

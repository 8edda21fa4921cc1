import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { type RequestOrigin, recordAudit } from '../../audit/audit.ts';
import { NijoError } from '../../base/errors.ts';
import { newId, newLabel, newSecret } from '../../base/ids.ts';
import type { Sealer } from '../../base/sealing.ts';
import { ensureInstanceSecret, findInstanceSecret } from '../../db/instance-secrets.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { lockOwnAccount } from '../changes/frame.ts';
import { clearFailures } from '../verification/failures.ts';
import { requireChangeable } from '../verification/freeze.ts';
import type { Notices } from '../notices/notices.ts';
import type { Offers } from '../sign-in/offers.ts';
import type { VerificationOutcome, Verification } from '../verification/verify.ts';
import { formatRecoveryCode, newRecoveryCode } from './code-value.ts';
import type { TrustedBrowsers } from '../browsers/trusted.ts';
import type { SignIn } from '../sign-in-state.ts';
import type { AccountUser } from '../account-user.ts';

export { readRecoveryCode } from './code-value.ts';

/** Codes on one sheet. */
export const codesOnASheet = 10;

export type RecoveryCodeOutcome =
  | { outcome: 'matched'; left: number; number: string }
  | { outcome: 'wrong' | 'used' };

/** Codes on paper for when no other factor is at hand (D8): an additional factor, never the only one. */
export interface RecoveryCodes {
  /** Whether the operator offers them (R11). */
  available: boolean;
  /**
   * Makes a new sheet; the same commit voids the earlier one. The codes are shown once.
   * @param changer the user, whose request is fresh; only account, session, origin and language are used.
   * @param present number of the sheet that the page showed, empty for none: of two clicks only one makes a
   *   sheet, so that nobody prints a sheet that the other click has voided.
   * @returns the sheet's number, as it is printed, and the codes in groups.
   * @throws NijoError `not_found` where they are not offered, `changes_frozen`, `change_expired` where
   *   `present` is not the present sheet, or `factor_missing` where neither address nor app is set up.
   */
  make(changer: RecoveryChanger, present?: string): Promise<{ number: string; codes: string[] }>;
  /** Ends the sheet. @throws NijoError `changes_frozen`, or `factor_unknown` where there is none. */
  remove(changer: RecoveryChanger): Promise<void>;
  /**
   * Uses a code up, in one conditional statement: of any number of parallel uses only one matches (C55).
   * Call it inside `compareWithinLimits` only: it neither limits nor records.
   * @param code as `readRecoveryCode` gives it.
   */
  consume(trx: Db, accountId: string, code: string): Promise<RecoveryCodeOutcome>;
  /** A code as the second factor of a login in progress; a mail tells the user how many are left. */
  prove(
    signIn: SignIn,
    code: string,
    origin: RequestOrigin,
    locale: 'en' | 'ja',
  ): Promise<VerificationOutcome>;
}

export type RecoveryChanger = Pick<
  AccountUser,
  'accountId' | 'sessionUids' | 'authTime' | 'origin' | 'locale'
>;

/**
 * The key of the digests. It is not derived from `NIJO_SECRET`: sheets lie in drawers for years, and a
 * digest cannot be made again without its code, so a change of that secret would void them all.
 */
const keyName = 'recovery-code-key';

function digestOf(key: Buffer, accountId: string, code: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([accountId, code]))
    .digest('base64url');
}

/** Ends the account's sheet and deletes its codes, used or not. @returns the sheet's number, if any. */
export async function endRecoverySheet(trx: Db, accountId: string): Promise<string | undefined> {
  const ended = await trx
    .updateTable('recovery_sheets')
    .set({ ended_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .returning('number')
    .executeTakeFirst();
  await trx.deleteFrom('recovery_codes').where('account_id', '=', accountId).execute();
  return ended?.number;
}

export function createRecoveryCodes(dependencies: {
  db: Db;
  enabled: boolean;
  sealer: Sealer;
  proving: Pick<Verification, 'prove'>;
  notices: Pick<Notices, 'tell'>;
  offers: Pick<Offers, 'claim'>;
  trustedBrowsers: Pick<TrustedBrowsers, 'endAll'>;
}): RecoveryCodes {
  const { db, enabled, sealer, proving, notices, offers, trustedBrowsers } = dependencies;

  const consume: RecoveryCodes['consume'] = async (trx, accountId, code) => {
    const key = await findInstanceSecret(trx, sealer, keyName);
    if (key === undefined) return { outcome: 'wrong' };
    const digest = digestOf(key, accountId, code);
    const used = await trx
      .updateTable('recovery_codes as c')
      .from('recovery_sheets as s')
      .set({ used_at: sql<Date>`clock_timestamp()` })
      .whereRef('s.id', '=', 'c.sheet_id')
      .where('s.ended_at', 'is', null)
      .where('c.account_id', '=', accountId)
      .where('c.digest', '=', digest)
      .where('c.used_at', 'is', null)
      .returning(['s.number', 'c.sheet_id'])
      .executeTakeFirst();
    if (used !== undefined) {
      const { left } = await trx
        .selectFrom('recovery_codes')
        .select(sql<number>`count(*)::int`.as('left'))
        .where('sheet_id', '=', used.sheet_id)
        .where('used_at', 'is', null)
        .executeTakeFirstOrThrow();
      return { outcome: 'matched', left, number: used.number };
    }
    const known = await trx
      .selectFrom('recovery_codes')
      .select('used_at')
      .where('account_id', '=', accountId)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return { outcome: known === undefined ? 'wrong' : 'used' };
  };

  /** Locks the account, and verifies everything that a change of the sheet requires. */
  const change = <Result>(changer: RecoveryChanger, work: (trx: Db) => Promise<Result>): Promise<Result> =>
    inTransaction(db, async (trx) => {
      await lockOwnAccount(trx, changer);
      await requireChangeable(trx, changer.accountId, 'factors');
      return work(trx);
    });

  return {
    available: enabled,
    consume,

    make: (changer, present) =>
      change(changer, async (trx) => {
        if (!enabled) throw new NijoError('not_found');
        const { accountId, origin, locale } = changer;
        await requireFirstFactor(trx, accountId);
        const ended = await endRecoverySheet(trx, accountId);
        if (present !== undefined && present !== (ended ?? '')) throw new NijoError('change_expired');
        const key = await ensureInstanceSecret(trx, sealer, keyName, () => newSecret(32));
        const sheet = { id: newId(), number: `${newLabel(3)}-${newLabel(3)}` };
        const codes = Array.from({ length: codesOnASheet }, newRecoveryCode);
        await trx
          .insertInto('recovery_sheets')
          .values({ id: sheet.id, account_id: accountId, number: sheet.number })
          .execute();
        await trx
          .insertInto('recovery_codes')
          .values(
            codes.map((code) => ({
              sheet_id: sheet.id,
              account_id: accountId,
              digest: digestOf(key, accountId, code),
            })),
          )
          .execute();
        await clearFailures(trx, accountId, 'recovery-code');
        await trustedBrowsers.endAll(trx, accountId, 'factor-changed', origin);
        await recordAudit(trx, origin, {
          event: 'recovery-codes.made',
          result: 'success',
          accountId,
          method: 'recovery-code',
          details: { sheet: sheet.number },
        });
        await notices.tell(trx, accountId, { kind: 'recovery-codes-made' }, origin, locale);
        return { number: sheet.number, codes: codes.map(formatRecoveryCode) };
      }),

    remove: (changer) =>
      change(changer, async (trx) => {
        const { accountId, origin, locale } = changer;
        const number = await endRecoverySheet(trx, accountId);
        if (number === undefined) throw new NijoError('factor_unknown');
        await clearFailures(trx, accountId, 'recovery-code');
        await trustedBrowsers.endAll(trx, accountId, 'factor-changed', origin);
        await recordAudit(trx, origin, {
          event: 'recovery-codes.removed',
          result: 'success',
          accountId,
          method: 'recovery-code',
          details: { sheet: number },
        });
        await notices.tell(trx, accountId, { kind: 'recovery-codes-removed' }, origin, locale);
      }),

    prove(signIn, code, origin, locale) {
      const accountId = signIn.account.id;
      let left = 0;
      return proving.prove(
        signIn,
        'recovery-code',
        origin,
        async (trx) => {
          const found = await consume(trx, accountId, code);
          if (found.outcome === 'matched') ({ left } = found);
          return { outcome: found.outcome };
        },
        async (trx) => {
          await notices.tell(trx, accountId, { kind: 'recovery-code-used', left }, origin, locale);
          await offers.claim(trx, signIn, 'recovery-code', left);
        },
      );
    },
  };
}

/** Codes on paper supplement an existing factor; they are never the only one. */
async function requireFirstFactor(trx: Db, accountId: string): Promise<void> {
  const { rows } = await sql`
    select from accounts a where a.id = ${accountId} and a.status = 'active' and (
      exists (select from mail_factors m where m.account_id = a.id and m.state = 'active')
      or exists (select from app_factors f where f.account_id = a.id and f.state = 'active'))`.execute(trx);
  if (rows.length === 0) throw new NijoError('factor_missing');
}

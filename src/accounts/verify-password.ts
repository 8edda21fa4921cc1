import { setTimeout as pause } from 'node:timers/promises';
import { type AuditEvent, type RequestOrigin, recordAudit } from '../audit/audit.ts';
import { NijoError } from '../base/errors.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Places } from '../config/places.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import type { Logger } from '../observe/logger.ts';
import type { Account } from './directory.ts';
import { normaliseLoginId } from './login-id.ts';
import { attemptLimits } from './attempt-limits.ts';
import {
  abandonAttempt,
  type Comparable,
  findComparable,
  finishAttempt,
  type StartedAttempt,
  startAttempt,
} from './password-attempt.ts';
import { type PasswordHasher, readPhc } from './password-hasher.ts';
import type { StandIns } from './stand-ins.ts';

export interface PasswordAttempt {
  /** As typed. */
  loginId: string;
  password: string;
  origin: RequestOrigin;
  /** Digest of the lasting cookie of a browser that has signed in before; it counts only where that is so. */
  browser?: string | undefined;
  /** The service that the user is signing in to, for the audit log. */
  clientId?: string;
}

/** `refused` never says why: an unknown or disabled ID, no password and a wrong one look the same (C12). */
export type PasswordOutcome =
  | {
      outcome: 'verified';
      account: Account;
      /** Which password it was: what is opened with it must not outlive it (`NewSignIn.passwordSet`). */
      passwordSet: string | undefined;
    }
  | { outcome: 'refused' }
  | { outcome: 'limited'; retryAfterSeconds: number };

export interface PasswordVerifier {
  /**
   * Checks a password, including limits and audit, so that no route can forget them.
   * @throws NijoError('hashing_busy') when too many wait already; the attempt then does not count.
   * @throws the database's own error when it cannot be queried: nothing is verified then (C44).
   */
  verify(attempt: PasswordAttempt): Promise<PasswordOutcome>;
}

interface Dependencies {
  db: Db;
  hasher: PasswordHasher;
  limits: Configuration['password_limits'];
  /** Networks with limits of their own. */
  places?: Places;
  /** For the keys under which IDs are counted. */
  sealer: Pick<Sealer, 'digest'>;
  logger: Logger;
  /** The stand-in where there is no hash; when omitted, one with the configured parameters. */
  standIns?: Pick<StandIns, 'parametersFor'>;
}

type Started = Extract<StartedAttempt, { limited: false }>;

/** Why an attempt fails whatever the password, for the audit log alone; else undefined. */
function refusalReason(attempt: PasswordAttempt, { account, phc }: Comparable): string | undefined {
  if (attempt.password === '') return 'no-password-given';
  if (account === undefined) {
    return normaliseLoginId(attempt.loginId) === undefined ? 'malformed-id' : 'unknown-id';
  }
  if (account.status === 'disabled') return 'disabled';
  if (phc === undefined) return 'no-password-set';
  return readPhc(phc) === undefined ? 'hash-unreadable' : undefined;
}

/** The check of ID and password at sign-in (R3). Two statements and one hash, whatever the answer. */
export function createPasswordVerifier({
  db,
  hasher,
  limits: settings,
  places = [],
  sealer,
  logger,
  standIns,
}: Dependencies): PasswordVerifier {
  /** Exactly one comparison for every attempt (C13); an ID without a hash costs as much as a stored hash. */
  async function compare(
    attempt: PasswordAttempt,
    { counted }: Started,
    phc: string | undefined,
  ): Promise<boolean> {
    // Done for every attempt, so that it reveals nothing either.
    const standIn = await standIns?.parametersFor(attempt.loginId);
    try {
      return phc === undefined || readPhc(phc) === undefined
        ? await hasher.verifyNothing(attempt.password, standIn)
        : await hasher.verify(phc, attempt.password);
    } catch (error) {
      if (error instanceof NijoError && error.code === 'hashing_busy') await abandonAttempt(db, counted);
      throw error;
    }
  }

  /** Renews a hash made with other parameters than the configured ones, now that the password is known. */
  async function rehash(attempt: PasswordAttempt, account: Account, phc: string): Promise<void> {
    let renewed: string;
    try {
      renewed = await hasher.hash(attempt.password);
    } catch (error) {
      // The next sign-in does it: this one is verified and need not wait.
      if (error instanceof NijoError && error.code === 'hashing_busy') return;
      throw error;
    }
    await db.transaction().execute(async (trx) => {
      // It replaces only the hash that was verified: a password set meanwhile stays.
      const result = await trx
        .updateTable('passwords')
        .set({ phc: renewed })
        .where('account_id', '=', account.id)
        .where('phc', '=', phc)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) return;
      await recordAudit(trx, attempt.origin, {
        event: 'password.rehashed',
        result: 'success',
        actor: 'system',
        accountId: account.id,
      });
    });
  }

  return {
    async verify(attempt) {
      if (hasher.isFull()) {
        const { running, waiting } = hasher.load();
        logger.warn({ event: 'hashing-busy', running, waiting });
        throw new NijoError('hashing_busy');
      }
      const { loginId, browser } = attempt;
      const limits = attemptLimits(settings, places, sealer, {
        loginId,
        address: attempt.origin.address,
        browser,
      });
      const base = {
        method: 'pwd',
        ...(attempt.clientId === undefined ? {} : { clientId: attempt.clientId }),
      } satisfies Partial<AuditEvent>;

      const started = await startAttempt(db, { loginId, browser }, limits);
      if (started.limited) {
        const { accountId, by, retryAfterSeconds } = started;
        await recordAudit(db, attempt.origin, {
          ...base,
          event: 'password.limited',
          result: 'failure',
          actor: 'anonymous',
          ...(accountId === undefined ? {} : { accountId }),
          details: { by, retryAfterSeconds },
        });
        return { outcome: 'limited', retryAfterSeconds };
      }

      const slowed = started.waitMs > 0;
      if (slowed) await pause(started.waitMs);
      // What changed while the attempt waited counts.
      const comparable = slowed ? await findComparable(db, loginId) : started;
      const { account, phc } = comparable;
      const matches = await compare(attempt, started, phc);
      const reason = refusalReason(attempt, comparable) ?? (matches ? undefined : 'wrong');
      if (reason === 'hash-unreadable')
        logger.error({ event: 'password-hash-unreadable', accountId: account?.id });
      if (!matches || reason !== undefined || account === undefined || phc === undefined) {
        await recordAudit(db, attempt.origin, {
          ...base,
          event: 'password.refused',
          result: 'failure',
          // Nobody has proven to be the account's owner.
          actor: 'anonymous',
          ...(account === undefined ? {} : { accountId: account.id }),
          details: { reason: reason ?? 'wrong', ...(slowed ? { slowed } : {}) },
        });
        return { outcome: 'refused' };
      }

      await finishAttempt(db, started.counted, attempt.origin, {
        ...base,
        event: 'password.verified',
        result: 'success',
        accountId: account.id,
      });
      if (hasher.needsRehash(phc)) await rehash(attempt, account, phc);
      return { outcome: 'verified', account, passwordSet: comparable.passwordSet };
    },
  };
}

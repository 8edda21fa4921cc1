import { sql } from 'kysely';
import { sessionLives } from '../accounts/live-session.ts';
import { NijoError } from '../base/errors.ts';
import type { Db } from '../db/open.ts';
import type { Factor } from './assurance.ts';

/** Seconds that a proof stays good for setting up, changing or removing a second factor (R16, S6, S7). */
export const freshSeconds = 300;

/** The login in which a factor is set up or changed. */
export interface ProvingLogin {
  interaction: string;
  account: { id: string };
  browser: string;
}

/** What a change of a second factor rests on. */
export type FreshProof =
  /** The password, given in this very login: a first factor, a set-up behind a setup pass, a reset. */
  | { login: ProvingLogin; by: 'password' }
  /** The factor that this login has proven: what it offers, and the app after a reset. */
  | { login: ProvingLogin; by: 'factor' }
  /**
   * The session of one of our pages. `sessionUids` are its digests, `authTime` the time of its oldest proof
   * in seconds since the epoch; every page gives both.
   */
  | { session: { accountId: string; sessionUids?: readonly string[]; authTime?: number } };

/** True of a row `s` of `sign_ins` whose password was given in that login within the last minutes. */
export const passwordIsFresh = sql<boolean>`(not s.step_up and not s.without_password
  and s.password_at > clock_timestamp() - make_interval(secs => ${sql.lit(freshSeconds)}))`;

/** True of a row `s` of `sign_ins` whose factor was proven within the last minutes. */
export const factorIsFresh = sql<boolean>`(s.factor is not null
  and coalesce(s.factor_at > clock_timestamp() - make_interval(secs => ${sql.lit(freshSeconds)}), false))`;

/**
 * The only check of whether a proof is young enough to create, change or remove a factor, to show its secret
 * or to mail its code. Call it in the transaction that does so, while the account is locked: what is true
 * after the wait for the lock counts, by the database's clock.
 * @throws NijoError `fresh_sign_in_needed`.
 */
export async function requireFreshProof(trx: Db, proof: FreshProof): Promise<void> {
  const fresh = 'login' in proof ? await loginIsFresh(trx, proof) : await sessionIsFresh(trx, proof.session);
  if (!fresh) throw new NijoError('fresh_sign_in_needed');
}

async function loginIsFresh(trx: Db, { login, by }: Extract<FreshProof, { login: unknown }>) {
  const { rows } = await sql<{ fresh: boolean }>`
    select a.status = 'active' and s.expires_at > clock_timestamp()
      and ${by === 'password' ? passwordIsFresh : factorIsFresh} as fresh
    from sign_ins s join accounts a on a.id = s.account_id
    where s.interaction = ${login.interaction} and s.account_id = ${login.account.id}
      and s.browser = ${login.browser}`.execute(trx);
  // A login that has ended has no proof to check: the change that follows updates its row, and finds none.
  return rows[0]?.fresh !== false;
}

async function sessionIsFresh(
  trx: Db,
  { accountId, sessionUids, authTime }: Extract<FreshProof, { session: unknown }>['session'],
) {
  if (sessionUids !== undefined && !(await sessionLives(trx, accountId, sessionUids))) return false;
  const { rows } = await sql`
    select from accounts a where a.id = ${accountId} and a.status = 'active'
      and ${authTime === undefined ? sql`true` : sql`to_timestamp(${authTime}::float8) > clock_timestamp() - make_interval(secs => ${sql.lit(freshSeconds + 1)})`}`.execute(
    trx,
  );
  return rows.length > 0;
}

/**
 * Records that the right password was given once more in a login that has proven no factor yet, because the
 * first one came from the session or is too old to set anything up. The login keeps its step, except for the
 * key of an app: another person at this browser may have seen it, so a new one is made.
 * @returns false where there is no such login: it is another account's, or its password is young enough.
 */
export async function renewPassword(db: Db, login: ProvingLogin): Promise<boolean> {
  const { rows } = await sql`
    update sign_ins s set step_up = false, password_at = now(), app_factor_id = null, app_secret_sealed = null
    where s.interaction = ${login.interaction} and s.account_id = ${login.account.id}
      and s.browser = ${login.browser} and s.factor is null and not s.without_password
      and s.expires_at > now() and not ${passwordIsFresh}
    returning s.interaction`.execute(db);
  return rows.length > 0;
}

/** The factors that prove a login's factor once more, so that the user can accept its offer. */
export function factorsToProveAgain(
  factors: readonly Factor[],
  proven: Factor,
  withoutPassword: boolean,
  isAtLeast: (factor: Factor, than: Factor) => boolean,
): Factor[] {
  // Another factor counts only beside a password, and a weaker one would lower what the login has reached.
  if (withoutPassword) return factors.filter((factor) => factor === 'passkey');
  return factors.filter((factor) => isAtLeast(factor, proven));
}

import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';

/** A login to be opened. */
export interface NewSignIn {
  interaction: string;
  accountId: string;
  clientId: string;
  browser: string;
  /** Seconds since the epoch of an earlier password, for a step-up; `undefined`: right now. */
  steppedUpFrom: number | undefined;
  /**
   * When the password that was right had been set: the login opens only while it is still the account's
   * password. Omitted where no password was given just now.
   */
  passwordSet?: string | undefined;
  /** How long the interaction still lives: a span, since a node's clock need not be the database's (F10). */
  lifetimeSeconds: number;
}

/**
 * Opens the login after a right password. A right password of another account in the same interaction starts
 * the login again, with nothing proven (A27). The same account's password again (a double click) changes
 * nothing: the code on its way stays the one to type. Where the login asked for the password once more,
 * `renewPassword` records it.
 * @returns false where the password was changed since it was compared: nothing is opened then (C19).
 */
export async function openSignIn(db: Db, signIn: NewSignIn): Promise<boolean> {
  const fresh = {
    account_id: signIn.accountId,
    client_id: signIn.clientId,
    browser: signIn.browser,
    step_up: signIn.steppedUpFrom !== undefined,
    password_at:
      signIn.steppedUpFrom === undefined
        ? sql<Date>`now()`
        : sql<Date>`to_timestamp(${signIn.steppedUpFrom})`,
    factor: null,
    factor_at: null,
    way: null,
    without_password: false,
    set_up: null,
    detour: null,
    reset_at: null,
    challenge_id: null,
    app_factor_id: null,
    app_secret_sealed: null,
    setup_pass_id: null,
    case_number: null,
    finished_at: null,
    expires_at: sql<Date>`now() + make_interval(secs => ${signIn.lifetimeSeconds})`,
  };
  const sameAgain = sql<boolean>`not sign_ins.step_up and not sign_ins.without_password and sign_ins.account_id = excluded.account_id
    and sign_ins.browser = excluded.browser and sign_ins.client_id = excluded.client_id`;
  const { interaction, passwordSet } = signIn;
  const insert = db.insertInto('sign_ins');
  const rows =
    passwordSet === undefined
      ? insert.values({ interaction, ...fresh })
      : insert
          .columns(['interaction', 'account_id', 'client_id', 'browser', 'password_at', 'expires_at'])
          // Locking the row waits for a transaction that changes it, which then ends what was opened before.
          .expression((query) =>
            query
              .selectFrom('passwords')
              .select([
                sql<string>`${interaction}::text`.as('interaction'),
                'account_id',
                sql<string>`${signIn.clientId}::text`.as('client_id'),
                sql<string>`${signIn.browser}::text`.as('browser'),
                sql<Date>`now()`.as('password_at'),
                fresh.expires_at.as('expires_at'),
              ])
              .where('account_id', '=', signIn.accountId)
              .where('changed_at', '=', sql<Date>`${passwordSet}::timestamptz`)
              .forShare(),
          );
  const { numInsertedOrUpdatedRows: written } = await rows
    .onConflict((conflict) => {
      const known = conflict.column('interaction');
      return signIn.steppedUpFrom === undefined
        ? known.doUpdateSet(fresh).where(sql<boolean>`not (${sameAgain})`)
        : known.doNothing();
    })
    .executeTakeFirst();
  if (passwordSet === undefined || written !== 0n) return true;
  // A double click has written nothing either, but its login exists.
  const open = await db
    .selectFrom('sign_ins')
    .select('interaction')
    .where('interaction', '=', interaction)
    .where('account_id', '=', signIn.accountId)
    .executeTakeFirst();
  return open !== undefined;
}

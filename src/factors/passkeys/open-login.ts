import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { SignInChanged } from '../sign-in-state.ts';

/**
 * Opens a login for the user whom a passkey alone has just proven. It starts the interaction again, whatever
 * that was before (A27). `password_at` is now: it is the time of the oldest proof, and this is the only one.
 * @throws SignInChanged where the account may not sign in any more.
 */
export async function openProvenSignIn(
  trx: Db,
  signIn: {
    interaction: string;
    accountId: string;
    clientId: string;
    browser: string;
    lifetimeSeconds: number;
  },
): Promise<void> {
  const { interaction, accountId, clientId, browser, lifetimeSeconds } = signIn;
  const opened = await sql`
    insert into sign_ins (interaction, account_id, client_id, browser, step_up, password_at,
      factor, factor_at, without_password, expires_at)
    select ${interaction}, a.id, ${clientId}, ${browser}, false, now(),
      'passkey', now(), true, now() + make_interval(secs => ${lifetimeSeconds})
    from accounts a where a.id = ${accountId} and a.status = 'active'
    on conflict (interaction) do update set
      account_id = excluded.account_id, client_id = excluded.client_id, browser = excluded.browser,
      step_up = false, password_at = excluded.password_at, factor = excluded.factor,
      factor_at = excluded.factor_at, without_password = true, way = null, set_up = null, detour = null,
      reset_at = null, challenge_id = null, app_factor_id = null, app_secret_sealed = null,
      finished_at = null, expires_at = excluded.expires_at
    returning interaction`.execute(trx);
  if (opened.rows.length !== 1) throw new SignInChanged();
}

import pg from 'pg';

/** How many of everything a university has after some months; `people` are the accounts. */
function rows(people: number): readonly string[] {
  const of = (share: number): number => Math.round(people * share);
  const each = (count: number): string => `generate_series(1, ${count}) n`;
  const account = `'crowd' || (n % ${people} + 1)`;
  return [
    `insert into accounts (id, login_id, kind, name_en, email, locale, first_enrolled_at)
      select 'crowd' || n, 'c' || n, 'ecs', 'Name ' || n, n || '@uni.example', 'ja', now() from ${each(people)}`,
    `insert into passwords (account_id, phc) select ${account}, repeat('x', 97) from ${each(people)}`,
    `insert into mail_factors (id, account_id, address, state)
      select 'm' || n, ${account}, n || '@mail.example', case when n <= ${of(0.7)} then 'active' else 'replaced' end
      from ${each(people)}`,
    `insert into app_factors (id, account_id, name, secret_sealed, last_step, state)
      select 'a' || n, ${account}, 'phone', repeat('x', 60)::bytea, 0, case when n % 4 = 0 then 'removed' else 'active' end
      from ${each(people)}`,
    `insert into acknowledgements (id, account_id, text_version, locale)
      select 'k' || n, ${account}, '1', 'ja' from ${each(people)}`,
    `insert into sign_ins (interaction, account_id, client_id, browser, expires_at, finished_at)
      select 's' || n, ${account}, 'c', 'b', now() + n * interval '1 second' - interval '12 hours', now() from ${each(people)}`,
    `insert into challenges (id, interaction, account_id, purpose, address, reference, expires_at)
      select 'h' || n, 's' || n, ${account}, 'sign-in', n || '@mail.example', 'AB', now() + n * interval '1 second' - interval '12 hours'
      from ${each(people)}`,
    `insert into mails (id, account_id, challenge_id, kind, locale, to_address, model, state, created_at, expires_at)
      select 'e' || n, ${account}, 'h' || n, 'sign-in-code', 'ja', n || '@mail.example', '{}', 'handed-over',
        now() - n * interval '1 second', now() from ${each(people)}`,
    `insert into limits (key, hits, expires_at)
      select 'key' || n, array[now()], now() + n * interval '1 second' from ${each(people)}`,
    `insert into oidc_payloads (model, id, payload, grant_id, session_uid, account_id, expires_at)
      select model, model || n, repeat('x', 300)::bytea,
        case when model in ('Grant', 'Interaction', 'Session') then null else 'Grant' || n end,
        case when model in ('Session', 'AccessToken', 'RefreshToken') then 'uid' || n end,
        case when model = 'Interaction' then null else ${account} end, now() + n * interval '1 second'
      from ${each(people)}, unnest(array['Session', 'Grant', 'AccessToken', 'RefreshToken', 'Interaction']) model`,
    `insert into audit_events (at, event, result, account_id, client_id)
      select now() - n * interval '10 seconds', (array['password.verified', 'app-code.verified', 'sign-in', 'token.issued'])[n % 4 + 1],
        'success', ${account}, 'c' from ${each(of(2))}`,
    `insert into audit_links (position, event_id, digest) select id, id, repeat('x', 43) from audit_events`,
    `insert into factor_changes (id, account_id, kind, browser, session_uid, expires_at)
      select 'f' || n, ${account}, 'app', 'b', 'uid' || n, now() + n * interval '1 second' from ${each(of(0.5))}`,
    `insert into factor_failures (account_id, factor, in_a_row) select ${account}, 'app', 1 from ${each(of(0.3))}`,
    `insert into recovery_sheets (id, account_id, number) select 'r' || n, ${account}, 'AB-12' from ${each(of(0.4))}`,
    `insert into recovery_codes (sheet_id, account_id, digest)
      select 'r' || n, ${account}, 'd' || c from ${each(of(0.4))}, generate_series(1, 4) c`,
    `insert into passkeys (id, account_id, name, credential_id, public_key, counter, backed_up, aaguid)
      select 'p' || n, ${account}, 'key', 'credential' || n, repeat('x', 77)::bytea, 0, true, '' from ${each(of(0.4))}`,
    `insert into passkey_challenges (id, purpose, bound_to, account_id, expires_at)
      select 'q' || n, 'sign-in', 's' || n, ${account}, now() + n * interval '1 second' from ${each(of(0.4))}`,
    `insert into trusted_browsers (id, account_id, secret_digest, user_agent, address, expires_at)
      select 't' || n, ${account}, 'x', 'Firefox', '192.0.2.1', now() + n * interval '1 minute' from ${each(of(0.6))}`,
    `insert into browser_sessions (session_uid, account_id, user_agent, address, last_seen_at)
      select 'uid' || n, ${account}, 'Firefox', '192.0.2.1', now() - n * interval '1 second' from ${each(people)}`,
    `insert into ended_sessions (id, account_id, payload, next_attempt_at, ended_at)
      select 'x' || n, ${account}, '\\x00', now() + interval '1 hour', now() - n * interval '1 second' from ${each(of(0.2))}`,
    `insert into known_browsers (account_id, browser, user_agent, network, last_seen_at)
      select ${account}, 'b' || n, 'Firefox', '192.0.2.1', now() - n * interval '1 minute' from ${each(of(2))}`,
    `insert into offers (account_id, kind, due_at, shown_at) select ${account}, 'app', now(), now() from ${each(of(0.6))}`,
    `insert into notice_links (id, account_id, event, expires_at)
      select 'l' || n, ${account}, 'sign-in', now() + n * interval '10 seconds' from ${each(people)}`,
    `insert into desk_cases (id, number, account_id, login_id, reason, source, locale, state, created_at, closed_at)
      select 'case' || n, 'N' || n, ${account}, 'c' || n, 'lost-device', 'user', 'ja',
        case when n % 100 = 0 then 'open' else 'done' end, now() - n * interval '1 hour',
        case when n % 100 = 0 then null else now() - n * interval '1 hour' end from ${each(of(0.5))}`,
    `insert into identity_checks (id, case_id, method, evidence, checked_by)
      select 'i' || n, 'case' || n, 'in-person', 'card', 'crowd1' from ${each(of(0.5))}`,
    `insert into desk_approvals (id, case_id, check_id, approved_by, break_glass)
      select 'v' || n, 'case' || n, 'i' || n, 'crowd1', false from ${each(of(0.5))}`,
    `insert into setup_passes (id, case_id, account_id, digest, issued_by, issued_at, expires_at)
      select 'w' || n, 'case' || n, ${account}, 'd' || n, 'crowd1', now() - n * interval '1 hour', now() - n * interval '1 hour' + interval '1 hour'
      from ${each(of(0.5))}`,
  ];
}

/** Fills a migrated Postgres with a university, past its triggers, and lets the planner know: some seconds. */
export async function fillWithCrowd(url: string, people = 30_000): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    for (const statement of rows(people)) await client.query(statement);
    await client.query('vacuum (analyze)');
  } finally {
    await client.end();
  }
}

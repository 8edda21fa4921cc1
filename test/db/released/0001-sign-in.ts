import { type Kysely, sql } from 'kysely';

/** Everything a login with a second factor needs. Later migrations only expand this while it serves. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `create table accounts (
      id text primary key,
      -- normalised (NFKC, trimmed, lower case): one namespace, so an ECS-ID can never equal an SPS-ID (R2)
      login_id text not null,
      kind text not null check (kind in ('ecs', 'sps')),
      name_en text, name_ja text, email text, affiliation text,
      locale text check (locale in ('en', 'ja')),
      roles text[] not null default '{}',
      status text not null default 'active' check (status in ('active', 'disabled')),
      -- set once, when the first factor was proven: initial setup is offered only while it is null (R15)
      first_enrolled_at timestamptz,
      disabled_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    'create unique index accounts_login_id on accounts (login_id)',
    'create unique index accounts_login_id_kind on accounts (login_id, kind)',

    `create table passwords (
      account_id text primary key references accounts on delete cascade,
      phc text not null,
      changed_at timestamptz not null default now()
    )`,

    `create table mail_factors (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      address text not null,
      state text not null default 'active' check (state in ('active', 'replaced', 'removed')),
      proven_at timestamptz not null default now(),
      last_used_at timestamptz,
      ended_at timestamptz
    )`,
    // R18: one active address per account; another one replaces it in one transaction.
    `create unique index mail_factors_one_active on mail_factors (account_id) where state = 'active'`,
    `create index mail_factors_address on mail_factors (address) where state = 'active'`,

    `create table app_factors (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      name text not null,
      secret_sealed bytea not null,
      -- the last accepted time step of RFC 6238: only a later one is accepted (R5)
      last_step bigint not null,
      state text not null default 'active' check (state in ('active', 'removed')),
      proven_at timestamptz not null default now(),
      last_used_at timestamptz,
      ended_at timestamptz
    )`,
    `create index app_factors_account on app_factors (account_id) where state = 'active'`,

    `create table acknowledgements (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      text_version text not null,
      locale text not null,
      given_at timestamptz not null default now()
    )`,
    'create index acknowledgements_account on acknowledgements (account_id)',

    // A login in progress, from the right password on: what is proven inside this interaction.
    `create table sign_ins (
      interaction text primary key,
      account_id text not null references accounts on delete cascade,
      client_id text not null,
      -- digest of the browser's own cookie: another browser with the same link is refused (C21)
      browser text not null,
      -- the password part is that of the browser's session; only a factor is added to it
      step_up boolean not null default false,
      password_at timestamptz not null default now(),
      -- the factor proven in this interaction and when; amr and acr are computed from it
      factor text check (factor in ('mail', 'app')),
      factor_at timestamptz,
      -- the way the user has chosen, where there is more than one
      way text check (way in ('mail', 'app')),
      set_up text check (set_up in ('mail', 'mail-code', 'app-only', 'app')),
      challenge_id text,
      app_factor_id text,
      app_secret_sealed bytea,
      finished_at timestamptz,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`,
    'create index sign_ins_expires_at on sign_ins (expires_at)',
    'create index sign_ins_account on sign_ins (account_id)',

    // One mailed code: bound to interaction, account, purpose and address. The code itself is derived, never stored.
    `create table challenges (
      id text primary key,
      interaction text not null,
      account_id text not null references accounts on delete cascade,
      purpose text not null check (purpose in ('sign-in', 'set-up')),
      address text not null,
      reference text not null,
      attempts smallint not null default 0,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      consumed_at timestamptz,
      voided_at timestamptz
    )`,
    'create index challenges_interaction on challenges (interaction)',
    'create index challenges_expires_at on challenges (expires_at)',
    'create index challenges_account on challenges (account_id)',

    // Outbox of mails: a row is written with what it tells of, then handed over by any node.
    `create table mails (
      id text primary key,
      account_id text references accounts on delete cascade,
      challenge_id text,
      kind text not null,
      locale text not null check (locale in ('en', 'ja')),
      to_address text not null,
      -- values of the template; never a code
      model jsonb not null,
      state text not null default 'waiting' check (state in ('waiting', 'handed-over', 'refused', 'expired')),
      attempts smallint not null default 0,
      -- nobody else takes the mail before this time: lease of the node that is sending, or pause before a retry
      next_attempt_at timestamptz not null default now(),
      server_reply text,
      -- tries that broke off after the whole mail was sent: the server may have it
      unconfirmed smallint not null default 0,
      created_at timestamptz not null default now(),
      handed_over_at timestamptz,
      expires_at timestamptz not null
    )`,
    `create index mails_waiting on mails (next_attempt_at) where state = 'waiting'`,
    'create index mails_account on mails (account_id, created_at)',
    'create index mails_challenge on mails (challenge_id)',

    // Sliding windows: the times of the hits themselves, so that a limit is exact over any window.
    `create table limits (
      key text primary key,
      hits timestamptz[] not null,
      expires_at timestamptz not null
    )`,
    'create index limits_expires_at on limits (expires_at)',

    `create table clients (
      client_id text primary key,
      metadata jsonb not null,
      secret_sealed bytea,
      version integer not null default 1,
      disabled_at timestamptz,
      updated_at timestamptz not null default now()
    )`,
    `create table client_versions (
      client_id text not null,
      version integer not null,
      metadata jsonb,
      changed_by text not null,
      changed_at timestamptz not null default now(),
      primary key (client_id, version)
    )`,

    // Everything oidc-provider keeps. Ids are digests and payloads are sealed: a dump holds no usable token.
    `create table oidc_payloads (
      model text not null,
      id text not null,
      payload bytea not null,
      grant_id text,
      session_uid text,
      account_id text,
      consumed_at timestamptz,
      expires_at timestamptz not null,
      primary key (model, id)
    ) with (fillfactor = 90)`,
    'create index oidc_payloads_grant on oidc_payloads (grant_id) where grant_id is not null',
    `create index oidc_payloads_session_uid on oidc_payloads (session_uid) where model = 'Session'`,
    `create index oidc_payloads_account on oidc_payloads (account_id) where account_id is not null`,
    'create index oidc_payloads_expires_at on oidc_payloads (expires_at)',

    `create table signing_keys (
      kid text primary key,
      algorithm text not null check (algorithm in ('RS256', 'ES256')),
      private_sealed bytea not null,
      created_at timestamptz not null default now(),
      -- published from creation, signs from here on: services have fetched it by then
      activates_at timestamptz not null,
      -- no longer published from here on: nothing it signed is valid any more
      retires_at timestamptz
    )`,

    // What must not change when NIJO_SECRET does, sealed under it.
    `create table instance_secrets (
      name text primary key,
      value_sealed bytea not null,
      created_at timestamptz not null default now()
    )`,

    `create table audit_events (
      id bigint generated always as identity primary key,
      at timestamptz not null default now(),
      event text not null,
      result text not null check (result in ('success', 'failure')),
      actor text,
      account_id text,
      client_id text,
      method text,
      request_id text,
      address text,
      node text,
      details jsonb not null default '{}'
    )`,
    'create index audit_events_account on audit_events (account_id, id)',
    'create index audit_events_at on audit_events (at)',
    `create function audit_events_are_append_only() returns trigger language plpgsql as $$
      begin raise exception 'audit_events is append-only'; end $$`,
    `create trigger audit_events_no_change before update or delete on audit_events
      for each row execute function audit_events_are_append_only()`,
    `create trigger audit_events_no_truncate before truncate on audit_events
      for each statement execute function audit_events_are_append_only()`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

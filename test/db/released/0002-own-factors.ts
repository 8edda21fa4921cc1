import { type Kysely, sql } from 'kysely';

/** What users do with their own second factor after the first one: this only expands what is there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `alter table accounts
      -- "this was not me": nothing about the second factor changes before this time (D11)
      add column changes_frozen_until timestamptz,
      -- after a reset the address cannot be changed before this time (R37)
      add column address_frozen_until timestamptz,
      -- the directory's end of this account: the address is asked about before (D5)
      add column ends_at timestamptz`,

    // Mails to the address that were refused or came back since it was last confirmed (D5).
    `alter table mail_factors
      add column failures smallint not null default 0,
      add column last_failure_at timestamptz`,

    // A login in progress knows further factors, and pages beside what is needed to get in.
    'alter table sign_ins drop constraint sign_ins_factor_check',
    `alter table sign_ins add constraint sign_ins_factor_check
      check (factor in ('mail', 'app', 'recovery-code', 'passkey'))`,
    'alter table sign_ins drop constraint sign_ins_way_check',
    `alter table sign_ins add constraint sign_ins_way_check
      check (way in ('mail', 'app', 'recovery-code', 'passkey'))`,
    `alter table sign_ins
      -- the passkey stood for the password too
      add column without_password boolean not null default false,
      -- a page that the user asked for, or is offered once, beside the steps that are needed
      add column detour text check (detour in ('reset', 'support', 'reset-done', 'offer-app', 'offer-mail',
        'offer-mail-code', 'confirm-address', 'codes-low')),
      -- a reset by mail was done in this very login
      add column reset_at timestamptz`,

    'alter table challenges drop constraint challenges_purpose_check',
    `alter table challenges add constraint challenges_purpose_check
      check (purpose in ('sign-in', 'set-up', 'reset', 'change', 'check'))`,

    // A change that a user has begun on the own page: what is to become a factor once it is proven.
    `create table factor_changes (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      kind text not null check (kind in ('app', 'mail', 'check-mail', 'passkey')),
      -- digest of the browser's own cookie, and the session it was begun in: no other goes on with it (A38)
      browser text not null,
      session_uid text not null,
      address text,
      app_factor_id text,
      app_secret_sealed bytea,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      finished_at timestamptz
    )`,
    'create index factor_changes_account on factor_changes (account_id)',
    'create index factor_changes_expires_at on factor_changes (expires_at)',

    // Wrong codes in a row, per factor: beyond the limit the factor is off until it is set up anew (C05).
    `create table factor_failures (
      account_id text not null references accounts on delete cascade,
      factor text not null check (factor in ('mail', 'app', 'recovery-code')),
      in_a_row integer not null default 0,
      disabled_at timestamptz,
      primary key (account_id, factor)
    )`,

    // Ten codes on one printed sheet; a new sheet ends the earlier one.
    `create table recovery_sheets (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      -- printed on the sheet, so that a found one can be told from the valid one
      number text not null,
      created_at timestamptz not null default now(),
      ended_at timestamptz
    )`,
    'create unique index recovery_sheets_one_active on recovery_sheets (account_id) where ended_at is null',
    `create table recovery_codes (
      sheet_id text not null references recovery_sheets on delete cascade,
      account_id text not null references accounts on delete cascade,
      -- keyed digest (HMAC) of the code and its account
      digest text not null,
      used_at timestamptz,
      primary key (account_id, digest)
    )`,
    'create index recovery_codes_sheet on recovery_codes (sheet_id)',

    `create table passkeys (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      name text not null,
      credential_id text not null,
      public_key bytea not null,
      counter bigint not null,
      transports text[] not null default '{}',
      -- kept in the cloud of its maker, and so not bound to one device
      backed_up boolean not null,
      aaguid text not null,
      state text not null default 'active' check (state in ('active', 'removed')),
      proven_at timestamptz not null default now(),
      last_used_at timestamptz,
      ended_at timestamptz
    )`,
    'create unique index passkeys_credential on passkeys (credential_id)',
    `create index passkeys_account on passkeys (account_id) where state = 'active'`,
    `create table passkey_challenges (
      -- digest of the challenge
      id text primary key,
      purpose text not null check (purpose in ('second-factor', 'sign-in', 'set-up')),
      -- the interaction or change it belongs to
      bound_to text not null,
      account_id text references accounts on delete cascade,
      expires_at timestamptz not null,
      consumed_at timestamptz
    )`,
    'create index passkey_challenges_account on passkey_challenges (account_id)',
    'create index passkey_challenges_expires_at on passkey_challenges (expires_at)',

    `create table trusted_browsers (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      secret_digest text not null,
      -- still good while the present one has not been seen: the answer that carried it may be lost
      previous_digest text,
      rotated_at timestamptz not null default now(),
      -- when the present secret first came back
      seen_at timestamptz,
      user_agent text not null,
      address text not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      expires_at timestamptz not null,
      ended_at timestamptz,
      -- 'user', 'operator', 'replaced', 'factor-changed', 'password-changed', 'theft', 'reset', 'not-me'
      ended_why text
    )`,
    'create index trusted_browsers_account on trusted_browsers (account_id) where ended_at is null',
    'create index trusted_browsers_expires_at on trusted_browsers (expires_at)',

    // What a user needs to recognise a session; the session itself is sealed among the provider's payloads.
    `create table browser_sessions (
      -- digest, as in oidc_payloads.session_uid
      session_uid text primary key,
      account_id text not null references accounts on delete cascade,
      user_agent text not null,
      address text not null,
      created_at timestamptz not null default now(),
      last_seen_at timestamptz not null default now()
    )`,
    'create index browser_sessions_account on browser_sessions (account_id)',

    // Sessions that were ended and whose services have yet to be told (OpenID Connect Back-Channel Logout).
    `create table ended_sessions (
      id text primary key,
      account_id text,
      payload bytea not null,
      ended_at timestamptz not null default now(),
      attempts smallint not null default 0,
      next_attempt_at timestamptz not null default now(),
      -- services that have confirmed
      told text[] not null default '{}'
    )`,
    'create index ended_sessions_next_attempt_at on ended_sessions (next_attempt_at)',

    // Browsers an account has signed in with before: a new one is told of by mail.
    `create table known_browsers (
      account_id text not null references accounts on delete cascade,
      -- digest of a lasting cookie
      browser text not null,
      user_agent text not null,
      network text not null,
      first_seen_at timestamptz not null default now(),
      last_seen_at timestamptz not null default now(),
      primary key (account_id, browser)
    )`,

    // Offers made to a user in a login, so that none is made twice (R20) or too often (R24).
    `create table offers (
      account_id text not null references accounts on delete cascade,
      kind text not null check (kind in ('app', 'mail', 'confirm-address')),
      due_at timestamptz not null,
      shown_at timestamptz,
      primary key (account_id, kind)
    )`,

    // The link "this was not me" of a notice. Its token is derived from the id, never stored.
    `create table notice_links (
      id text primary key,
      account_id text not null references accounts on delete cascade,
      -- what the notice told of
      event text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz
    )`,
    'create index notice_links_account on notice_links (account_id)',
    'create index notice_links_expires_at on notice_links (expires_at)',
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

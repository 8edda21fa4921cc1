import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { BigInteger, GivenTimestamp, NullableTimestamp, Timestamp } from './schema-columns.ts';
import type {
  AuditLinksTable,
  AuditUnlinkedTable,
  DeskApprovalsTable,
  DeskRevokedSessionsTable,
  DeskCalendarTable,
  DeskCasesTable,
  DeskDaysTable,
  IdentityChecksTable,
  SetupPassesTable,
} from './schema-desk.ts';
import type {
  BrowserSessionsTable,
  EndedSessionsTable,
  FactorChangesTable,
  FactorFailuresTable,
  KnownBrowsersTable,
  NoticeLinksTable,
  OffersTable,
  PasskeyChallengesTable,
  PasskeysTable,
  RecoveryCodesTable,
  RecoverySheetsTable,
  TrustedBrowsersTable,
} from './schema-own-factors.ts';

/**
 * The rows as Kysely sees them, written by hand; `test/db/schema.test.ts` compares them with the migrated
 * database, so that neither can drift.
 */

export interface AccountsTable {
  id: string;
  login_id: string;
  kind: 'ecs' | 'sps';
  name_en: string | null;
  name_ja: string | null;
  email: string | null;
  affiliation: string | null;
  locale: 'en' | 'ja' | null;
  roles: Generated<string[]>;
  status: Generated<'active' | 'disabled'>;
  first_enrolled_at: NullableTimestamp;
  disabled_at: NullableTimestamp;
  created_at: Timestamp;
  updated_at: Timestamp;
  changes_frozen_until: NullableTimestamp;
  address_frozen_until: NullableTimestamp;
  ends_at: NullableTimestamp;
  ended_at: NullableTimestamp;
}

export interface PasswordsTable {
  account_id: string;
  phc: string;
  changed_at: Timestamp;
}

export interface ImportMemoryTable {
  account_id: string;
  said: JSONColumnType<Record<string, string>>;
  password_said_at: NullableTimestamp;
  said_at: Timestamp;
}

export interface MailFactorsTable {
  id: string;
  account_id: string;
  address: string;
  state: Generated<'active' | 'replaced' | 'removed'>;
  proven_at: Timestamp;
  last_used_at: NullableTimestamp;
  ended_at: NullableTimestamp;
  failures: Generated<number>;
  last_failure_at: NullableTimestamp;
}

export interface AppFactorsTable {
  id: string;
  account_id: string;
  name: string;
  secret_sealed: Buffer;
  last_step: BigInteger;
  state: Generated<'active' | 'removed'>;
  proven_at: Timestamp;
  last_used_at: NullableTimestamp;
  ended_at: NullableTimestamp;
}

export interface AcknowledgementsTable {
  id: string;
  account_id: string;
  text_version: string;
  locale: string;
  given_at: Timestamp;
}

export interface SignInsTable {
  interaction: string;
  account_id: string;
  client_id: string;
  browser: string;
  step_up: Generated<boolean>;
  password_at: Timestamp;
  factor: 'mail' | 'app' | 'recovery-code' | 'passkey' | null;
  factor_at: NullableTimestamp;
  way: 'mail' | 'app' | 'recovery-code' | 'passkey' | null;
  set_up: 'mail' | 'mail-code' | 'app-only' | 'app' | null;
  challenge_id: string | null;
  app_factor_id: string | null;
  app_secret_sealed: Buffer | null;
  finished_at: NullableTimestamp;
  created_at: Timestamp;
  expires_at: GivenTimestamp;
  without_password: Generated<boolean>;
  detour:
    | 'reset'
    | 'support'
    | 'reset-done'
    | 'offer-app'
    | 'offer-mail'
    | 'offer-mail-code'
    | 'confirm-address'
    | 'codes-low'
    | 'set-up-pass'
    | 'case-filed'
    | null;
  reset_at: NullableTimestamp;
  setup_pass_id: string | null;
  case_number: string | null;
}

export interface ChallengesTable {
  id: string;
  interaction: string;
  account_id: string;
  purpose: 'sign-in' | 'set-up' | 'reset' | 'change' | 'check';
  address: string;
  reference: string;
  attempts: Generated<number>;
  created_at: Timestamp;
  expires_at: GivenTimestamp;
  consumed_at: NullableTimestamp;
  voided_at: NullableTimestamp;
}

export interface MailsTable {
  id: string;
  account_id: string | null;
  challenge_id: string | null;
  kind: string;
  locale: 'en' | 'ja';
  to_address: string;
  model: JSONColumnType<Record<string, unknown>>;
  state: Generated<'waiting' | 'handed-over' | 'refused' | 'expired'>;
  attempts: Generated<number>;
  next_attempt_at: Timestamp;
  server_reply: string | null;
  unconfirmed: Generated<number>;
  created_at: Timestamp;
  handed_over_at: NullableTimestamp;
  expires_at: GivenTimestamp;
}

export interface LimitsTable {
  key: string;
  hits: Date[];
  expires_at: GivenTimestamp;
}

export interface ClientsTable {
  client_id: string;
  metadata: JSONColumnType<Record<string, unknown>>;
  secret_sealed: Buffer | null;
  version: Generated<number>;
  disabled_at: NullableTimestamp;
  updated_at: Timestamp;
}

export interface ClientVersionsTable {
  client_id: string;
  version: number;
  metadata: JSONColumnType<Record<string, unknown>> | null;
  changed_by: string;
  changed_at: Timestamp;
}

export interface OidcPayloadsTable {
  model: string;
  id: string;
  payload: Buffer;
  grant_id: string | null;
  session_uid: string | null;
  account_id: string | null;
  consumed_at: NullableTimestamp;
  expires_at: GivenTimestamp;
  /** Of a login only: digest of the browser that it began in. */
  browser: string | null;
}

export interface SigningKeysTable {
  kid: string;
  algorithm: 'RS256' | 'ES256';
  private_sealed: Buffer;
  created_at: Timestamp;
  activates_at: GivenTimestamp;
  retires_at: NullableTimestamp;
}

export interface InstanceSecretsTable {
  name: string;
  value_sealed: Buffer;
  created_at: Timestamp;
}

export interface InstallationTable {
  id: Generated<boolean>;
  place: string | null;
  noted_at: Timestamp;
  restored_at: NullableTimestamp;
  directory_at: NullableTimestamp;
}

export interface AuditEventsTable {
  id: Generated<BigInteger>;
  at: Timestamp;
  event: string;
  result: 'success' | 'failure';
  actor: string | null;
  account_id: string | null;
  client_id: string | null;
  method: string | null;
  request_id: string | null;
  address: string | null;
  node: string | null;
  details: ColumnType<Record<string, unknown>, string | undefined, never>;
}

/** What nodes write to test that they can write (`db/write-probe.ts`). */
export interface WriteProbesTable {
  at: Timestamp;
  padding: Generated<string>;
}

export interface Schema {
  accounts: AccountsTable;
  passwords: PasswordsTable;
  import_memory: ImportMemoryTable;
  mail_factors: MailFactorsTable;
  app_factors: AppFactorsTable;
  acknowledgements: AcknowledgementsTable;
  sign_ins: SignInsTable;
  challenges: ChallengesTable;
  mails: MailsTable;
  limits: LimitsTable;
  clients: ClientsTable;
  client_versions: ClientVersionsTable;
  oidc_payloads: OidcPayloadsTable;
  signing_keys: SigningKeysTable;
  instance_secrets: InstanceSecretsTable;
  installation: InstallationTable;
  audit_events: AuditEventsTable;
  factor_changes: FactorChangesTable;
  factor_failures: FactorFailuresTable;
  recovery_sheets: RecoverySheetsTable;
  recovery_codes: RecoveryCodesTable;
  passkeys: PasskeysTable;
  passkey_challenges: PasskeyChallengesTable;
  trusted_browsers: TrustedBrowsersTable;
  browser_sessions: BrowserSessionsTable;
  ended_sessions: EndedSessionsTable;
  write_probes: WriteProbesTable;
  known_browsers: KnownBrowsersTable;
  offers: OffersTable;
  notice_links: NoticeLinksTable;
  desk_calendar: DeskCalendarTable;
  desk_days: DeskDaysTable;
  desk_cases: DeskCasesTable;
  identity_checks: IdentityChecksTable;
  desk_approvals: DeskApprovalsTable;
  desk_revoked_sessions: DeskRevokedSessionsTable;
  setup_passes: SetupPassesTable;
  audit_unlinked: AuditUnlinkedTable;
  audit_links: AuditLinksTable;
}

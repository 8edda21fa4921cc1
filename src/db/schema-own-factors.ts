import type { Generated } from 'kysely';
import type { BigInteger, GivenTimestamp, NullableTimestamp, Timestamp } from './schema-columns.ts';

/** The tables of what users set up and change themselves; part of `Schema`. */

export interface FactorChangesTable {
  id: string;
  account_id: string;
  kind: 'app' | 'mail' | 'check-mail' | 'passkey';
  browser: string;
  session_uid: string;
  address: string | null;
  app_factor_id: string | null;
  app_secret_sealed: Buffer | null;
  created_at: Timestamp;
  expires_at: GivenTimestamp;
  finished_at: NullableTimestamp;
}

export interface FactorFailuresTable {
  account_id: string;
  factor: 'mail' | 'app' | 'recovery-code';
  in_a_row: Generated<number>;
  disabled_at: NullableTimestamp;
}

export interface RecoverySheetsTable {
  id: string;
  account_id: string;
  number: string;
  created_at: Timestamp;
  ended_at: NullableTimestamp;
}

export interface RecoveryCodesTable {
  sheet_id: string;
  account_id: string;
  digest: string;
  used_at: NullableTimestamp;
}

export interface PasskeysTable {
  id: string;
  account_id: string;
  name: string;
  credential_id: string;
  public_key: Buffer;
  counter: BigInteger;
  transports: Generated<string[]>;
  backed_up: boolean;
  aaguid: string;
  state: Generated<'active' | 'removed'>;
  proven_at: Timestamp;
  last_used_at: NullableTimestamp;
  ended_at: NullableTimestamp;
}

export interface PasskeyChallengesTable {
  id: string;
  purpose: 'second-factor' | 'sign-in' | 'set-up';
  bound_to: string;
  account_id: string | null;
  expires_at: GivenTimestamp;
  consumed_at: NullableTimestamp;
}

export interface TrustedBrowsersTable {
  id: string;
  account_id: string;
  secret_digest: string;
  previous_digest: string | null;
  rotated_at: Timestamp;
  seen_at: NullableTimestamp;
  user_agent: string;
  address: string;
  created_at: Timestamp;
  last_used_at: NullableTimestamp;
  expires_at: GivenTimestamp;
  ended_at: NullableTimestamp;
  ended_why: string | null;
}

export interface BrowserSessionsTable {
  session_uid: string;
  account_id: string;
  user_agent: string;
  address: string;
  created_at: Timestamp;
  last_seen_at: Timestamp;
}

export interface EndedSessionsTable {
  id: string;
  account_id: string | null;
  payload: Buffer;
  ended_at: Timestamp;
  attempts: Generated<number>;
  next_attempt_at: Timestamp;
  told: Generated<string[]>;
}

export interface KnownBrowsersTable {
  account_id: string;
  browser: string;
  user_agent: string;
  network: string;
  first_seen_at: Timestamp;
  last_seen_at: Timestamp;
}

export interface OffersTable {
  account_id: string;
  kind: 'app' | 'mail' | 'confirm-address';
  due_at: GivenTimestamp;
  shown_at: NullableTimestamp;
}

export interface NoticeLinksTable {
  id: string;
  account_id: string;
  event: string;
  created_at: Timestamp;
  expires_at: GivenTimestamp;
  used_at: NullableTimestamp;
}

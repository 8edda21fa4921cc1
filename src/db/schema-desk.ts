import type { Generated, JSONColumnType } from 'kysely';
import type { BigInteger, GivenTimestamp, NullableTimestamp, Timestamp } from './schema-columns.ts';

/** The tables of the support centre and of the chain over the audit log; part of `Schema`. */

/** Open from `opens` to `closes` (HH:MM) on a day of the week; 1 is Monday. */
export interface WeeklyHours {
  weekday: number;
  opens: string;
  closes: string;
}

export interface DeskCalendarTable {
  id: Generated<boolean>;
  time_zone: string;
  weekly: JSONColumnType<WeeklyHours[]>;
  /** Whether national holidays are days of `desk_days`. */
  holidays: Generated<'japan' | 'none'>;
  changed_by: string;
  changed_at: Timestamp;
  /** Triggers increase it by one with every change of the calendar or of its days. */
  version: Generated<number>;
}

export interface DeskDaysTable {
  /** YYYY-MM-DD */
  day: string;
  source: 'holiday' | 'operator';
  kind: 'closed' | 'open';
  /** HH:MM */
  opens: string | null;
  closes: string | null;
  name_en: string;
  name_ja: string;
  changed_by: string;
  changed_at: Timestamp;
}

export interface DeskCasesTable {
  id: string;
  number: string;
  account_id: string | null;
  login_id: string;
  reason: 'lost-device' | 'new-device' | 'no-mail' | 'factor-disabled' | 'first-set-up' | 'not-me' | 'other';
  source: 'user' | 'desk' | 'not-me';
  with_password: Generated<boolean>;
  wished_check: string | null;
  locale: 'en' | 'ja';
  opened_by: string | null;
  privileged: Generated<boolean>;
  state: Generated<'open' | 'approved' | 'done' | 'refused' | 'withdrawn' | 'expired'>;
  refused_reason: 'identity-not-shown' | 'not-the-holder' | 'no-longer-needed' | 'duplicate' | 'other' | null;
  closing_note: string | null;
  closed_by: string | null;
  closed_at: NullableTimestamp;
  version: Generated<number>;
  created_at: Timestamp;
}

export interface IdentityChecksTable {
  id: string;
  case_id: string;
  method: string;
  evidence: string;
  note: Generated<string>;
  checked_by: string;
  checked_at: Timestamp;
  /** Digest of the session in which it was recorded. */
  session_uid: string | null;
}

export interface DeskApprovalsTable {
  id: string;
  case_id: string;
  check_id: string;
  approved_by: string;
  break_glass: boolean;
  approved_at: Timestamp;
  /** Digest of the session in which it was given. */
  session_uid: string | null;
}

/** Sessions that their owner has ended from another one: the work done in them is in doubt. */
export interface DeskRevokedSessionsTable {
  session_uid: string;
  account_id: string;
  revoked_at: Timestamp;
}

export interface SetupPassesTable {
  id: string;
  case_id: string;
  account_id: string;
  digest: string;
  issued_by: string;
  issued_at: Timestamp;
  expires_at: GivenTimestamp;
  used_at: NullableTimestamp;
  browser: string | null;
  interaction: string | null;
  finished_at: NullableTimestamp;
  voided_at: NullableTimestamp;
  voided_why: 'withdrawn' | 'not-me' | 'disabled' | null;
  /** Values that the earlier release cannot represent. */
  voided_detail: 'approval-void' | null;
}

export interface AuditUnlinkedTable {
  event_id: BigInteger;
}

export interface AuditLinksTable {
  position: BigInteger;
  event_id: BigInteger;
  digest: string;
  linked_at: Timestamp;
}

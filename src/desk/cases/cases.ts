import type { StaffActor } from '../actor.ts';
import type { AccountSheet, CaseSheet, CaseSummary, ChosenReason, RefusalReason } from './shapes.ts';

/**
 * What staff does with cases (R39–R44, C17). Each act locks the account and is one transaction
 * with its audit row and its notice to the user; a refusal by the database is thrown with the
 * same error code. Nothing returned contains a whole address, a password, a seed or a code, except the
 * pass that `approve` shows once.
 */
export interface Cases {
  /** Open and approved cases, oldest first; at most 200. */
  queue(): Promise<CaseSummary[]>;
  /** Ended cases, newest first; `page` counts from 1. */
  closed(page?: number): Promise<{ cases: CaseSummary[]; page: number; more: boolean }>;
  /**
   * Finds exactly one ID, in any spelling (R2).
   * @throws NijoError `login_id_missing`, `account_unknown`, `search_limit_reached` {minutes}.
   */
  search(actor: StaffActor, loginId: string): Promise<{ accountId: string }>;
  /** @throws NijoError `staff_role_missing`. */
  account(actor: StaffActor, accountId: string): Promise<AccountSheet | undefined>;
  /**
   * Opens a case, or returns the account's open case if it has one.
   * @throws NijoError `account_unknown`, `desk_own_case`, `staff_role_missing`.
   */
  open(actor: StaffActor, accountId: string, reason: ChosenReason): Promise<{ id: string }>;
  /** @throws NijoError `staff_role_missing`. */
  find(actor: StaffActor, caseId: string): Promise<CaseSheet | undefined>;
  /** @throws NijoError `check_missing`, `note_…`, `case_…`, `desk_own_case`, `staff_role_missing`. */
  check(actor: StaffActor, caseId: string, seen: string, input: CheckInput): Promise<void>;
  /**
   * @throws NijoError `account_disabled`, `check_missing`, `desk_closed`, `desk_already_approved`, `case_…`,
   *   `desk_own_case`, `staff_role_missing`.
   */
  approve(
    actor: StaffActor,
    caseId: string,
    seen: string,
    input: { breakGlass: boolean },
  ): Promise<ApprovalOutcome>;
  /**
   * @throws NijoError `note_missing` for `other`, `note_…`, `case_…`, `desk_own_case`, `staff_role_missing`.
   */
  refuse(
    actor: StaffActor,
    caseId: string,
    seen: string,
    input: { reason: RefusalReason; note: string },
  ): Promise<void>;
  /**
   * Withdraws a pass that is not used yet.
   * @throws NijoError `case_…`, `setup_pass_used`, `desk_own_case`, `staff_role_missing`.
   */
  withdraw(actor: StaffActor, caseId: string, seen: string): Promise<void>;
}

export interface CheckInput {
  /** `method:evidence`, ids of `desk.identity_checks`. */
  check: string;
  note: string;
}

export type ApprovalOutcome =
  /** 16 digits, shown only once. */
  { outcome: 'issued'; pass: string; expiresAt: Date } | { outcome: 'second-needed' };

export type * from './shapes.ts';

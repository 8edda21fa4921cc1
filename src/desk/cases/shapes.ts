import type { ErrorCode } from '../../base/errors.ts';
import type { Factor } from '../../factors/assurance.ts';
import type { Opening } from '../../i18n/opening.ts';

/** Why a user needs help; `not-me` cases come from the link of a notice (D11). */
export const caseReasons = [
  'lost-device',
  'new-device',
  'no-mail',
  'factor-disabled',
  'first-set-up',
  'other',
] as const;
/** The reasons that a user or staff chooses from. */
export type ChosenReason = (typeof caseReasons)[number];
export type CaseReason = ChosenReason | 'not-me';

export function isCaseReason(value: unknown): value is ChosenReason {
  return caseReasons.some((reason) => reason === value);
}

/** Why a case was closed without a pass. */
export const refusalReasons = [
  'identity-not-shown',
  'not-the-holder',
  'no-longer-needed',
  'duplicate',
  'other',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export function isRefusalReason(value: unknown): value is RefusalReason {
  return refusalReasons.some((reason) => reason === value);
}

export type CaseState = 'open' | 'approved' | 'done' | 'refused' | 'withdrawn' | 'expired';
export type CaseSource = 'user' | 'desk' | 'not-me';

/** A member of staff, as another one sees them. */
export interface StaffMember {
  accountId: string;
  loginId: string;
}

/** One line of the queue. */
export interface CaseSummary {
  id: string;
  /** Told to the user: XXXX-XXXX. */
  number: string;
  /** As it was given; no account has it where `hasAccount` is false. */
  loginId: string;
  accountId: string | undefined;
  hasAccount: boolean;
  reason: CaseReason;
  source: CaseSource;
  /** The user gave the right password when they filed the case. */
  withPassword: boolean;
  state: CaseState;
  /** Two people must approve: the account has a role, or the configuration names it (R43). */
  privileged: boolean;
  /** Identity checks of the last 24 hours. */
  checks: number;
  /** People whose approval counts, within the last 24 hours. */
  approvals: number;
  approvalsNeeded: number;
  /** At least one approval was given outside hours (R41). */
  breakGlass: boolean;
  createdAt: Date;
  /** From filing to now, or to its end. */
  waitingMinutes: number;
  closedAt: Date | undefined;
}

/** One enrolled factor of an account; the desk does not see device names. */
export interface WaySheet {
  way: Factor;
  since: Date;
  lastUsedAt: Date | undefined;
  /** Switched off after too many wrong codes (C05). */
  disabled: boolean;
  /** Only for the mail factor: the masked address (R40), and whether mails to it fail (D5). */
  address: string | undefined;
  failing: boolean;
}

/** What the desk sees of an account: its enrolment state, masked (R40, R43). */
export interface AccountSheet {
  accountId: string;
  loginId: string;
  kind: 'ecs' | 'sps';
  names: { en: string | undefined; ja: string | undefined };
  status: 'active' | 'disabled';
  roles: readonly string[];
  privileged: boolean;
  /** The viewer's own account: nobody acts on their own. */
  own: boolean;
  /** When the first factor was enrolled. */
  firstEnrolledAt: Date | undefined;
  ways: readonly WaySheet[];
  recoverySheet: boolean;
  /** Until when the user can change nothing, or not the address. */
  frozen: { changesUntil?: Date; addressUntil?: Date };
  /** A setup pass that is still valid. */
  pass: { caseId: string; expiresAt: Date; claimed: boolean } | undefined;
  /** Newest first, at most 20. */
  cases: readonly CaseSummary[];
}

export interface CheckSheet {
  id: string;
  /** Ids of the configuration: `desk.identity_checks`. */
  method: string;
  evidence: string;
  note: string;
  by: StaffMember;
  at: Date;
  /** Made in the last 24 hours: an approval can be based on it. */
  counts: boolean;
}

export interface ApprovalSheet {
  by: StaffMember;
  at: Date;
  breakGlass: boolean;
  counts: boolean;
}

/** The state of a case's pass; never the pass itself. */
export interface PassSheet {
  state: 'waiting' | 'claimed' | 'finished' | 'withdrawn' | 'expired';
  issuedAt: Date;
  expiresAt: Date;
  issuedBy: StaffMember;
  voidedWhy: 'withdrawn' | 'not-me' | 'disabled' | 'approval-void' | undefined;
}

/** Everything about one case. */
export interface CaseSheet {
  summary: CaseSummary;
  /** The user's language. */
  locale: 'en' | 'ja';
  /** One of `desk.identity_checks`: how the user intends to prove their identity. */
  wishedCheck: string | undefined;
  openedBy: StaffMember | undefined;
  closing:
    | {
        at: Date;
        by: StaffMember | undefined;
        reason: RefusalReason | undefined;
        note: string | undefined;
      }
    | undefined;
  account: AccountSheet | undefined;
  /** Oldest first. */
  checks: readonly CheckSheet[];
  approvals: readonly ApprovalSheet[];
  ownCase: boolean;
  /** Why the viewer cannot record a check, or approve, now; undefined where they can. */
  checkObstacle: ErrorCode | undefined;
  approveObstacle: ErrorCode | undefined;
  /** Whether the viewer may refuse the case, or withdraw its pass. */
  mayRefuse: boolean;
  mayWithdraw: boolean;
  pass: PassSheet | undefined;
  opening: Opening;
  /**
   * Whether an approval by the viewer is within hours now: not on a day that they opened themselves, or whose
   * closing they removed (R41).
   */
  openToViewer: boolean;
  /** What this page shows: every act names it, and is refused if it has changed (A41). */
  seen: string;
}

/** Cases on one page of the queue: enough for a desk to work through, and the page stays small (50 KB). */
export const queueLength = 40;

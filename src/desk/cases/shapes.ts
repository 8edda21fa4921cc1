import type { ErrorCode } from '../../base/errors.ts';
import type { Factor } from '../../factors/assurance.ts';
import type { Opening } from '../../i18n/opening.ts';

/** Why somebody needs help; `not-me` cases come from the link of a notice (D11). */
export const caseReasons = [
  'lost-device',
  'new-device',
  'no-mail',
  'factor-disabled',
  'first-set-up',
  'other',
] as const;
/** What a user or staff chooses from. */
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
  /** As it was given; nobody's where `hasAccount` is false. */
  loginId: string;
  accountId: string | undefined;
  hasAccount: boolean;
  reason: CaseReason;
  source: CaseSource;
  /** The user had given the right password when they filed it. */
  withPassword: boolean;
  state: CaseState;
  /** Two people have to approve: somebody with a role, or named by the configuration (R43). */
  privileged: boolean;
  /** Identity checks of the last 24 hours. */
  checks: number;
  /** People whose approval of the last 24 hours counts. */
  approvals: number;
  approvalsNeeded: number;
  /** Some approval was given outside hours (R41). */
  breakGlass: boolean;
  createdAt: Date;
  /** From filing to now, or to its end. */
  waitingMinutes: number;
  closedAt: Date | undefined;
}

/** One way that an account has set up; names of devices stay the user's own. */
export interface WaySheet {
  way: Factor;
  since: Date;
  lastUsedAt: Date | undefined;
  /** Off after too many wrong codes (C05). */
  disabled: boolean;
  /** Of the mail factor: masked (R40), and whether mails to it fail (D5). */
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
  /** Of whoever looks: nobody acts on it. */
  own: boolean;
  /** When anything was set up for the first time. */
  firstEnrolledAt: Date | undefined;
  ways: readonly WaySheet[];
  recoverySheet: boolean;
  /** Until when nothing, or not the address, can be changed by the user. */
  frozen: { changesUntil?: Date; addressUntil?: Date };
  /** A setup pass that still works. */
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
  /** Of the last 24 hours: one can approve on it. */
  counts: boolean;
}

export interface ApprovalSheet {
  by: StaffMember;
  at: Date;
  breakGlass: boolean;
  counts: boolean;
}

/** How the pass of a case stands; the pass itself is nowhere. */
export interface PassSheet {
  state: 'waiting' | 'claimed' | 'finished' | 'withdrawn' | 'expired';
  issuedAt: Date;
  expiresAt: Date;
  issuedBy: StaffMember;
  voidedWhy: 'withdrawn' | 'not-me' | 'disabled' | 'approval-void' | undefined;
}

/** Everything of one case. */
export interface CaseSheet {
  summary: CaseSummary;
  /** The user's language. */
  locale: 'en' | 'ja';
  /** One of `desk.identity_checks`, as the user means to show who they are. */
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
  /** Why whoever looks cannot record a check, or approve, now; undefined where they can. */
  checkObstacle: ErrorCode | undefined;
  approveObstacle: ErrorCode | undefined;
  /** Whether whoever looks may refuse it, or take its pass back. */
  mayRefuse: boolean;
  mayWithdraw: boolean;
  pass: PassSheet | undefined;
  opening: Opening;
  /**
   * Whether whoever looks approves within hours now: not on a day that they have opened themselves, or whose
   * closing they have taken back (R41).
   */
  openToViewer: boolean;
  /** What this page shows: every act names it, and acts on nothing else (A41). */
  seen: string;
}

/** Cases on one page of the queue: what a desk works off, and a page that stays small (50 KB). */
export const queueLength = 40;

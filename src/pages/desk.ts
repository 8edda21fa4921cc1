import type { Translate } from '../i18n/translate.ts';

export type CaseReasonWord =
  | 'lost-device'
  | 'new-device'
  | 'no-mail'
  | 'factor-disabled'
  | 'first-set-up'
  | 'not-me'
  | 'other';
export type CaseStateWord = 'open' | 'approved' | 'done' | 'refused' | 'withdrawn' | 'expired';
export type RefusalWord =
  | 'identity-not-shown'
  | 'not-the-holder'
  | 'no-longer-needed'
  | 'duplicate'
  | 'other';

/** The progress of an open case. */
export type CaseProgress = 'unchecked' | 'checked' | 'second' | 'issued';

/** One line of the queue or of the ended cases; times and durations in words. */
export interface DeskCaseRow {
  id: string;
  number: string;
  loginId: string;
  reason: CaseReasonWord;
  state: CaseStateWord;
  /** When it was filed. */
  since: string;
  /** How long it has waited, or when it ended. */
  waited: string;
  progress: CaseProgress;
  /** Two people approve it. */
  privileged: boolean;
  /** Approved outside hours. */
  breakGlass: boolean;
  /** The ID that was given exists. */
  known: boolean;
}

/** Whether the support centre is open now, in the words of its calendar. */
export interface DeskOpening {
  open: boolean;
  words: string;
}

/** What is set up, masked: nothing that can be used to sign in (R40). */
export interface DeskAccount {
  id: string;
  loginId: string;
  name?: string;
  kind: 'ecs' | 'sps';
  active: boolean;
  /** Two people approve its cases. */
  privileged: boolean;
  roles: readonly string[];
  /** Has ever set up a second step. */
  enrolled: boolean;
  ways: readonly {
    way: 'mail' | 'app' | 'passkey' | 'recovery-code';
    /** Masked. The desk does not see device names. */
    address?: string;
    since: string;
    lastUsed?: string;
    /** Switched off after wrong codes, or mails to it fail. */
    trouble?: 'disabled' | 'failing';
  }[];
  recoveryCodes: boolean;
  /** Until when the user can change nothing, or not the address. */
  frozen?: { what: 'changes' | 'address'; until: string };
  /** A setup pass that is still valid. */
  pass?: { caseId: string; until: string; claimed: boolean };
}

/** One event of a case, oldest first. */
export interface CaseStep {
  /** `form`: sent by a person who had not given a password. */
  kind: 'user' | 'form' | 'desk' | 'not-me' | 'check' | 'approval' | 'break-glass' | 'issued' | 'ended';
  at: string;
  /** ID of the member of staff; absent where none of them did it. */
  by?: string;
  /** How the identity was checked, and by which evidence. */
  method?: string;
  evidence?: string;
  note?: string;
  /** How it ended. */
  state?: CaseStateWord;
  refused?: RefusalWord;
}

/** What changed between the page that was sent and now. */
export type CaseChange = 'check' | 'approval' | 'state' | 'account';

/** What the viewer can do with a case now; what is absent cannot be done. */
export interface CaseActs {
  /** The configured methods for checking identity. */
  checks?: readonly {
    id: string;
    name: string;
    /** Named by the user when filing. */
    wished: boolean;
    /** `value` is `method:evidence`. */
    evidence: readonly { value: string; name: string }[];
  }[];
  /** `breakGlass`: closed now, so the tick is needed; `ownDay`: closed to the viewer, who opened the day. */
  approve?: { breakGlass: boolean; ownDay?: boolean };
  refusals?: readonly RefusalWord[];
  withdraw?: true;
  typed: { check: string; note: string; reason: string; refusalNote: string; breakGlass: boolean };
}

/** The state of a case's pass. */
export interface CasePass {
  state: 'waiting' | 'claimed' | 'finished' | 'withdrawn' | 'expired';
  issued: string;
  until: string;
  by: string;
  voided?: 'withdrawn' | 'not-me' | 'disabled' | 'approval-void';
}

export interface DeskCasePage {
  id: string;
  number: string;
  loginId: string;
  reason: CaseReasonWord;
  state: CaseStateWord;
  source: 'user' | 'desk' | 'not-me';
  withPassword: boolean;
  wishedCheck?: string;
  waited: string;
  progress: CaseProgress;
  privileged: boolean;
  breakGlass: boolean;
  approvals: number;
  approvalsNeeded: number;
  own: boolean;
  /** The viewer may act at the desk, and not only read. */
  desk: boolean;
  account?: DeskAccount;
  steps: readonly CaseStep[];
  opening: DeskOpening;
  /** How long a setup pass can be used. */
  passSpan: string;
  /** Version of what is shown: an act on any other version is refused (A41). */
  seen: string;
  /** What is shown, as far as a later page needs it to name what changed. */
  was: string;
  changed: readonly CaseChange[];
  /** Only for a viewer who may act, and while the case can be acted on. */
  acts?: CaseActs;
  /** The viewer has approved it, and a second person has not. */
  approvedByMe: boolean;
  /** Who approved it, where the viewer would be the second. */
  approvedBy?: string;
  /** No check of the last 24 hours: it cannot be approved yet. */
  checkNeeded: boolean;
  pass?: CasePass;
  timeZone: string;
}

export interface DeskPageModels {
  'desk-queue': {
    opening: DeskOpening;
    /** Undefined for a viewer who may only read (auditor). */
    search?: { loginId: string };
    cases: readonly DeskCaseRow[];
    /** Whether further cases may wait after these. */
    more: boolean;
    timeZone: string;
  };
  'desk-closed': { cases: readonly DeskCaseRow[]; earlier?: string; newest: boolean; timeZone: string };
  'desk-account': {
    account: DeskAccount;
    own: boolean;
    /** Absent where there is an open case, or the ID is the viewer's own. */
    open?: { reasons: readonly CaseReasonWord[]; reason: string };
    openCase?: { id: string; number: string };
    cases: readonly DeskCaseRow[];
    timeZone: string;
  };
  'desk-case': DeskCasePage;
  /** Shown only once, in the answer to the form itself; the page contains both languages. */
  'desk-pass': {
    /** Four groups of four digits. */
    groups: readonly string[];
    number: string;
    caseId: string;
    until: { en: string; ja: string };
    timeZone: string;
  };
}

/** The desk pages whose only form posts to the page's own URL. */
export const deskPagesWithForm: readonly (keyof DeskPageModels)[] = [
  'desk-queue',
  'desk-account',
  'desk-case',
];

/** The headings of the desk pages, which are also the first part of their titles. */
export function deskHeadings(t: Translate): {
  readonly [P in keyof DeskPageModels]: (model: DeskPageModels[P]) => string;
} {
  return {
    'desk-queue': () => t('desk.queue.title'),
    'desk-closed': () => t('desk.closed.title'),
    'desk-account': ({ account }) => t('desk.account.title', { loginId: account.loginId }),
    'desk-case': ({ number }) => t('desk.case.title', { number }),
    'desk-pass': () => t('desk.pass.title'),
  };
}

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

/** How far an open case has come. */
export type CaseProgress = 'unchecked' | 'checked' | 'second' | 'issued';

/** One line of the queue or of the ended cases; times and spans in words. */
export interface DeskCaseRow {
  id: string;
  number: string;
  loginId: string;
  reason: CaseReasonWord;
  state: CaseStateWord;
  /** When it was filed. */
  since: string;
  /** How long it waits, or when it ended. */
  waited: string;
  progress: CaseProgress;
  /** Two people approve it. */
  privileged: boolean;
  /** Approved outside hours. */
  breakGlass: boolean;
  /** Somebody has the ID that was given. */
  known: boolean;
}

/** Whether the support centre is open now, in words of the one calendar. */
export interface DeskOpening {
  open: boolean;
  words: string;
}

/** What is set up, masked: nothing that could be used (R40). */
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
    /** Masked. Names of devices stay the user's own. */
    address?: string;
    since: string;
    lastUsed?: string;
    /** Switched off after wrong codes, or mails come back. */
    trouble?: 'disabled' | 'failing';
  }[];
  recoveryCodes: boolean;
  /** Until when the user cannot change anything, or not the address. */
  frozen?: { what: 'changes' | 'address'; until: string };
  /** A setup pass that still works. */
  pass?: { caseId: string; until: string; claimed: boolean };
}

/** One thing that happened on a case, oldest first. */
export interface CaseStep {
  /** `form`: sent by somebody who had not given a password. */
  kind: 'user' | 'form' | 'desk' | 'not-me' | 'check' | 'approval' | 'break-glass' | 'issued' | 'ended';
  at: string;
  /** ID of the member of staff; absent where nobody of the desk did it. */
  by?: string;
  /** How the identity was shown, and what was looked at. */
  method?: string;
  evidence?: string;
  note?: string;
  /** How it ended. */
  state?: CaseStateWord;
  refused?: RefusalWord;
}

/** What changed between the page that was sent and now. */
export type CaseChange = 'check' | 'approval' | 'state' | 'account';

/** What can be done with a case by whoever looks at it, now; what is absent cannot. */
export interface CaseActs {
  /** The configured ways to make sure who somebody is. */
  checks?: readonly {
    id: string;
    name: string;
    /** Named by the user when filing. */
    wished: boolean;
    /** `value` is `method:evidence`. */
    evidence: readonly { value: string; name: string }[];
  }[];
  /** `breakGlass`: closed now, so that it takes the tick; `ownDay`: to whoever looks, who has opened the day. */
  approve?: { breakGlass: boolean; ownDay?: boolean };
  refusals?: readonly RefusalWord[];
  withdraw?: true;
  typed: { check: string; note: string; reason: string; refusalNote: string; breakGlass: boolean };
}

/** How the pass of a case stands. */
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
  /** Whoever looks acts at the desk, and does not look on only. */
  desk: boolean;
  account?: DeskAccount;
  steps: readonly CaseStep[];
  opening: DeskOpening;
  /** How long a setup pass can be used. */
  passSpan: string;
  /** Version of what is shown: an act on anything else is refused (A41). */
  seen: string;
  /** What is shown, as far as a later page can name what changed. */
  was: string;
  changed: readonly CaseChange[];
  /** Only for whoever may act, and while it can be acted on. */
  acts?: CaseActs;
  /** Whoever looks has approved it, and a second person has not. */
  approvedByMe: boolean;
  /** Who approved it, where whoever looks would be the second. */
  approvedBy?: string;
  /** No check of the last 24 hours: it cannot be approved yet. */
  checkNeeded: boolean;
  pass?: CasePass;
  timeZone: string;
}

export interface DeskPageModels {
  'desk-queue': {
    opening: DeskOpening;
    /** Undefined for whoever may only look (auditor). */
    search?: { loginId: string };
    cases: readonly DeskCaseRow[];
    /** Whether others may wait behind these. */
    more: boolean;
    timeZone: string;
  };
  'desk-closed': { cases: readonly DeskCaseRow[]; earlier?: string; newest: boolean; timeZone: string };
  'desk-account': {
    account: DeskAccount;
    own: boolean;
    /** Absent where there is an open case, or it is one's own ID. */
    open?: { reasons: readonly CaseReasonWord[]; reason: string };
    openCase?: { id: string; number: string };
    cases: readonly DeskCaseRow[];
    timeZone: string;
  };
  'desk-case': DeskCasePage;
  /** Shown this once, in the answer to the form itself; both languages stand on it. */
  'desk-pass': {
    /** Four groups of four digits. */
    groups: readonly string[];
    number: string;
    caseId: string;
    until: { en: string; ja: string };
    timeZone: string;
  };
}

/** The pages of the desk whose one form posts to the page's own address. */
export const deskPagesWithForm: readonly (keyof DeskPageModels)[] = [
  'desk-queue',
  'desk-account',
  'desk-case',
];

/** The headings of the pages of the desk, which are also the first part of their titles. */
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

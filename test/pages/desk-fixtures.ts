import type {
  CaseReasonWord,
  DeskAccount,
  DeskCasePage,
  DeskCaseRow,
  DeskPageModels,
} from '../../src/pages/desk.ts';
import type { Fault, PageName } from '../../src/pages/pages.ts';

const timeZone = 'Asia/Tokyo';
const at = '4 Jan 2027, 09:05';

const row: DeskCaseRow = {
  id: 'c1',
  number: 'KITE-42QX',
  loginId: 'a0123456',
  reason: 'lost-device',
  state: 'open',
  since: at,
  waited: '25 minutes',
  progress: 'unchecked',
  privileged: false,
  breakGlass: false,
  known: true,
};

/** One of every kind. */
const rows: readonly DeskCaseRow[] = [
  row,
  { ...row, id: 'c2', reason: 'not-me', progress: 'checked', privileged: true },
  { ...row, id: 'c3', reason: 'other', progress: 'second', breakGlass: true, privileged: true },
  { ...row, id: 'c4', state: 'approved', progress: 'issued' },
  { ...row, id: 'c5', loginId: 'x'.repeat(64), reason: 'first-set-up', known: false },
];

const endedRows: readonly DeskCaseRow[] = (['done', 'refused', 'withdrawn', 'expired'] as const).map(
  (state, index) => ({ ...row, id: `e${index}`, state, waited: at, progress: 'issued' }),
);

const account: DeskAccount = {
  id: 'a1',
  loginId: 'a0123456',
  name: 'Hanako Kyoto',
  kind: 'ecs',
  active: false,
  privileged: true,
  roles: ['desk', 'operator'],
  enrolled: true,
  ways: [
    { way: 'mail', address: 'h•••o@mail.example', since: '1 April 2026', lastUsed: at, trouble: 'failing' },
    { way: 'app', since: '1 April 2026', trouble: 'disabled' },
    { way: 'passkey', since: '1 April 2026', lastUsed: at },
  ],
  recoveryCodes: true,
  frozen: { what: 'changes', until: at },
  pass: { caseId: 'c4', until: at, claimed: false },
};

const reasons: readonly CaseReasonWord[] = [
  'lost-device',
  'new-device',
  'no-mail',
  'factor-disabled',
  'first-set-up',
  'other',
];

const opened: DeskCasePage = {
  id: 'c1',
  number: 'KITE-42QX',
  loginId: 'a0123456',
  reason: 'lost-device',
  state: 'open',
  source: 'user',
  withPassword: true,
  wishedCheck: 'In person',
  waited: '25 minutes',
  progress: 'unchecked',
  privileged: false,
  breakGlass: false,
  approvals: 0,
  approvalsNeeded: 1,
  own: false,
  desk: true,
  account,
  steps: [{ kind: 'user', at }],
  opening: { open: true, words: 'Open now, until 17:00.' },
  passSpan: '4 hours',
  seen: '1.abc',
  was: 'open.0.0',
  changed: [],
  acts: {
    checks: [
      {
        id: 'in-person',
        name: 'In person',
        wished: true,
        evidence: [
          { value: 'in-person:university-card', name: 'student or staff card' },
          { value: 'in-person:official-card', name: 'official card with photograph' },
        ],
      },
      {
        id: 'call-back',
        name: 'Call back',
        wished: false,
        evidence: [{ value: 'call-back:number-on-record', name: 'number from the records' }],
      },
    ],
    refusals: ['identity-not-shown', 'not-the-holder', 'no-longer-needed', 'duplicate', 'other'],
    typed: { check: '', note: '', reason: '', refusalNote: '', breakGlass: false },
  },
  approvedByMe: false,
  checkNeeded: true,
  timeZone,
};

const acts = opened.acts ?? {
  typed: { check: '', note: '', reason: '', refusalNote: '', breakGlass: false },
};
const { account: _account, ...withoutAccount } = opened;
const { acts: _acts, ...looked } = opened;
const checked = {
  kind: 'check',
  at,
  by: 'desk1',
  method: 'In person',
  evidence: 'student or staff card',
  note: 'Came with a friend.',
} as const;

/** A case in every state in which its page looks different. */
export const caseStates: Readonly<Record<string, DeskCasePage>> = {
  opened,
  unknown: {
    ...withoutAccount,
    withPassword: false,
    steps: [{ kind: 'form', at }],
    acts: { refusals: ['other'], typed: acts.typed },
  },
  checked: {
    ...opened,
    progress: 'checked',
    checkNeeded: false,
    steps: [...opened.steps, checked],
    acts: { ...acts, approve: { breakGlass: false } },
  },
  closed: {
    ...opened,
    progress: 'checked',
    checkNeeded: false,
    opening: { open: false, words: 'Closed now. Opens Monday at 9:00.' },
    acts: { ...acts, approve: { breakGlass: true }, typed: { ...acts.typed, breakGlass: true } },
  },
  ownDay: {
    ...opened,
    progress: 'checked',
    checkNeeded: false,
    acts: { ...acts, approve: { breakGlass: true, ownDay: true } },
  },
  first: {
    ...opened,
    privileged: true,
    approvalsNeeded: 2,
    approvals: 1,
    progress: 'second',
    checkNeeded: false,
    approvedByMe: true,
    steps: [...opened.steps, checked, { kind: 'approval', at, by: 'desk1' }],
  },
  second: {
    ...opened,
    privileged: true,
    breakGlass: true,
    approvalsNeeded: 2,
    approvals: 1,
    progress: 'second',
    checkNeeded: false,
    approvedBy: 'desk1',
    steps: [...opened.steps, checked, { kind: 'break-glass', at, by: 'desk1' }],
    acts: { ...acts, approve: { breakGlass: false } },
  },
  own: { ...looked, own: true },
  looked: { ...looked, desk: false, source: 'not-me' },
  stale: { ...opened, changed: ['check', 'approval', 'state', 'account'] },
  approved: {
    ...looked,
    state: 'approved',
    progress: 'issued',
    checkNeeded: false,
    pass: { state: 'waiting', issued: at, until: at, by: 'desk1' },
    steps: [
      ...opened.steps,
      checked,
      { kind: 'approval', at, by: 'desk1' },
      { kind: 'issued', at, by: 'desk1' },
    ],
    acts: { withdraw: true, typed: acts.typed },
  },
  withdrawn: {
    ...looked,
    source: 'desk',
    state: 'withdrawn',
    checkNeeded: false,
    pass: { state: 'withdrawn', voided: 'not-me', issued: at, until: at, by: 'desk1' },
    steps: [
      { kind: 'desk', at, by: 'desk1' },
      { kind: 'ended', at, state: 'withdrawn' },
    ],
  },
  refused: {
    ...looked,
    state: 'refused',
    checkNeeded: false,
    steps: [
      ...opened.steps,
      { kind: 'ended', at, by: 'desk1', state: 'refused', refused: 'other', note: 'Wrong desk.' },
    ],
  },
};

/** One realistic model of every page of the desk, with everything on it at once. */
export const deskModels: DeskPageModels = {
  'desk-queue': {
    opening: { open: false, words: 'Closed now. Opens Monday at 9:00.' },
    search: { loginId: '' },
    cases: rows,
    more: true,
    timeZone,
  },
  'desk-closed': { cases: endedRows, earlier: '/desk/closed?page=2', newest: false, timeZone },
  'desk-account': {
    account,
    own: false,
    open: { reasons, reason: 'lost-device' },
    cases: [...rows, ...endedRows],
    timeZone,
  },
  'desk-case': opened,
  'desk-pass': {
    groups: ['0123', '4567', '8901', '2345'],
    number: 'KITE-42QX',
    caseId: 'c1',
    until: { en: at, ja: '2027年1月4日 9:05' },
    timeZone,
  },
};

/** The pages with one form, and the fields a person fills in on each. */
export const deskFields: Partial<Record<PageName, readonly NonNullable<Fault['field']>[]>> = {
  'desk-queue': ['login_id'],
  'desk-account': ['reason'],
  'desk-case': ['check', 'note', 'reason', 'refusal_note'],
};

/** What each of these forms does first. */
export const deskActions: Partial<Record<PageName, string>> = {
  'desk-queue': 'search',
  'desk-account': 'open',
  'desk-case': 'check',
};

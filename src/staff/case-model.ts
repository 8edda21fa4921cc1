import type { CaseSheet } from '../desk/cases/shapes.ts';
import { refusalReasons } from '../desk/cases/shapes.ts';
import { createTimes, type Times } from '../i18n/times.ts';
import type { CaseActs, CaseChange, CasePass, CaseStep, DeskCasePage } from '../pages/desk.ts';
import type { StaffDependencies } from './dependencies.ts';
import { may } from './roles.ts';
import type { Shown, StaffRequest } from './visit.ts';
import { accountOf, checkNames, openingOf, progressOf, shortMoment, spanInWords } from './words.ts';

type Settings = Pick<StaffDependencies, 'settings' | 'timeZone'>;
type Locale = 'en' | 'ja';

/** A case as its page shows it to the viewer. */
export function caseModel(
  { settings, timeZone }: Settings,
  { actor, locale }: Pick<StaffRequest, 'actor' | 'locale'>,
  sheet: CaseSheet,
  shown: Shown,
): DeskCasePage {
  const { summary, account, opening } = sheet;
  const times = createTimes(timeZone);
  const desk = may(actor.roles, 'POST', '/desk/cases/:id');
  const wished = settings.identity_checks.find(({ id }) => id === sheet.wishedCheck);
  const acts = desk ? actsOf(settings, sheet, shown, locale) : undefined;
  return {
    id: summary.id,
    number: summary.number,
    loginId: summary.loginId,
    reason: summary.reason,
    state: summary.state,
    source: summary.source,
    withPassword: summary.withPassword,
    ...(wished === undefined ? {} : { wishedCheck: wished.name[locale] }),
    waited: spanInWords(summary.waitingMinutes, locale),
    progress: progressOf(summary),
    privileged: summary.privileged,
    breakGlass: summary.breakGlass,
    approvals: summary.approvals,
    approvalsNeeded: summary.approvalsNeeded,
    own: sheet.ownCase,
    desk,
    ...(account === undefined ? {} : { account: accountOf(account, timeZone, locale) }),
    steps: stepsOf(settings, sheet, times, locale),
    opening: openingOf(opening, locale),
    passSpan: spanInWords(settings.setup_pass.lifetime_minutes, locale),
    seen: sheet.seen,
    was: stateOf(sheet),
    changed: shown.fault?.code === 'case_changed' ? changesSince(shown.typed?.get('was') ?? '', sheet) : [],
    ...(acts === undefined ? {} : { acts }),
    approvedByMe: sheet.approveObstacle === 'desk_already_approved',
    ...secondOf(sheet, actor.accountId),
    checkNeeded: summary.state === 'open' && summary.checks === 0,
    ...(sheet.pass === undefined ? {} : { pass: passOf(sheet.pass, times, locale) }),
    timeZone,
  };
}

/** Who approved before the viewer, while a second approval is missing. */
function secondOf({ summary, approvals }: CaseSheet, me: string): { approvedBy?: string } {
  const first = approvals.find(({ by, counts }) => counts && by.accountId !== me);
  return summary.state === 'open' && first !== undefined ? { approvedBy: first.by.loginId } : {};
}

/** What the viewer may do now; the domain and the database decide again when it is done. */
function actsOf(
  settings: Settings['settings'],
  sheet: CaseSheet,
  { typed }: Shown,
  locale: Locale,
): CaseActs | undefined {
  const mayCheck = sheet.checkObstacle === undefined;
  const mayApprove = sheet.approveObstacle === undefined;
  if (!mayCheck && !mayApprove && !sheet.mayRefuse && !sheet.mayWithdraw) return undefined;
  return {
    ...(mayCheck
      ? {
          checks: settings.identity_checks.map(({ id, name, evidence }) => ({
            id,
            name: name[locale],
            wished: id === sheet.wishedCheck,
            evidence: evidence.map((each) => ({ value: `${id}:${each.id}`, name: each.name[locale] })),
          })),
        }
      : {}),
    // Two people can approve outside hours if they mean it: the tick is for that (R41).
    ...(mayApprove
      ? { approve: { breakGlass: !sheet.openToViewer, ownDay: sheet.opening.open && !sheet.openToViewer } }
      : {}),
    ...(sheet.mayRefuse ? { refusals: refusalReasons } : {}),
    ...(sheet.mayWithdraw ? { withdraw: true } : {}),
    typed: {
      check: typed?.get('check') ?? '',
      note: typed?.get('note') ?? '',
      reason: typed?.get('reason') ?? '',
      refusalNote: typed?.get('refusal_note') ?? '',
      breakGlass: typed?.get('break_glass') === 'yes',
    },
  };
}

/** Everything that happened, oldest first. */
function stepsOf(settings: Settings['settings'], sheet: CaseSheet, times: Times, locale: Locale): CaseStep[] {
  const { summary, closing, pass } = sheet;
  const steps: (CaseStep & { moment: Date })[] = [
    {
      kind: summary.source === 'user' && !summary.withPassword ? 'form' : summary.source,
      moment: summary.createdAt,
      at: '',
      ...(sheet.openedBy === undefined ? {} : { by: sheet.openedBy.loginId }),
    },
    ...sheet.checks.map((check) => ({
      kind: 'check' as const,
      moment: check.at,
      at: '',
      by: check.by.loginId,
      ...checkNames(settings, check, locale),
      ...(check.note === '' ? {} : { note: check.note }),
    })),
    ...sheet.approvals.map(({ breakGlass, at, by }) => ({
      kind: breakGlass ? ('break-glass' as const) : ('approval' as const),
      moment: at,
      at: '',
      by: by.loginId,
    })),
    ...(pass === undefined
      ? []
      : [{ kind: 'issued' as const, moment: pass.issuedAt, at: '', by: pass.issuedBy.loginId }]),
    ...(closing === undefined
      ? []
      : [
          {
            kind: 'ended' as const,
            moment: closing.at,
            at: '',
            state: summary.state,
            ...(closing.by === undefined ? {} : { by: closing.by.loginId }),
            ...(closing.reason === undefined ? {} : { refused: closing.reason }),
            ...(closing.note === undefined || closing.note === '' ? {} : { note: closing.note }),
          },
        ]),
  ];
  // Records of one act at the same moment keep this order: a check comes before its approval.
  return steps
    .toSorted((a, b) => a.moment.getTime() - b.moment.getTime())
    .map(({ moment, ...step }) => ({ ...step, at: shortMoment(moment, times, locale) }));
}

function passOf(pass: NonNullable<CaseSheet['pass']>, times: Times, locale: Locale): CasePass {
  return {
    state: pass.state,
    issued: times.moment(pass.issuedAt, locale),
    until: times.moment(pass.expiresAt, locale),
    by: pass.issuedBy.loginId,
    ...(pass.voidedWhy === undefined ? {} : { voided: pass.voidedWhy }),
  };
}

/** The part of a case that the next page needs to name what changed; it decides nothing. */
function stateOf({ summary, checks, approvals }: CaseSheet): string {
  return [summary.state, checks.length, approvals.length].join('.');
}

/** What changed since a page was shown; if the case did not change, the account did. */
function changesSince(was: string, sheet: CaseSheet): CaseChange[] {
  const [state, checks, approvals] = was.split('.');
  const now = stateOf(sheet).split('.');
  const changes: CaseChange[] = [
    ...(checks === now[1] ? [] : ['check' as const]),
    ...(approvals === now[2] ? [] : ['approval' as const]),
    ...(state === now[0] ? [] : ['state' as const]),
  ];
  return changes.length > 0 ? changes : ['account'];
}

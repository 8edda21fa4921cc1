import { NijoError } from '../base/errors.ts';
import { type AccountSheet, caseReasons, type ChosenReason, isCaseReason } from '../desk/cases/shapes.ts';
import { createTimes } from '../i18n/times.ts';
import { takeFlash } from './done.ts';
import { chromeOf, go, type StaffPage, redisplay } from './visit.ts';
import { accountOf, rowOf } from './words.ts';

/** An account's enrolled factors, masked, and the way to open a case for it (R39, R40). */
export const accountPage: StaffPage = {
  path: '/desk/accounts/:id',
  async show(dependencies, visit, shown) {
    const { ctx, locale, actor, params } = visit;
    const sheet = await dependencies.desk.cases.account(actor, params.id ?? '');
    if (sheet === undefined) throw new NijoError('not_found');
    const times = createTimes(dependencies.timeZone);
    const done = takeFlash(dependencies.cookies, ctx);
    const present = sheet.cases.find(({ state }) => state === 'open');
    const offered = present === undefined && !sheet.own;
    dependencies.responder.page(
      ctx,
      'desk-account',
      {
        account: accountOf(sheet, dependencies.timeZone, locale),
        own: sheet.own,
        ...(offered
          ? { open: { reasons: caseReasons, reason: shown.typed?.get('reason') ?? likely(sheet) } }
          : {}),
        ...(present === undefined ? {} : { openCase: { id: present.id, number: present.number } }),
        cases: sheet.cases.map((each) => rowOf(each, times, locale)),
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, offered ? 'form' : 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit({ desk }, { actor, action, form, params }) {
    if (action !== 'open') throw new NijoError('action_unknown');
    const reason = form.get('reason');
    if (!isCaseReason(reason)) return redisplay('reason_missing', 'reason');
    const { id } = await desk.cases.open(actor, params.id ?? '', reason);
    return go(`/desk/cases/${id}`, 'case-opened');
  },
};

/** The preselected reason, so that one click opens the case. */
function likely({ firstEnrolledAt, ways }: AccountSheet): ChosenReason {
  if (firstEnrolledAt === undefined) return 'first-set-up';
  if (ways.some(({ disabled }) => disabled)) return 'factor-disabled';
  return ways.some(({ way }) => way === 'app' || way === 'passkey') ? 'lost-device' : 'no-mail';
}

import { NijoError } from '../base/errors.ts';
import { queueLength } from '../desk/cases/shapes.ts';
import { createTimes } from '../i18n/times.ts';
import { takeFlash } from './done.ts';
import { may } from './roles.ts';
import { chromeOf, go, type StaffPage, redisplay } from './visit.ts';
import { openingOf, rowOf } from './words.ts';

const path = '/desk';

/** Waiting cases, the oldest first, and above them the search by exact ID (R39, R43). */
export const queuePage: StaffPage = {
  path,
  label: 'staff.nav.queue',
  async show(dependencies, visit, shown) {
    const { ctx, locale, actor } = visit;
    const { calendar, cases } = dependencies.desk;
    const [opening, waiting] = await Promise.all([calendar.opening(), cases.queue()]);
    const times = createTimes(dependencies.timeZone);
    const done = takeFlash(dependencies.cookies, ctx);
    const searches = may(actor.roles, 'POST', path);
    dependencies.responder.page(
      ctx,
      'desk-queue',
      {
        opening: openingOf(opening, locale),
        ...(searches ? { search: { loginId: shown.typed?.get('login_id') ?? '' } } : {}),
        cases: waiting.map((each) => rowOf(each, times, locale)),
        more: waiting.length === queueLength,
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, searches ? 'form' : 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit({ desk }, { actor, action, form }) {
    if (action !== 'search') throw new NijoError('action_unknown');
    try {
      const { accountId } = await desk.cases.search(actor, form.get('login_id') ?? '');
      return go(`/desk/accounts/${accountId}`);
    } catch (error) {
      const typed =
        error instanceof NijoError && ['login_id_missing', 'account_unknown'].includes(error.code);
      if (!typed) throw error;
      return redisplay(error.code, 'login_id');
    }
  },
};

import { createTimes } from '../i18n/times.ts';
import { chromeOf, type StaffPage } from './visit.ts';
import { rowOf } from './words.ts';

const path = '/desk/closed';

/** Cases that have ended, the newest first, for the lead and for auditors. */
export const closedPage: StaffPage = {
  path,
  label: 'staff.nav.closed',
  async show(dependencies, visit, shown) {
    const { ctx, locale } = visit;
    const { query } = ctx;
    const asked =
      typeof query.page === 'string' && /^[1-9]\d{0,4}$/.test(query.page) ? Number(query.page) : 1;
    const { cases, page, more } = await dependencies.desk.cases.closed(asked);
    const times = createTimes(dependencies.timeZone);
    dependencies.responder.page(
      ctx,
      'desk-closed',
      {
        cases: cases.map((each) => rowOf(each, times, locale)),
        ...(more ? { earlier: `${path}?page=${page + 1}` } : {}),
        newest: page === 1,
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        url: page === 1 ? path : `${path}?page=${page}`,
      },
    );
  },
};

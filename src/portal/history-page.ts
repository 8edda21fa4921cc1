import { translator } from '../i18n/translate.ts';
import { createTimes } from '../i18n/times.ts';
import { historyText, placeInWords } from './words.ts';
import { chromeOf, type PortalPage } from './visit.ts';

const path = '/account/history';

/** Logins and changes in plain words, newest first. */
export const historyPage: PortalPage = {
  path,
  fresh: false,
  async show(dependencies, visit, shown) {
    const { ctx, locale, session } = visit;
    const t = translator(locale);
    const times = createTimes(dependencies.timeZone);
    const { before } = ctx.query;
    const from = typeof before === 'string' && /^[\w-]{1,64}$/.test(before) ? before : undefined;
    const { rows, next } = await dependencies.activity.history(session.accountId, from);
    dependencies.responder.page(
      ctx,
      'account-history',
      {
        rows: rows.map((row) => ({
          id: row.id,
          at: times.moment(row.at, locale),
          text: historyText(t, row),
          bad: row.result === 'failure',
          where: row.address === null ? '' : placeInWords(dependencies, row.address, locale),
        })),
        ...(next === undefined ? {} : { earlier: `${path}?before=${encodeURIComponent(next)}` }),
        newest: from === undefined,
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(from === undefined ? {} : { url: `${path}?before=${encodeURIComponent(from)}` }),
      },
    );
  },
};

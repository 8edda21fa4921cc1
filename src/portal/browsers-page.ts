import { NijoError } from '../base/errors.ts';
import { takeFlash } from './done.ts';
import { createTimes } from '../i18n/times.ts';
import { placeInWords } from './words.ts';
import { chromeOf, go, type PortalPage, redisplay } from './visit.ts';

const path = '/account/browsers';

/** Browsers that are trusted in place of the second factor, and how to end that trust (R31). */
export const browsersPage: PortalPage = {
  path,
  fresh: false,
  async show(dependencies, visit, shown) {
    const { ctx, locale, overview } = visit;
    const times = createTimes(dependencies.timeZone);
    const done = takeFlash(dependencies.cookies, ctx);
    dependencies.responder.page(
      ctx,
      'account-browsers',
      {
        browsers: overview.trustedBrowsers.map((each) => ({
          id: each.id,
          device: dependencies.describeDevice(each.userAgent, locale),
          place: placeInWords(dependencies, each.address, locale),
          since: times.day(each.createdAt, locale),
          ...(each.lastUsedAt === undefined ? {} : { lastUsed: times.moment(each.lastUsedAt, locale) }),
          until: times.day(each.expiresAt, locale),
        })),
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit(dependencies, visit) {
    const id = visit.form.get('id');
    if (visit.action !== 'end' || id === undefined) return redisplay('action_unknown');
    try {
      await dependencies.secondFactor.trustedBrowsers.end(visit.changer, id);
    } catch (error) {
      // A double click gets the same answer: the trust has already ended.
      if (!(error instanceof NijoError) || error.code !== 'factor_unknown') throw error;
    }
    return go(path, 'trust-ended');
  },
};

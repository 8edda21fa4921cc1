import { takeFlash } from './done.ts';
import { createTimes } from '../i18n/times.ts';
import { placeInWords } from './words.ts';
import { chromeOf, go, type PortalPage, redisplay } from './visit.ts';

const path = '/account/sessions';

/** Every browser in which the user is signed in, and how to end those sessions (C50). */
export const sessionsPage: PortalPage = {
  path,
  fresh: false,
  async show(dependencies, visit, shown) {
    const { ctx, locale, session, overview } = visit;
    const times = createTimes(dependencies.timeZone);
    const sessions = await dependencies.activity.sessions(session.accountId, session);
    const done = takeFlash(dependencies.cookies, ctx);
    dependencies.responder.page(
      ctx,
      'account-sessions',
      {
        sessions: sessions.map((each) => ({
          id: each.id,
          present: each.present,
          device: dependencies.describeDevice(each.userAgent, locale),
          place: placeInWords(dependencies, each.address, locale),
          since: times.moment(each.since, locale),
          lastSeen: times.moment(each.lastSeen, locale),
          services: each.services.map((service) => service[locale]),
        })),
        trustedBrowsers: overview.trustedBrowsers.length,
        timeZone: dependencies.timeZone,
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit(dependencies, visit) {
    const { session } = visit;
    const { origin } = visit.ctx.state;
    if (visit.action === 'end-others') {
      await dependencies.activity.endOthers(session.accountId, session, origin);
      return go(path, 'sessions-ended');
    }
    const id = visit.form.get('id');
    if (visit.action !== 'end' || id === undefined) return redisplay('action_unknown');
    // A double click gets the same answer: the session has already ended.
    await dependencies.activity.endSession(session.accountId, id, origin, session);
    return go(path, 'session-ended');
  },
};

import { takeFlash } from './done.ts';
import { createTimes } from '../i18n/times.ts';
import { chromeOf, go, type PortalPage, redisplay } from './visit.ts';

const path = '/account/services';

/** Services with a grant from the user, and how to revoke it. */
export const servicesPage: PortalPage = {
  path,
  fresh: false,
  async show(dependencies, visit, shown) {
    const { ctx, locale, session } = visit;
    const times = createTimes(dependencies.timeZone);
    const grants = await dependencies.activity.grants(session.accountId);
    const done = takeFlash(dependencies.cookies, ctx);
    dependencies.responder.page(
      ctx,
      'account-services',
      {
        grants: grants.map((grant) => ({
          id: grant.id,
          service: grant.service[locale],
          since: times.moment(grant.since, locale),
          scopes: grant.scopes,
        })),
      },
      {
        ...chromeOf(dependencies, visit, shown, 'link'),
        ...(done === undefined || shown.fault !== undefined ? {} : { notice: done }),
      },
    );
  },
  async submit(dependencies, visit) {
    const id = visit.form.get('id');
    if (visit.action !== 'revoke' || id === undefined) return redisplay('action_unknown');
    const { session } = visit;
    await dependencies.activity.revokeGrant(session.accountId, id, visit.ctx.state.origin, session);
    return go(path, 'grant-revoked');
  },
};

import { openingShown } from '../pages/support.ts';
import { chromeOf, type StaffPage } from './visit.ts';
import { navigationOf } from './navigation.ts';

/** An operator's start page: what can be viewed and set here. */
export const operatorHomePage: StaffPage = {
  path: '/operator',
  label: 'staff.nav.operator',
  async show(dependencies, visit, shown) {
    const opening = await dependencies.desk.calendar.opening();
    dependencies.responder.page(
      visit.ctx,
      'operator-home',
      {
        roles: visit.actor.roles,
        opening: openingShown(opening, visit.locale),
        pages: navigationOf(dependencies.pages(), visit.actor.roles, visit.ctx.path).pages.filter(
          ({ here }) => !here,
        ),
      },
      chromeOf(dependencies, visit, shown, 'link'),
    );
  },
};

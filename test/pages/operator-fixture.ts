import type { StaffFrame, StaffPageModels } from '../../src/pages/staff.ts';

/** What stands on top of every page for staff, of somebody who may do everything. */
export const staffFrame: StaffFrame = {
  roles: ['desk', 'desk-lead', 'auditor', 'operator'],
  pages: [
    { to: '/desk', label: 'staff.nav.queue', here: true },
    { to: '/desk/closed', label: 'staff.nav.closed', here: false },
    { to: '/desk/figures', label: 'staff.nav.figures', here: false },
    { to: '/desk/trail', label: 'staff.nav.trail', here: false },
    { to: '/operator', label: 'staff.nav.operator', here: false },
    { to: '/operator/calendar', label: 'staff.nav.calendar', here: false },
  ],
};

export const operatorModels: Pick<StaffPageModels, 'operator-home'> = {
  'operator-home': {
    opening: { open: false, words: 'Closed now. Opens Monday at 9:00.' },
    pages: staffFrame.pages.filter(({ to }) => /figures|calendar/.test(to)),
    roles: staffFrame.roles,
  },
};

import { accountPage } from './account-page.ts';
import { casePage } from './case-page.ts';
import { closedPage } from './closed-page.ts';
import { calendarPage } from './calendar-page.ts';
import { figuresFile, figuresPage } from './figures-page.ts';
import { operatorHomePage } from './operator-home-page.ts';
import { queuePage } from './queue-page.ts';
import { trailPage } from './trail-page.ts';
import type { StaffPage } from './visit.ts';

/** Every page for staff, in the order of the navigation. Who may see each is in `roles.ts`. */
export const staffPages: readonly StaffPage[] = [
  queuePage,
  accountPage,
  casePage,
  closedPage,
  figuresPage,
  figuresFile,
  trailPage,
  operatorHomePage,
  calendarPage,
];

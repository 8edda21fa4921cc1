import type { MessageKey } from '../i18n/translate.ts';
import type { OperatorCalendarPage } from './calendar.ts';
import type { DeskPageModels } from './desk.ts';
import type { DeskFiguresPage } from './figures.ts';
import type { DeskTrailPage } from './trail.ts';
import type { OpeningShown } from './shared.ts';

/** What was done, shown once at the top of the next page (`notice.…` in the catalogues). */
export const staffNotices = [
  'case-opened',
  'identity-checked',
  'case-approved',
  'case-refused',
  'pass-withdrawn',
  'day-set',
  'day-removed',
] as const;
export type StaffNotice = (typeof staffNotices)[number];

/** The frame of every page for staff: the signed-in member of staff, and the pages their roles include. */
export interface StaffFrame {
  roles: readonly string[];
  pages: readonly { to: string; label: MessageKey; here: boolean }[];
}

/** The model of each page for staff, by the name it carries in `<main data-page>`. */
export interface StaffPageModels extends DeskPageModels {
  /** The centre's figures of a period. */
  'desk-figures': DeskFiguresPage;
  /** Newest acts of the desk. */
  'desk-trail': DeskTrailPage;
  /** Closing days and special openings. */
  'operator-calendar': OperatorCalendarPage;
  /** An operator's start page. */
  'operator-home': { opening: OpeningShown; pages: StaffFrame['pages']; roles: StaffFrame['roles'] };
}

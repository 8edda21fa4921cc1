import type { Translate } from '../i18n/translate.ts';
import { deskHeadings, deskPagesWithForm } from './desk.ts';
import type { StaffPageModels } from './staff.ts';

/** The pages for staff whose only form (`page-form`) is also sent by the language toggle (R45). */
export const staffPagesWithForm: readonly (keyof StaffPageModels)[] = [
  ...deskPagesWithForm,
  'operator-calendar',
];

/** The headings of the pages for staff, which are also the first part of their titles. */
export function staffHeadings(t: Translate): {
  readonly [P in keyof StaffPageModels]: (model: StaffPageModels[P]) => string;
} {
  return {
    ...deskHeadings(t),
    'desk-figures': () => t('figures.title'),
    'operator-calendar': () => t('calendar.title'),
    'desk-trail': () => t('trail.title'),
    'operator-home': () => t('staff.operatorHome.title'),
  };
}

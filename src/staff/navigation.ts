import type { Role } from '../desk/actor.ts';
import type { MessageKey } from '../i18n/translate.ts';
import type { StaffFrame } from '../pages/staff.ts';
import { may } from './roles.ts';

/** A page as the navigation lists it; a page without a label is not listed. */
export interface ListedPage {
  path: string;
  label?: MessageKey;
}

/** The pages that these roles include, in the order in which they are registered. */
export function navigationOf(pages: readonly ListedPage[], roles: readonly Role[], here: string): StaffFrame {
  return {
    roles,
    pages: pages.flatMap(({ path, label }) =>
      label !== undefined && may(roles, 'GET', path) ? [{ to: path, label, here: path === here }] : [],
    ),
  };
}

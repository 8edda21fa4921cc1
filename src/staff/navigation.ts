import type { Role } from '../desk/actor.ts';
import type { StaffFrame } from '../web/staff-pages.ts';
import { may } from './roles.ts';
import type { StaffPage } from './visit.ts';

/** The pages that these roles include, in the order in which they are registered. */
export function navigationOf(
  pages: readonly Pick<StaffPage, 'path' | 'label'>[],
  roles: readonly Role[],
  here: string,
): StaffFrame {
  return {
    roles,
    pages: pages.flatMap(({ path, label }) =>
      label !== undefined && may(roles, 'GET', path) ? [{ to: path, label, here: path === here }] : [],
    ),
  };
}

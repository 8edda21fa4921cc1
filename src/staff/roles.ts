import { type Role, roles as allRoles } from '../desk/actor.ts';

export type StaffMethod = 'GET' | 'POST';

/** One thing that staff can do, and the roles that may do it. */
export interface StaffRule {
  path: string;
  method: StaffMethod;
  roles: readonly Role[];
}

/**
 * Who may do what, in one table (R43, C53). What is not in the table is forbidden: the authorization check
 * reads it at every request, and a page without a row here cannot be registered.
 */
export const staffTable: readonly StaffRule[] = [
  { method: 'GET', path: '/desk', roles: ['desk', 'desk-lead', 'auditor'] },
  { method: 'POST', path: '/desk', roles: ['desk', 'desk-lead'] },
  { method: 'GET', path: '/desk/accounts/:id', roles: ['desk', 'desk-lead'] },
  { method: 'POST', path: '/desk/accounts/:id', roles: ['desk', 'desk-lead'] },
  { method: 'GET', path: '/desk/cases/:id', roles: ['desk', 'desk-lead', 'auditor'] },
  { method: 'POST', path: '/desk/cases/:id', roles: ['desk', 'desk-lead'] },
  { method: 'GET', path: '/desk/closed', roles: ['desk-lead', 'auditor'] },
  { method: 'GET', path: '/desk/figures', roles: ['desk-lead', 'auditor', 'operator'] },
  { method: 'GET', path: '/desk/figures.csv', roles: ['desk-lead', 'auditor', 'operator'] },
  { method: 'GET', path: '/desk/trail', roles: ['desk-lead', 'auditor'] },
  { method: 'GET', path: '/operator', roles: ['operator'] },
  { method: 'GET', path: '/operator/calendar', roles: ['operator', 'desk-lead'] },
  { method: 'POST', path: '/operator/calendar', roles: ['operator', 'desk-lead'] },
];

/** Whether one of these roles may do this; a missing row permits nobody. */
export function may(roles: readonly Role[], method: StaffMethod, path: string): boolean {
  return staffTable.some(
    (rule) => rule.method === method && rule.path === path && rule.roles.some((role) => roles.includes(role)),
  );
}

/** The stored words that are current roles; any other word grants nothing. */
export function rolesOf(stored: readonly string[]): Role[] {
  return allRoles.filter((role) => stored.includes(role));
}

/** The start page for these roles; undefined for a user without roles. */
export function staffHome(roles: readonly Role[]): '/desk' | '/operator' | undefined {
  return (['/desk', '/operator'] as const).find((path) => may(roles, 'GET', path));
}

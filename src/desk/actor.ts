import type { RequestOrigin } from '../audit/audit.ts';

/** The roles of support-centre staff and operators; each permits only what its work needs (R43, C53). */
export const roles = ['desk', 'desk-lead', 'auditor', 'operator'] as const;
export type Role = (typeof roles)[number];

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

/** The member of staff who acts at the desk, as the authorization check established it for this request. */
export interface StaffActor {
  accountId: string;
  loginId: string;
  roles: readonly Role[];
  origin: RequestOrigin;
  /** The page's language; the user is notified in their own language. */
  locale: 'en' | 'ja';
  /**
   * The session behind the page, by every digest under which it may be stored, the present one first. Every
   * page passes it: an act succeeds only while the session exists (S29).
   */
  session?: { uids: readonly string[] };
}

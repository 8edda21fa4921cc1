import type { RequestOrigin } from '../audit/audit.ts';

/** What somebody of the support centre or of operation may do; each has the least that it needs (R43, C53). */
export const roles = ['desk', 'desk-lead', 'auditor', 'operator'] as const;
export type Role = (typeof roles)[number];

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

/** Who acts at the desk, as the door established it at this very request. */
export interface StaffActor {
  accountId: string;
  loginId: string;
  roles: readonly Role[];
  origin: RequestOrigin;
  /** Of the page; the user is told in their own language. */
  locale: 'en' | 'ja';
  /**
   * The session behind the page, by every digest under which it may be stored, the present one first. Every
   * page gives it: what is done has to be done while it lives (S29).
   */
  session?: { uids: readonly string[] };
}

import type { NijoContext } from '../web/context.ts';
import type { Cookies } from '../web/cookies.ts';
import { type StaffNotice, staffNotices } from '../pages/staff.ts';

const cookie = { name: 'nijo-staff-done', root: true };
// The page that shows it follows at once.
const maxAgeSeconds = 60;

/** The notice of a completed act, shown once on the next page; in a signed cookie, which no link can set. */
export function setFlash(cookies: Cookies, ctx: NijoContext, done: StaffNotice): void {
  cookies.write(ctx, cookie, done, { maxAgeSeconds });
}

/** Takes the notice, once. */
export function takeFlash(cookies: Cookies, ctx: NijoContext): StaffNotice | undefined {
  const value = cookies.read(ctx, cookie);
  if (value === undefined) return undefined;
  cookies.clear(ctx, cookie);
  return staffNotices.find((notice) => notice === value);
}

import type { NijoContext } from '../web/context.ts';
import type { Cookies } from '../web/cookies.ts';
import { type StaffNotice, staffNotices } from '../pages/staff.ts';

const cookie = { name: 'nijo-staff-done', root: true };
// The page that says so follows at once.
const maxAgeSeconds = 60;

/** What was done is said once, on the page that follows; by a signed cookie, which no link can bring. */
export function setFlash(cookies: Cookies, ctx: NijoContext, done: StaffNotice): void {
  cookies.write(ctx, cookie, done, { maxAgeSeconds });
}

/** Takes what is to be said, once. */
export function takeFlash(cookies: Cookies, ctx: NijoContext): StaffNotice | undefined {
  const value = cookies.read(ctx, cookie);
  if (value === undefined) return undefined;
  cookies.clear(ctx, cookie);
  return staffNotices.find((notice) => notice === value);
}

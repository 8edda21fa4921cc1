import { type AccountNotice, accountNotices } from '../pages/account.ts';
import type { NijoContext } from '../web/context.ts';
import type { Cookies } from '../web/cookies.ts';
import { frontPath } from './visit.ts';

const cookie = { name: 'nijo-done', root: false };
// The page that says so follows at once.
const maxAgeSeconds = 60;

/**
 * What was done is said once, on the page that follows the form. It goes by a signed cookie and not by
 * the address: a link from elsewhere must not make the page say that something has changed.
 */
export function setFlash(cookies: Cookies, ctx: NijoContext, done: AccountNotice): void {
  cookies.write(ctx, cookie, done, { path: frontPath, maxAgeSeconds });
}

/** Takes what is to be said, once. */
export function takeFlash(cookies: Cookies, ctx: NijoContext): AccountNotice | undefined {
  const value = cookies.read(ctx, cookie);
  if (value === undefined) return undefined;
  cookies.clear(ctx, cookie, frontPath);
  return accountNotices.find((notice) => notice === value);
}

import { type AccountNotice, accountNotices } from '../pages/account.ts';
import type { NijoContext } from '../web/context.ts';
import type { Cookies } from '../web/cookies.ts';
import { frontPath } from './visit.ts';

const cookie = { name: 'nijo-done', root: false };
// The page that shows it follows at once.
const maxAgeSeconds = 60;

/**
 * The notice of a completed change, shown once on the page after the form. It is in a signed cookie, not in
 * the URL: a link from elsewhere must not make the page say that something has changed.
 */
export function setFlash(cookies: Cookies, ctx: NijoContext, done: AccountNotice): void {
  cookies.write(ctx, cookie, done, { path: frontPath, maxAgeSeconds });
}

/** Takes the notice, once. */
export function takeFlash(cookies: Cookies, ctx: NijoContext): AccountNotice | undefined {
  const value = cookies.read(ctx, cookie);
  if (value === undefined) return undefined;
  cookies.clear(ctx, cookie, frontPath);
  return accountNotices.find((notice) => notice === value);
}

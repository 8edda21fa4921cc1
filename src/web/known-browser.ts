import { createHash } from 'node:crypto';
import { newSecret } from '../base/ids.ts';
import type { NijoContext } from './context.ts';
import type { Cookies } from './cookies.ts';

/** Tells a browser that somebody has signed in with before from a new one (D11). It lets nobody in. */
export interface KnownBrowser {
  /** The digest of this browser's lasting cookie, which goes into the database; makes or prolongs the cookie. */
  ensure(ctx: NijoContext): string;
}

const cookie = { name: 'nijo-known', root: true };
const maxAgeSeconds = 180 * 24 * 3600;

export function createKnownBrowser(cookies: Cookies): KnownBrowser {
  return {
    ensure(ctx) {
      const present = cookies.read(ctx, cookie);
      const value = present?.length === 43 ? present : newSecret(32);
      cookies.write(ctx, cookie, value, { maxAgeSeconds });
      return createHash('sha256').update(value).digest('base64url');
    },
  };
}

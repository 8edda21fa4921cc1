import { createHash } from 'node:crypto';
import { newSecret } from '../base/ids.ts';
import type { NijoContext } from './context.ts';
import type { Cookies } from './cookies.ts';

/** Distinguishes a browser used for an earlier sign-in from a new one (D11). It grants no access. */
export interface KnownBrowser {
  /** The digest of this browser's lasting cookie, for the database; creates or prolongs the cookie. */
  ensure(ctx: NijoContext): string;
  /** The digest of the present cookie; undefined where nobody has finished a sign-in with this browser. */
  read(ctx: NijoContext): string | undefined;
}

const cookie = { name: 'nijo-known', root: true };
const maxAgeSeconds = 180 * 24 * 3600;

const digestOf = (value: string): string => createHash('sha256').update(value).digest('base64url');

export function createKnownBrowser(cookies: Cookies): KnownBrowser {
  const present = (ctx: NijoContext): string | undefined => {
    const value = cookies.read(ctx, cookie);
    return value?.length === 43 ? value : undefined;
  };
  return {
    ensure(ctx) {
      const value = present(ctx) ?? newSecret(32);
      cookies.write(ctx, cookie, value, { maxAgeSeconds });
      return digestOf(value);
    },
    read(ctx) {
      const value = present(ctx);
      return value === undefined ? undefined : digestOf(value);
    },
  };
}

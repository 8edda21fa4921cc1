import type { NijoContext, NijoMiddleware } from './context.ts';
import type { Cookies } from './cookies.ts';

/**
 * Only the browser that finished a login's pages goes on with that login. The provider's own cookies
 * name a login, but not whose it is: with one planted in a victim's browser (any sibling host name
 * can do that), an attacker who began the login would otherwise go on with what the victim proved
 * (A27, C21). What this cookie holds is signed and given to that browser alone.
 */
export interface Passage {
  /** Called when the login's pages are done, in the answer that leads on. */
  grant(ctx: NijoContext, uid: string): void;
  /** Lets `/authorize/<uid>` through with a passage; everybody else is sent to the login's pages. */
  guard: NijoMiddleware;
}

const cookie = { name: 'nijo-passage', root: false };
const maxAgeSeconds = 600;

export function createPassage(cookies: Cookies): Passage {
  return {
    grant(ctx, uid) {
      cookies.write(ctx, cookie, uid, { path: `/authorize/${uid}`, maxAgeSeconds });
    },
    guard: async (ctx, next) => {
      const uid = /^\/authorize\/([\w-]+)$/.exec(ctx.path)?.[1];
      if (uid === undefined) return next();
      if (cookies.read(ctx, cookie) === uid) {
        cookies.clear(ctx, cookie, ctx.path);
        return next();
      }
      // Which knows whether this login is finished, whose it is, and where it can be started again.
      ctx.status = 303;
      ctx.redirect(`/interaction/${uid}`);
      return undefined;
    },
  };
}

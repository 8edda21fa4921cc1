import { NijoError } from '../base/errors.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';
import type { CookieHolder, Cookies, CookieSource } from './cookies.ts';
import type { BrowserBinding } from './forms.ts';

/**
 * Only the browser that finished a login's pages can resume that login. The provider's own cookies
 * name a login, but not its browser: a sibling host name can plant them in a victim's browser, and the
 * provider reads only its cookie, whatever the path says (A27, C21). This cookie names the login and, through
 * the `__Host-` cookie that nobody can plant, the browser itself.
 */
export interface ResumeBinding {
  /** Called when the login's pages are done, in the answer that redirects. `browser`: its digest. */
  grant(ctx: CookieHolder, uid: string, browser: string): void;
  /** Whether the pages of this login were finished in the requesting browser. */
  holds(source: CookieSource, uid: string): boolean;
  /** Used once: the login's pages grant another one to a browser that lost the redirect. */
  clear(ctx: CookieHolder, uid: string): void;
}

const cookie = { name: 'nijo-passage', root: false };
const maxAgeSeconds = 600;
const pathOf = (uid: string): string => `/authorize/${uid}`;
const purposeOf = (uid: string): string => `resume:${uid}`;

export function createResumeBinding(options: { cookies: Cookies; browsers: BrowserBinding }): ResumeBinding {
  const { cookies, browsers } = options;
  return {
    grant(ctx, uid, browser) {
      cookies.write(ctx, cookie, browsers.token(browser, purposeOf(uid)), {
        path: pathOf(uid),
        maxAgeSeconds,
      });
    },
    holds: (source, uid) =>
      browsers.holds(browsers.read(source), purposeOf(uid), cookies.read(source, cookie)),
    clear: (ctx, uid) => cookies.clear(ctx, cookie, pathOf(uid)),
  };
}

/**
 * Lets the provider resume a login only when the path, the provider's own cookie and the binding name the
 * same login; otherwise no code of the provider runs.
 * @param options.uidOf the login that a path resumes; undefined for every other path.
 * @param options.resumes the login that the provider would resume, by its own reading of its own cookie.
 */
export function guardResume(options: {
  binding: ResumeBinding;
  uidOf: (path: string) => string | undefined;
  resumes: (ctx: NijoContext) => string | undefined;
}): NijoMiddleware {
  const { binding, uidOf, resumes } = options;
  return async (ctx, next) => {
    const uid = uidOf(ctx.path);
    if (uid === undefined) return next();
    if (!binding.holds(ctx, uid)) {
      // The login's pages know whether this login is finished, whose it is, and where to start it again.
      ctx.redirect(`/interaction/${uid}`);
      ctx.status = 303;
      return undefined;
    }
    const resumed = resumes(ctx);
    // A redirect to the login's pages would loop: they would send the browser here again.
    if (resumed === undefined) throw new NijoError('interaction_expired');
    if (resumed !== uid) throw new NijoError('interaction_foreign');
    binding.clear(ctx, uid);
    return next();
  };
}

import type { CookieHolder, CookieSource } from './cookies.ts';
import type { BrowserBinding } from './forms.ts';
import type { Language } from './language.ts';
import type { ResumeBinding } from './resume-binding.ts';

/** What the protocol may know of the requesting browser; `oidc/provider/resume-check.ts` says why. */
export function createRequestingBrowser(parts: {
  browsers: BrowserBinding;
  binding: ResumeBinding;
  language: Language;
}) {
  const { browsers, binding, language } = parts;
  return {
    digestOf: (ctx: CookieSource) => browsers.read(ctx),
    ensureDigest: (ctx: CookieHolder) => browsers.ensure(ctx),
    mayResume: (ctx: CookieSource, uid: string) => binding.holds(ctx, uid),
    forgetLogin(ctx: CookieHolder, uid: string) {
      language.forget(ctx, `/interaction/${uid}`);
    },
  };
}

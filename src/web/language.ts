import { isLocale, type Locale } from '../i18n/locale.ts';
import { type LocaleSources, negotiateLocale } from '../i18n/negotiate.ts';
import type { NijoContext } from './context.ts';
import type { CookieHolder, Cookies } from './cookies.ts';

/** Chosen by the toggle, for all pages. */
const chosen = { name: 'nijo-lang', root: true };
/** Chosen by the toggle in this login. */
const chosenHere = { name: 'nijo-lang-here', root: false };
/** The language of this login's pages, where the service or the account decided it. */
const shownHere = { name: 'nijo-lang-shown', root: false };
const year = 365 * 24 * 3600;
/** As long as a login may take: cookies for one path each must not accumulate in an open browser. */
const hereSeconds = 2 * 3600;

/** Chooses the language of a page, and remembers the user's choice by the toggle (R45). */
export interface Language {
  /**
   * @param asked the toggle's value in this request (`?lang=` or the button).
   * @param path the path of this login's pages: a choice made here overrides the service's `ui_locales`, and
   *   an error page keeps the language of the page before it. Absent on an error page.
   */
  of(
    ctx: NijoContext,
    known?: {
      asked?: string | undefined;
      uiLocales?: readonly string[];
      profile?: string | undefined;
      path?: string;
    },
  ): Locale;
  /** The language the user has chosen by the toggle, if ever. */
  chosen(ctx: NijoContext): Locale | undefined;
  /** Deletes the remembered language that the user did not choose, for the pages at this path. */
  forget(ctx: CookieHolder, path: string): void;
}

export function createLanguage(options: { cookies: Cookies; fallback: Locale }): Language {
  const { cookies, fallback } = options;
  return {
    of(ctx, known = {}) {
      const { path } = known;
      const query = known.asked ?? (typeof ctx.query.lang === 'string' ? ctx.query.lang : undefined);
      if (isLocale(query)) {
        cookies.write(ctx, chosen, query, { maxAgeSeconds: year });
        if (path !== undefined) cookies.write(ctx, chosenHere, query, { path, maxAgeSeconds: hereSeconds });
      }
      const sources: LocaleSources = {
        query: query ?? cookies.read(ctx, chosenHere),
        cookie: cookies.read(ctx, chosen),
        acceptLanguage: ctx.get('accept-language'),
        fallback,
      };
      // An error page knows neither service nor account: it keeps the language that was shown before.
      const unaided = negotiateLocale({ ...sources, uiLocales: cookies.read(ctx, shownHere) });
      if (path === undefined) return unaided;
      const locale = negotiateLocale({
        ...sources,
        uiLocales: known.uiLocales?.join(' '),
        profile: known.profile,
      });
      if (locale !== unaided) cookies.write(ctx, shownHere, locale, { path, maxAgeSeconds: hereSeconds });
      return locale;
    },
    chosen(ctx) {
      const value = cookies.read(ctx, chosen);
      return isLocale(value) ? value : undefined;
    },
    forget(ctx, path) {
      cookies.clear(ctx, shownHere, path);
    },
  };
}

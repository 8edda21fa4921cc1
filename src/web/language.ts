import { isLocale, type Locale } from '../i18n/locale.ts';
import { type LocaleSources, negotiateLocale } from '../i18n/negotiate.ts';
import type { NijoContext } from './context.ts';
import type { CookieHolder, Cookies } from './cookies.ts';

/** Chosen by the toggle. */
const chosen = { name: 'nijo-lang', root: true };
/** Chosen by the toggle in this very login. */
const chosenHere = { name: 'nijo-lang-here', root: false };
/** What this login's pages were shown in, where the service or the account decided it. */
const shownHere = { name: 'nijo-lang-shown', root: false };
const year = 365 * 24 * 3600;
/** As long as a login may take: cookies of one path each must not gather in a browser that stays open. */
const hereSeconds = 2 * 3600;

/** Which language a page is in, and what a use of the toggle leaves behind (R45). */
export interface Language {
  /**
   * @param asked the toggle's value just now (`?lang=` or the button).
   * @param path where this login's pages lie: a choice made here outlasts the service's `ui_locales`, and a
   *   page that helps after a fault is in the language of the page before it. Absent on such a page.
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
  /** Takes away what was remembered, without anybody's choice, for the pages at this path. */
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
      // A fault's page knows neither service nor account: it goes by what was shown before.
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

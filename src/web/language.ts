import { isLocale, type Locale } from '../i18n/locale.ts';
import { negotiateLocale } from '../i18n/negotiate.ts';
import type { NijoContext } from './context.ts';
import { setCookie } from './forms.ts';

const stored = 'nijo-lang';
const storedHere = 'nijo-lang-here';
const year = 365 * 24 * 3600;

/** Which language a page is in, and what a use of the toggle leaves behind (R45). */
export interface Language {
  /**
   * @param asked the toggle's value just now (`?lang=` or the button).
   * @param path where this login's pages lie: a choice made here outlasts the service's `ui_locales`.
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
}

export function createLanguage(options: { issuer: string; fallback: Locale }): Language {
  const secure = options.issuer.startsWith('https:');
  return {
    of(ctx, known = {}) {
      const query = known.asked ?? (typeof ctx.query.lang === 'string' ? ctx.query.lang : undefined);
      if (isLocale(query)) {
        setCookie(ctx, stored, query, { secure, maxAgeSeconds: year });
        if (known.path !== undefined) setCookie(ctx, storedHere, query, { secure, path: known.path });
      }
      return negotiateLocale({
        query: isLocale(query) ? query : ctx.cookies.get(storedHere),
        uiLocales: known.uiLocales?.join(' '),
        cookie: ctx.cookies.get(stored),
        profile: known.profile,
        acceptLanguage: ctx.get('accept-language'),
        fallback: options.fallback,
      });
    },
    chosen(ctx) {
      const value = ctx.cookies.get(stored);
      return isLocale(value) ? value : undefined;
    },
  };
}

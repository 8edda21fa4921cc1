import { isLocale, type Locale } from './locale.ts';

/** Everything that may say which language somebody reads, strongest first. */
export interface LocaleSources {
  /** `?lang=` or the toggle's button: the person has just asked for it. */
  query?: string | undefined;
  /** OpenID Connect's `ui_locales`: the service asks for it, in order of preference. */
  uiLocales?: string | undefined;
  /** What the toggle stored in this browser. */
  cookie?: string | undefined;
  /** What the account says; known only after the password. */
  profile?: string | undefined;
  acceptLanguage?: string | undefined;
  fallback: Locale;
}

/** The language of a page. Values that name no language of ours are passed over, never an error. */
export function negotiateLocale(sources: LocaleSources): Locale {
  return (
    match(sources.query) ??
    first(sources.uiLocales?.split(/\s+/)) ??
    match(sources.cookie) ??
    match(sources.profile) ??
    first(byQuality(sources.acceptLanguage)) ??
    sources.fallback
  );
}

/** `ja-JP`, `JA` and `ja_JP.UTF-8` all mean `ja`; the primary subtag decides (RFC 4647 lookup). */
function match(tag: string | undefined): Locale | undefined {
  const primary = tag?.trim().toLowerCase().split(/[-_]/)[0];
  return isLocale(primary) ? primary : undefined;
}

function first(tags: readonly string[] | undefined): Locale | undefined {
  for (const tag of tags ?? []) {
    const locale = match(tag);
    if (locale !== undefined) return locale;
  }
  return undefined;
}

/** The tags of an Accept-Language header, best first; a weight of 0 means "not this one". */
function byQuality(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';');
      const weight = parameters.find((parameter) => /^\s*q\s*=/i.test(parameter))?.split('=')[1];
      const quality = weight === undefined ? 1 : Number(weight);
      return { tag, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

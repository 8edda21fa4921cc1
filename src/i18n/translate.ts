import { en, type MessageKey } from './en.ts';
import { ja } from './ja.ts';
import type { Locale } from './locale.ts';
import type { Message, Params } from './message.ts';

export type { MessageKey } from './en.ts';
export type { Params } from './message.ts';

/** Gives the text of a key in one language. */
export interface Translate {
  (key: MessageKey, params?: Params): string;
  readonly locale: Locale;
  /** Whether the catalogues know the key: for texts that only some codes or names have. */
  has(key: string): key is MessageKey;
  /** Whether `params` has every value that the key's text names. */
  complete(key: MessageKey, params: Params): boolean;
}

const catalogues: Readonly<Record<Locale, Readonly<Record<string, Message>>>> = { en, ja };

/**
 * The translator of a language. It throws on an unknown key or a missing value: templates are not
 * type-checked, so the tests that render every page are what finds a slip, and a half-written
 * sentence on a sign-in page is worse than none.
 */
export function translator(locale: Locale): Translate {
  const catalogue = catalogues[locale];
  const plural = new Intl.PluralRules(locale);

  const form = (message: Message, params: Params): string => {
    if (typeof message === 'string') return message;
    return plural.select(Number(params[message.by])) === 'one' ? message.one : message.other;
  };

  const lookUp = (key: string): Message => {
    const message = Object.hasOwn(catalogue, key) ? catalogue[key] : undefined;
    if (message === undefined) throw new Error(`no message "${key}" in the catalogue "${locale}"`);
    return message;
  };

  const translate = (key: MessageKey, params: Params = {}): string =>
    form(lookUp(key), params).replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      if (value === undefined) throw new Error(`message "${key}" needs a value for {${name}}`);
      return String(value);
    });

  return Object.assign(translate, {
    locale,
    has: (key: string): key is MessageKey => Object.hasOwn(catalogue, key),
    complete: (key: MessageKey, params: Params): boolean =>
      placeholders(lookUp(key)).every((name) => Object.hasOwn(params, name)),
  });
}

/** The names a message asks values for, each once, sorted. */
export function placeholders(message: Message): string[] {
  const text = typeof message === 'string' ? message : `${message.one} ${message.other} {${message.by}}`;
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ''))].sort();
}

import { createHash, createHmac } from 'node:crypto';
import { bodyParser } from '@koa/bodyparser';
import { NijoError } from '../base/errors.ts';
import { newSecret } from '../base/ids.ts';
import { equalSecrets } from '../base/sealing.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';
import type { CookieHolder, Cookies, CookieSource } from './cookies.ts';

/** A submitted form: only what a browser's form can send, each field once. */
export type Form = ReadonlyMap<string, string>;

const largestForm = '16kb';

/** Parses `application/x-www-form-urlencoded` and nothing else, within 16 KB. */
export function parseForms(): NijoMiddleware {
  return bodyParser({
    enableTypes: ['form'],
    formLimit: largestForm,
    parsedMethods: ['POST'],
    onError: (error) => {
      const tooLarge = (error as { status?: number }).status === 413;
      throw new NijoError(tooLarge ? 'request_too_large' : 'bad_request', {}, { cause: error });
    },
  });
}

/**
 * The fields of a form. No browser sends a field twice, as a list or as an object, or with NUL: then the
 * whole form is refused, and no part of it is guessed (C45).
 * @throws NijoError `unsupported_media_type`, `bad_request`.
 */
export function readForm(ctx: NijoContext): Form {
  if (ctx.is('application/x-www-form-urlencoded') === false) throw new NijoError('unsupported_media_type');
  const body: unknown = ctx.request.body ?? {};
  const form = new Map<string, string>();
  if (typeof body !== 'object' || body === null) throw new NijoError('bad_request');
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string' || value.includes('\0')) throw new NijoError('bad_request');
    form.set(name, value);
  }
  return form;
}

/** This browser's own secret, in a cookie that no other site can read or set (C21). */
export interface BrowserBinding {
  /** The secret's digest, for the database; creates the cookie when there is none. */
  ensure(ctx: CookieHolder): string;
  /** The digest if the browser has the cookie. */
  read(source: CookieSource): string | undefined;
  /** Token for a form of this browser in this interaction (C23). */
  token(browser: string, purpose: string): string;
  /** Whether `token` was made for this browser and purpose. */
  holds(browser: string | undefined, purpose: string, token: string | undefined): browser is string;
  /** @throws NijoError `form_token_invalid`. */
  check(browser: string | undefined, purpose: string, token: string | undefined): asserts browser is string;
}

const browserCookie = { name: 'nijo-browser', root: true };

/** @param options.keys of the form tokens, newest first: a token of an earlier secret is still valid. */
export function createBrowserBinding(options: { cookies: Cookies; keys: readonly Buffer[] }): BrowserBinding {
  const { cookies, keys } = options;
  // The secret has 256 bits, so its digest needs no key, and stays the same when keys change.
  const digest = (value: string): string => createHash('sha256').update(value).digest('base64url');
  const token = (key: Buffer | undefined, browser: string, purpose: string): string => {
    if (key === undefined) throw new Error('form tokens need a key');
    return createHmac('sha256', key).update(`token:${browser}:${purpose}`).digest('base64url');
  };
  const read = (source: CookieSource): string | undefined => {
    const value = cookies.read(source, browserCookie);
    return value === undefined || value.length !== 43 ? undefined : digest(value);
  };
  // A token from a node that still uses the earlier secret is valid too.
  const holds = (
    browser: string | undefined,
    purpose: string,
    given: string | undefined,
  ): browser is string =>
    browser !== undefined &&
    given !== undefined &&
    keys.some((key) => equalSecrets(token(key, browser, purpose), given));
  return {
    read,
    holds,
    token: (browser, purpose) => token(keys[0], browser, purpose),
    ensure(ctx) {
      const present = read(ctx);
      if (present !== undefined) return present;
      const value = newSecret(32);
      cookies.write(ctx, browserCookie, value);
      return digest(value);
    },
    check(browser, purpose, given) {
      if (!holds(browser, purpose, given)) throw new NijoError('form_token_invalid');
    },
  };
}

/**
 * Refuses a form that another site sends (C23), before anything is read from it. `Sec-Fetch-Site` is set by
 * the browser itself; a browser that does not send it must name our `Origin`, if it names any.
 * @param options.nullOrigin whether `Origin: null` alone is refused too: pages that we do not render cannot
 *   control what a browser sends for them, and carry a token anyway.
 */
export function refuseCrossSite(options: {
  issuer: string;
  nullOrigin: 'refused' | 'accepted';
}): NijoMiddleware {
  const { origin } = new URL(options.issuer);
  return async (ctx, next) => {
    if (ctx.method === 'POST') {
      const site = ctx.get('sec-fetch-site');
      const from = ctx.get('origin');
      const siteRefuses = site !== '' && site !== 'same-origin' && site !== 'none';
      const nullHolds = site === 'same-origin' || options.nullOrigin === 'accepted';
      const originRefuses = from !== '' && from !== origin && !(from === 'null' && nullHolds);
      if (siteRefuses || originRefuses) throw new NijoError('cross_site_request');
    }
    await next();
  };
}

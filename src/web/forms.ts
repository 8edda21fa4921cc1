import { bodyParser } from '@koa/bodyparser';
import { NijoError } from '../base/errors.ts';
import { newSecret } from '../base/ids.ts';
import { equalSecrets, type Sealer } from '../base/sealing.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';

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
 * The fields of a form. A field sent twice, as a list or as an object, or one that holds NUL, is no
 * browser's doing: the whole form is refused rather than a part of it guessed (C45).
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
  /** The secret's digest, which goes into the database; makes the cookie when there is none. */
  ensure(ctx: NijoContext): string;
  /** The digest if the browser has the cookie. */
  read(ctx: NijoContext): string | undefined;
  /** Token for a form of this browser in this interaction (C23). */
  token(browser: string, purpose: string): string;
  /** @throws NijoError `form_token_invalid`. */
  check(browser: string | undefined, purpose: string, token: string | undefined): asserts browser is string;
}

export function createBrowserBinding(options: { sealer: Sealer; issuer: string }): BrowserBinding {
  const secure = options.issuer.startsWith('https:');
  const name = secure ? '__Host-nijo-browser' : 'nijo-browser';
  const digest = (value: string): string =>
    options.sealer.digest('form-token', `browser:${value}`).toString('base64url');
  const token = (browser: string, purpose: string): string =>
    options.sealer.digest('form-token', `token:${browser}:${purpose}`).toString('base64url');
  const read = (ctx: NijoContext): string | undefined => {
    const value = ctx.cookies.get(name);
    return value === undefined || !/^[\w-]{43}$/.test(value) ? undefined : digest(value);
  };
  return {
    token,
    read,
    ensure(ctx) {
      const present = read(ctx);
      if (present !== undefined) return present;
      const value = newSecret(32);
      setCookie(ctx, name, value, { secure });
      return digest(value);
    },
    check(browser, purpose, given) {
      if (browser === undefined || given === undefined || !equalSecrets(token(browser, purpose), given)) {
        throw new NijoError('form_token_invalid');
      }
    },
  };
}

/** Sets a cookie of ours; `Secure` follows the issuer, since TLS may end at a proxy (E5). */
export function setCookie(
  ctx: NijoContext,
  name: string,
  value: string,
  options: { secure: boolean; path?: string; maxAgeSeconds?: number },
): void {
  // `cookies` refuses Secure over what it takes for plain http; the issuer, not a header, decides here.
  ctx.cookies.secure = options.secure;
  ctx.cookies.set(name, value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: options.secure,
    path: options.path ?? '/',
    overwrite: true,
    signed: false,
    ...(options.maxAgeSeconds === undefined ? {} : { maxAge: options.maxAgeSeconds * 1000 }),
  });
}

/**
 * Refuses a form that another site sends (C23), before anything is read from it. `Sec-Fetch-Site` is
 * the browser's own word; without it `Origin` must be ours.
 */
export function refuseCrossSite(options: { issuer: string }): NijoMiddleware {
  const { origin } = new URL(options.issuer);
  return async (ctx, next) => {
    if (ctx.method === 'POST') {
      const site = ctx.get('sec-fetch-site');
      const from = ctx.get('origin');
      const siteRefuses = site !== '' && site !== 'same-origin' && site !== 'none';
      const originRefuses = from !== '' && from !== origin && !(from === 'null' && site === 'same-origin');
      if (siteRefuses || originRefuses) throw new NijoError('cross_site_request');
    }
    await next();
  };
}

import { createHmac } from 'node:crypto';
import { equalSecrets } from '../base/sealing.ts';
import type { NijoContext } from './context.ts';

/** A cookie of ours. `root`: sent to the whole server; otherwise only to the pages of one login. */
export interface CookieKind {
  name: string;
  root: boolean;
}

/** What a cookie is read from. */
export interface CookieSource {
  cookies: { get(name: string, options: { signed: false }): string | undefined };
}

/** What a cookie is written to: any context of Koa, the provider's too. */
export type CookieHolder = Pick<NijoContext, 'cookies'>;

/** Our own cookies, as C22 requires: prefixed, Secure, HttpOnly, SameSite=Lax and signed. */
export interface Cookies {
  /** The value, if the browser sent it with a valid signature. */
  read(ctx: CookieSource, cookie: CookieKind): string | undefined;
  /** Needs `path` unless the cookie is a root one. Without `maxAgeSeconds` it ends with the browser. */
  write(
    ctx: CookieHolder,
    cookie: CookieKind,
    value: string,
    options?: { path?: string; maxAgeSeconds?: number },
  ): void;
  clear(ctx: CookieHolder, cookie: CookieKind, path?: string): void;
}

/**
 * @param options.keys newest first: the first signs, each verifies, so a new secret invalidates no cookie.
 * `Secure` and the name's prefix follow the issuer and no header, since TLS may end at a proxy (E5).
 */
export function createCookies(options: { issuer: string; keys: readonly Buffer[] }): Cookies {
  const secure = options.issuer.startsWith('https:');
  const [newest] = options.keys;
  if (newest === undefined) throw new Error('cookies need a key');
  // `__Host-` needs the path `/`; browsers refuse either prefix without TLS.
  const nameOf = ({ name, root }: CookieKind): string =>
    secure ? `${root ? '__Host-' : '__Secure-'}${name}` : name;
  const sign = (key: Buffer, name: string, value: string): string =>
    createHmac('sha256', key).update(`own-cookie:${name}=${value}`).digest('base64url');

  const set = (
    ctx: CookieHolder,
    cookie: CookieKind,
    value: string | null,
    { path = '/', maxAgeSeconds }: { path?: string; maxAgeSeconds?: number },
  ): void => {
    // The library refuses Secure on a connection that it takes for plain http.
    ctx.cookies.secure = secure;
    ctx.cookies.set(nameOf(cookie), value, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      path: cookie.root ? '/' : path,
      overwrite: true,
      signed: false,
      ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds * 1000 }),
    });
  };

  return {
    read(ctx, cookie) {
      const name = nameOf(cookie);
      const [, value, signature] =
        /^([\w-]{1,100})\.([\w-]{43})$/.exec(ctx.cookies.get(name, { signed: false }) ?? '') ?? [];
      if (value === undefined || signature === undefined) return undefined;
      return options.keys.some((key) => equalSecrets(sign(key, name, value), signature)) ? value : undefined;
    },
    write(ctx, cookie, value, lasting = {}) {
      set(ctx, cookie, `${value}.${sign(newest, nameOf(cookie), value)}`, lasting);
    },
    clear(ctx, cookie, path = '/') {
      set(ctx, cookie, null, { path });
    },
  };
}

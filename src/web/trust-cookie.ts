import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NijoContext } from './context.ts';
import type { CookieKind, Cookies, CookieSource } from './cookies.ts';

/**
 * The cookie of a trusted browser (R31), one for each account: several users of one browser do not
 * end each other's trust, and the name does not reveal the account.
 */
export interface TrustCookie {
  read(ctx: CookieSource, accountId: string): string | undefined;
  /** For the protocol, which sees only the raw request. */
  readRaw(request: IncomingMessage, accountId: string): string | undefined;
  write(ctx: NijoContext, accountId: string, value: string): void;
  clear(ctx: NijoContext, accountId: string): void;
}

/** The longest that any service may allow; the server decides when trust really ends. */
const maxAgeSeconds = 30 * 24 * 3600;
/** More would make every request of a shared computer larger than servers accept. */
const mostPerBrowser = 10;
const ownName = /^(?:__Host-)?(nijo-trust-[\w-]{12})$/;

/** @param options.keys of the names, newest first: a cookie named by an earlier secret is still found. */
export function createTrustCookie(options: { cookies: Cookies; keys: readonly Buffer[] }): TrustCookie {
  const { cookies, keys } = options;
  const kindsOf = (accountId: string): CookieKind[] =>
    keys.map((key) => {
      const name = createHmac('sha256', key).update(`trust-cookie:${accountId}`).digest('base64url');
      return { name: `nijo-trust-${name.slice(0, 12)}`, root: true };
    });
  const read = (source: CookieSource, accountId: string): string | undefined => {
    for (const kind of kindsOf(accountId)) {
      const value = cookies.read(source, kind);
      if (value !== undefined) return value;
    }
    return undefined;
  };

  return {
    read,
    readRaw: (request, accountId) => read(rawSource(request.headers.cookie), accountId),
    write(ctx, accountId, value) {
      const [newest, ...earlier] = kindsOf(accountId);
      if (newest === undefined) throw new Error('cookies of trusted browsers need a key');
      cookies.write(ctx, newest, value, { maxAgeSeconds });
      for (const kind of earlier) if (cookies.read(ctx, kind) !== undefined) cookies.clear(ctx, kind);
      // Browsers send the oldest first (RFC 6265 §5.4): the oldest are deleted.
      const others = namesIn(ctx.get('cookie')).filter((name) => name !== newest.name);
      for (const name of others.slice(0, Math.max(0, others.length - mostPerBrowser + 1)))
        cookies.clear(ctx, { name, root: true });
    },
    clear(ctx, accountId) {
      for (const kind of kindsOf(accountId))
        if (cookies.read(ctx, kind) !== undefined) cookies.clear(ctx, kind);
    },
  };
}

function pairsIn(header: string): [name: string, value: string][] {
  return header.split(';').map((part) => {
    const [name = '', ...value] = part.split('=');
    return [name.trim(), value.join('=').trim()];
  });
}

function namesIn(header: string): string[] {
  return pairsIn(header).flatMap(([name]) => ownName.exec(name)?.[1] ?? []);
}

function rawSource(header = ''): CookieSource {
  // Of two cookies with one name the first counts, as in other servers.
  return { cookies: { get: (name) => pairsIn(header).find(([known]) => known === name)?.[1] } };
}

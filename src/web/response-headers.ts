import helmet from 'helmet';
import type { NijoMiddleware } from './context.ts';

/** Security headers of every answer (C24). Pages need no inline style or script, so none is allowed. */
export function setResponseHeaders(options: { issuer: string }): NijoMiddleware {
  const https = options.issuer.startsWith('https:');
  const apply = helmet({
    contentSecurityPolicy: false,
    crossOriginEmbedderPolicy: false,
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: https ? { maxAge: 63_072_000, includeSubDomains: false } : false,
    xFrameOptions: { action: 'deny' },
  });
  return async (ctx, next) => {
    await new Promise<void>((resolve, reject) => {
      apply(ctx.req, ctx.res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
    ctx.set('Content-Security-Policy', contentSecurityPolicy({ formLeadsAway: false }));
    ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    ctx.set('Cache-Control', 'no-store');
    await next();
  };
}

/**
 * The policy of a page. Chromium and Safari apply `form-action` to every redirect after a form, and this
 * server cannot know what follows a service's callback: further hosts, other ports, an app's own scheme. So a
 * page whose form may begin such a chain of redirects names no targets at all (docs/decisions.md).
 */
export function contentSecurityPolicy({ formLeadsAway }: { formLeadsAway: boolean }): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ...(formLeadsAway ? [] : ["form-action 'self'"]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

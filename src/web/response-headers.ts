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
    ctx.set('Content-Security-Policy', contentSecurityPolicy([]));
    ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
    ctx.set('Cache-Control', 'no-store');
    await next();
  };
}

/**
 * The policy of a page whose form may lead on to these origins. Chromium applies `form-action` to the
 * redirects after a form too, so a login's pages name the service's own origins.
 */
export function contentSecurityPolicy(formActionOrigins: readonly string[]): string {
  const targets = ["'self'", ...new Set(formActionOrigins)].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `form-action ${targets}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

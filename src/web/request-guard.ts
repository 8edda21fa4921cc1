import type { IncomingMessage } from 'node:http';
import type { RequestOrigin } from '../audit/audit.ts';
import { NijoError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { createAddressReader } from './client-address.ts';
import type { NijoMiddleware } from './context.ts';

/**
 * First in the chain: gives each request an id, establishes its address, refuses a foreign Host
 * (C25) and logs one line when it is done. Nothing after it builds a link from a header.
 */
export function guardRequests(options: {
  issuer: string;
  trustedProxies: readonly string[];
  node: string;
  logger: Logger;
  /** Told of each request's origin, for parts that only see the raw request. */
  remember?: (request: IncomingMessage, origin: RequestOrigin) => void;
  observe?: (route: string, method: string, status: number, seconds: number) => void;
}): NijoMiddleware {
  const { host: expectedHost } = new URL(options.issuer);
  const addressOf = createAddressReader(options.trustedProxies);

  return async (ctx, next) => {
    const started = process.hrtime.bigint();
    ctx.state.origin = {
      requestId: newId(),
      address: addressOf(ctx.req.socket.remoteAddress, ctx.get('x-forwarded-for')),
      node: options.node,
    };
    ctx.state.formActionOrigins = [];
    options.remember?.(ctx.req, ctx.state.origin);
    ctx.set('X-Request-Id', ctx.state.origin.requestId);
    try {
      if (!ctx.path.startsWith('/health/'))
        refuseForeignHost(ctx.req.rawHeaders, ctx.req.url ?? '', expectedHost);
      await next();
    } finally {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const route = routeOf(ctx.path);
      // The provider writes to the raw response, so its status is read there.
      const status = ctx.respond === false ? ctx.res.statusCode : ctx.status;
      options.observe?.(route, ctx.method, status, seconds);
      options.logger.info(
        {
          event: 'request',
          requestId: ctx.state.origin.requestId,
          address: ctx.state.origin.address,
          method: ctx.method,
          route,
          status,
          ms: Math.round(seconds * 1e5) / 100,
        },
        'request',
      );
    }
  };
}

function refuseForeignHost(rawHeaders: readonly string[], url: string, expected: string): void {
  const hosts = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host',
  );
  // Two Host headers or an absolute request line let a proxy and us see different hosts.
  if (hosts.length !== 1 || hosts[0]?.toLowerCase() !== expected || !url.startsWith('/'))
    throw new NijoError('host_unknown');
}

const withId = /^\/(interaction|authorize|register)\/[^/]+$/;
const known = new Set([
  '/',
  '/authorize',
  '/token',
  '/userinfo',
  '/jwks',
  '/par',
  '/introspect',
  '/revoke',
  '/register',
  '/device',
  '/logout',
  '/logout/confirm',
  '/logout/success',
  '/.well-known/openid-configuration',
  '/health/live',
  '/health/ready',
]);

/** The pattern of a path: ids are of no use in a log, and a metric must not grow with what strangers ask for. */
function routeOf(path: string): string {
  if (known.has(path)) return path;
  const id = withId.exec(path);
  if (id !== null) return `/${id[1]}/:uid`;
  return path.startsWith('/assets/') ? '/assets' : 'other';
}

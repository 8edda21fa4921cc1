import type { IncomingMessage } from 'node:http';
import type { RequestOrigin } from '../audit/audit.ts';
import { NijoError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { createAddressReader, createNetworkTest } from './client-address.ts';
import type { NijoMiddleware } from './context.ts';
import { namesHost } from './host.ts';
import type { RouteTable } from './route-table.ts';

// A browser can send any User-Agent; this much of it is enough.
const longestUserAgent = 300;

/**
 * First in the chain: gives each request an id, establishes its address and logs one line when it is
 * done. Everything after it has what an error page needs.
 */
export function observeRequests(options: {
  trustedProxies: readonly string[];
  node: string;
  logger: Logger;
  routes: RouteTable;
  /** Receives each request's origin, for parts that only see the raw request. */
  remember?: (request: IncomingMessage, origin: RequestOrigin) => void;
  observe?: (route: string, method: string, status: number, seconds: number) => void;
}): NijoMiddleware {
  const addressOf = createAddressReader(options.trustedProxies);

  return async (ctx, next) => {
    const started = process.hrtime.bigint();
    ctx.state.origin = {
      requestId: newId(),
      address: addressOf(ctx.req.socket.remoteAddress, ctx.get('x-forwarded-for')),
      node: options.node,
      userAgent: ctx.get('user-agent').slice(0, longestUserAgent),
    };
    ctx.state.formLeadsAway = false;
    options.remember?.(ctx.req, ctx.state.origin);
    ctx.set('X-Request-Id', ctx.state.origin.requestId);
    try {
      await next();
    } finally {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const route = options.routes.nameOf(ctx.path);
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

/**
 * Refuses a foreign Host (C25), and requests that reached our proxy without TLS where the issuer uses TLS
 * (A28). Health is requested by address, from inside.
 */
export function guardAddress(options: {
  issuer: string;
  trustedProxies: readonly string[];
  routes: RouteTable;
}): NijoMiddleware {
  const issuer = new URL(options.issuer);
  const isProxy = createNetworkTest(options.trustedProxies);
  return async (ctx, next) => {
    if (options.routes.find(ctx.path)?.health === true) return next();
    refuseForeignHost(ctx.req.rawHeaders, ctx.req.url ?? '', issuer);
    // Whatever the spelling of the request, all later code sees the issuer's own.
    ctx.req.headers.host = issuer.host;
    const [scheme = ''] = ctx.get('x-forwarded-proto').toLowerCase().split(',');
    const inTheClear =
      issuer.protocol === 'https:' && scheme.trim() === 'http' && isProxy(ctx.req.socket.remoteAddress);
    if (!inTheClear) return next();
    // The form has crossed the network in the clear: it is not used.
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') throw new NijoError('bad_request');
    ctx.status = 308;
    ctx.redirect(`${issuer.origin}${ctx.url}`);
    return undefined;
  };
}

function refuseForeignHost(rawHeaders: readonly string[], url: string, issuer: URL): void {
  const hosts = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host',
  );
  // With two Host headers or an absolute request line, a proxy and this server can see different hosts.
  if (hosts.length !== 1 || !namesHost(hosts[0] ?? '', issuer) || !url.startsWith('/'))
    throw new NijoError('host_unknown');
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProviderHandle } from './provider-handle.ts';

const exact: ReadonlySet<string> = new Set([
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
  '/.well-known/oauth-authorization-server',
]);

/** Whether a path belongs to the protocol; everything else is the pages'. */
export function isProtocolPath(path: string): boolean {
  return exact.has(path) || path.startsWith('/authorize/');
}

/** What is needed of the outer application's context. */
interface OuterContext {
  path: string;
  req: IncomingMessage;
  res: ServerResponse;
  respond?: boolean | undefined;
}

/**
 * Hands the protocol's paths to the provider. Headers that were set before (CSP, HSTS …) stay on its
 * answers; the provider adds the hash of its own inline script to the `script-src` it finds there.
 */
export function mountProvider(handle: ProviderHandle) {
  return async (ctx: OuterContext, next: () => Promise<unknown>): Promise<void> => {
    if (!isProtocolPath(ctx.path)) {
      await next();
      return;
    }
    ctx.respond = false;
    await handle.answer(ctx.req, ctx.res);
  };
}

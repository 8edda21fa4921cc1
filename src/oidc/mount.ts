import type { IncomingMessage, ServerResponse } from 'node:http';
import { NijoError } from '../base/errors.ts';
import type { ProviderHandle } from './provider-handle.ts';

const read = ['GET', 'HEAD', 'OPTIONS'];
const write = ['POST', 'OPTIONS'];

/** The protocol's paths and how each may be asked. */
const methods: ReadonlyMap<string, readonly string[]> = new Map([
  ['/authorize', read],
  ['/token', write],
  ['/userinfo', [...read, 'POST']],
  ['/jwks', read],
  ['/par', write],
  ['/introspect', write],
  ['/revoke', write],
  ['/logout', read],
  ['/logout/confirm', write],
  ['/logout/success', read],
  ['/.well-known/openid-configuration', read],
  ['/.well-known/oauth-authorization-server', read],
]);

/** How a path of the protocol may be asked; every other path is the pages'. */
function methodsOf(path: string): readonly string[] | undefined {
  return /^\/authorize\/[^/]+$/.test(path) ? read : methods.get(path);
}

/** What is needed of the outer application's context. */
interface OuterContext {
  path: string;
  method: string;
  set(name: string, value: string): void;
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
    const allowed = methodsOf(ctx.path);
    if (allowed === undefined) {
      await next();
      return;
    }
    if (!allowed.includes(ctx.method)) {
      // The provider would answer with two words of plain text.
      ctx.set('Allow', allowed.join(', '));
      throw new NijoError('method_not_allowed');
    }
    ctx.respond = false;
    await handle.answer(ctx.req, ctx.res);
  };
}

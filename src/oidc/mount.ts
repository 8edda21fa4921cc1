import type { IncomingMessage, ServerResponse } from 'node:http';
import { NijoError } from '../base/errors.ts';
import { endpointAt } from './endpoints.ts';
import type { ProviderHandle } from './provider-handle.ts';

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
 * Hands the protocol's paths to the provider. Headers set earlier (CSP, HSTS …) stay on its answers; the
 * provider adds the hash of its inline script to the existing `script-src`.
 */
export function mountProvider(handle: ProviderHandle) {
  return async (ctx: OuterContext, next: () => Promise<unknown>): Promise<void> => {
    const endpoint = endpointAt(ctx.path);
    if (endpoint === undefined) {
      await next();
      return;
    }
    if (!endpoint.methods.includes(ctx.method)) {
      // The provider would answer with two words of plain text.
      ctx.set('Allow', endpoint.methods.join(', '));
      throw new NijoError('method_not_allowed');
    }
    ctx.respond = false;
    await handle.answer(ctx.req, ctx.res);
  };
}

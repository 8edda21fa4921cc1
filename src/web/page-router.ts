import { Router } from '@koa/router';
import type { NijoState } from './context.ts';

/**
 * A router for pages of ours. Paths are compared as they are written: `/ACCOUNT/mail` or `/account/mail/`
 * is another address than `/account/mail`, and not there. Every guard goes by the same comparison
 * (`route-table.ts`), so no spelling reaches a handler past one. No router is made in another way.
 */
export function createPageRouter(): Router<NijoState> {
  return new Router<NijoState>({ sensitive: true, strict: true });
}

import { Router } from '@koa/router';
import type { NijoState } from './context.ts';

/**
 * A router for pages of ours. Paths are compared exactly: `/ACCOUNT/mail` or `/account/mail/` is another path
 * than `/account/mail`, and is not found. Every guard uses the same comparison (`route-table.ts`), so no
 * spelling reaches a handler without its guard. Every router is created here.
 */
export function createPageRouter(): Router<NijoState> {
  return new Router<NijoState>({ sensitive: true, strict: true });
}

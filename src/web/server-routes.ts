import type { Router } from '@koa/router';
import type { NijoState } from './context.ts';
import type { Language } from './language.ts';
import { createPageRouter } from './page-router.ts';
import type { Responder } from './respond.ts';

/** The routes that monitoring requests, by address and from inside. */
export function healthRoutes(ready: () => boolean): Router<NijoState> {
  const router = createPageRouter();
  router.get('/health/live', async (ctx) => {
    ctx.body = { status: 'live' };
  });
  router.get('/health/ready', async (ctx) => {
    const isReady = ready();
    ctx.status = isReady ? 200 : 503;
    ctx.body = { status: isReady ? 'ready' : 'not ready' };
  });
  return router;
}

/** The page at the server's bare URL. */
export function homeRoutes({
  responder,
  language,
}: {
  responder: Responder;
  language: Language;
}): Router<NijoState> {
  const router = createPageRouter();
  router.get('/', async (ctx) => {
    responder.page(ctx, 'home', {}, { locale: language.of(ctx), url: '/', languageToggle: 'link' });
  });
  return router;
}

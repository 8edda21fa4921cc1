import type { IncomingMessage } from 'node:http';
import Koa from 'koa';
import type { RequestOrigin } from '../audit/audit.ts';
import type { Logger } from '../observe/logger.ts';
import type { Assets } from './assets.ts';
import type { NijoContext, NijoMiddleware, NijoState } from './context.ts';
import { parseForms, readForm, refuseCrossSite } from './forms.ts';
import type { Language } from './language.ts';
import type { Passage } from './passage.ts';
import { guardAddress, observeRequests } from './request-guard.ts';
import { catchFaults, type Responder } from './respond.ts';
import { setResponseHeaders } from './response-headers.ts';

export interface ApplicationParts {
  issuer: string;
  trustedProxies: readonly string[];
  node: string;
  logger: Logger;
  responder: Responder;
  language: Language;
  assets: Assets;
  ready: () => boolean;
  remember?: (request: IncomingMessage, origin: RequestOrigin) => void;
  observe?: (route: string, method: string, status: number, seconds: number) => void;
  /** Routes of our own pages: they get parsed forms, and refuse forms of other sites. */
  pages: readonly NijoMiddleware[];
  passage: Passage;
  /** The protocol, last in the chain: whatever is no page of ours. */
  protocol: NijoMiddleware;
}

/** The one Koa application, from the outermost check to the provider. */
export function createApplication(parts: ApplicationParts): Koa {
  const app = new Koa<NijoState>();
  app.proxy = false;
  // Koa would print to the terminal, past the log and its redaction.
  app.on('error', (error: unknown) => logUnanswered(parts.logger, error));
  app.use(setResponseHeaders({ issuer: parts.issuer }));
  app.use(observeRequests(parts));
  app.use(catchFaults(parts));
  app.use(guardAddress(parts));
  app.use(health(parts.ready));
  app.use(assets(parts.assets));
  const forms = parseForms();
  const crossSite = refuseCrossSite({ issuer: parts.issuer, nullOrigin: 'refused' });
  // The provider posts to it from a page of its own too, which has a token.
  const crossSiteSignOut = refuseCrossSite({ issuer: parts.issuer, nullOrigin: 'accepted' });
  app.use(async (ctx, next) => {
    // The provider reads its own bodies; only our pages' forms are parsed here.
    if (/^\/(?:interaction\/|(?:account|desk|operator|help)(?:\/|$))/.test(ctx.path))
      await crossSite(ctx, () => forms(ctx, next));
    else if (ctx.path === '/logout/confirm') await crossSiteSignOut(ctx, next);
    // Its own page sends no referrer, so some browsers call its origin null; its form has a token.
    else if (ctx.path.startsWith('/not-me/')) await crossSiteSignOut(ctx, () => forms(ctx, next));
    else if (ctx.method === 'POST' && requestsOfServices.has(ctx.path)) await forms(ctx, () => askByGet(ctx));
    else await next();
  });
  for (const page of parts.pages) app.use(page);
  app.use(home(parts));
  app.use(parts.passage.guard);
  app.use(parts.protocol);
  return app;
}

/** A browser that went away, or took too long, is no fault of ours; everything else must be seen. */
function logUnanswered(logger: Logger, error: unknown): void {
  const { code } = (error ?? {}) as { code?: unknown };
  const gone =
    typeof code === 'string' && /^(ECONN|EPIPE|ECANCELED|ERR_HTTP_REQUEST_TIMEOUT|HPE_)/.test(code);
  if (gone) logger.info({ event: 'browser.gone', code });
  else logger.error({ event: 'unanswered', err: error }, 'a request ended without an answer');
}

const requestsOfServices: ReadonlySet<string> = new Set(['/authorize', '/logout']);

/**
 * A service may send its request by POST too (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
 * The session's cookie is SameSite=Lax and does not come with it: it does with the GET that follows.
 */
async function askByGet(ctx: NijoContext): Promise<void> {
  const parameters = new URLSearchParams([...readForm(ctx)]);
  ctx.status = 303;
  ctx.redirect(`${ctx.path}?${parameters.toString()}`);
}

function health(ready: () => boolean): NijoMiddleware {
  return async (ctx, next) => {
    if (ctx.path === '/health/live') {
      ctx.body = { status: 'live' };
    } else if (ctx.path === '/health/ready') {
      ctx.status = ready() ? 200 : 503;
      ctx.body = { status: ready() ? 'ready' : 'not ready' };
    } else {
      await next();
    }
  };
}

function assets(files: Assets): NijoMiddleware {
  return async (ctx, next) => {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.find(ctx.path) : undefined;
    if (file === undefined) {
      await next();
      return;
    }
    ctx.type = file.type;
    // The name changes with the content.
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
    ctx.body = file.body;
  };
}

function home(parts: ApplicationParts): NijoMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== '/' || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) {
      await next();
      return;
    }
    parts.responder.page(
      ctx,
      'home',
      {},
      { locale: parts.language.of(ctx), url: '/', languageToggle: 'link' },
    );
  };
}

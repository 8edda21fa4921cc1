import type { IncomingMessage } from 'node:http';
import Koa from 'koa';
import type { RequestOrigin } from '../audit/audit.ts';
import type { Logger } from '../observe/logger.ts';
import type { Assets } from './assets.ts';
import type { NijoContext, NijoMiddleware, NijoState } from './context.ts';
import { parseForms, readForm, refuseCrossSite } from './forms.ts';
import { paceRequests } from './pace.ts';
import { guardAddress, observeRequests } from './request-guard.ts';
import { catchFaults, type Responder } from './respond.ts';
import { setResponseHeaders } from './response-headers.ts';
import type { PostRule, RouteTable } from './route-table.ts';

export interface ApplicationParts {
  issuer: string;
  trustedProxies: readonly string[];
  node: string;
  logger: Logger;
  responder: Responder;
  assets: Assets;
  /** Tells every guard what kind of route a path is. */
  routes: RouteTable;
  /** What counts as one source of requests. */
  networkOf: (address: string) => string;
  remember?: (request: IncomingMessage, origin: RequestOrigin) => void;
  observe?: (route: string, method: string, status: number, seconds: number) => void;
  /** The routers of our own pages. */
  pages: readonly NijoMiddleware[];
  /** Decides which browser may resume a login at the provider. */
  resumeGuard: NijoMiddleware;
  /** The protocol, last in the chain: every path that is not a page of ours. */
  protocol: NijoMiddleware;
}

/** The one Koa application, from the outermost check to the provider. */
export function createApplication(parts: ApplicationParts): Koa {
  const app = new Koa<NijoState>();
  app.proxy = false;
  // Koa would print to the terminal and bypass the log and its redaction.
  app.on('error', (error: unknown) => logUnanswered(parts.logger, error));
  app.use(setResponseHeaders({ issuer: parts.issuer }));
  app.use(observeRequests(parts));
  app.use(catchFaults(parts));
  app.use(guardAddress(parts));
  app.use(assets(parts.assets));
  app.use(paceRequests(parts.networkOf));
  app.use(checkForms(parts));
  for (const page of parts.pages) app.use(page);
  app.use(parts.resumeGuard);
  app.use(parts.protocol);
  return app;
}

/** Refuses forms of other sites and parses our own, by the rule that the route table has for a path. */
function checkForms({ issuer, routes }: ApplicationParts): NijoMiddleware {
  const forms = parseForms();
  const ofOwnPages = refuseCrossSite({ issuer, nullOrigin: 'refused' });
  // Pages that send no referrer, and the provider's own: some browsers send `Origin: null`. Each has a token.
  const ofTokenPages = refuseCrossSite({ issuer, nullOrigin: 'accepted' });
  const rules: Readonly<Record<PostRule, NijoMiddleware>> = {
    page: (ctx, next) => ofOwnPages(ctx, () => forms(ctx, next)),
    'linked-page': (ctx, next) => ofTokenPages(ctx, () => forms(ctx, next)),
    'provider-page': ofTokenPages,
    'service-request': (ctx, next) => (ctx.method === 'POST' ? forms(ctx, () => askByGet(ctx)) : next()),
    endpoint: (_, next) => next(),
  };
  return (ctx, next) => {
    const route = routes.find(ctx.path);
    return route === undefined ? next() : rules[route.post](ctx, next);
  };
}

/** A browser that disconnected or timed out is not our error; every other error is logged as one. */
function logUnanswered(logger: Logger, error: unknown): void {
  const { code } = (error ?? {}) as { code?: unknown };
  const gone =
    typeof code === 'string' && /^(ECONN|EPIPE|ECANCELED|ERR_HTTP_REQUEST_TIMEOUT|HPE_)/.test(code);
  if (gone) logger.info({ event: 'browser.gone', code });
  else logger.error({ event: 'unanswered', err: error }, 'a request ended without an answer');
}

/**
 * A service may send its request by POST too (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). The
 * session's cookie is SameSite=Lax: the browser does not send it with the POST, but with the GET that
 * follows.
 */
async function askByGet(ctx: NijoContext): Promise<void> {
  const parameters = new URLSearchParams([...readForm(ctx)]);
  ctx.status = 303;
  ctx.redirect(`${ctx.path}?${parameters.toString()}`);
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

import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { RequestOrigin } from '../../audit/audit.ts';
import type { Logger } from '../../observe/logger.ts';
import type { ServiceName } from '../../login/ports.ts';
import { replaceOnwardForm } from '../onward-form.ts';
import type { OidcPages } from '../pages.ts';
import { WriteConflict } from '../storage/payload-store.ts';
import type { UnitsOfWork } from '../storage/units.ts';

export interface RequestScopeDeps {
  units: UnitsOfWork;
  pages: OidcPages;
  logger: Logger;
  /** A client's name in the languages of the pages. */
  nameOf: (clientId: string) => Promise<ServiceName>;
  /** Deletes the browser's cookies of a login that was ended to make room for a newer one. */
  forgetLogin(ctx: KoaContextWithOIDC, uid: string): void;
  /** The origin of the request, for the audit trail. */
  originOf(req: IncomingMessage): RequestOrigin | undefined;
}

type Context = KoaContextWithOIDC;

/** The Retry-After of a 503 answer, in seconds. */
const retryAfterSeconds = 5;

const browserRoutes: ReadonlySet<string> = new Set([
  'authorization',
  'resume',
  'end_session',
  'end_session_confirm',
  'end_session_success',
]);

// No route matched: `ctx.oidc` exists only behind a matched route.
const routeOf = (ctx: Context): string | undefined => (ctx.oidc as Context['oidc'] | undefined)?.route;

/** Discards the answer that the provider prepared; headers of the outer application stay. */
function takeBack(ctx: Context): void {
  for (const header of ['Set-Cookie', 'Location', 'WWW-Authenticate']) ctx.remove(header);
  ctx.body = null;
  ctx.set('Cache-Control', 'no-store');
}

async function answer(
  ctx: Context,
  pages: OidcPages,
  status: number,
  error: string,
  description: string,
): Promise<void> {
  takeBack(ctx);
  if (browserRoutes.has(routeOf(ctx) ?? '')) {
    ctx.status = status;
    await pages.error(ctx, { error, description, status });
  } else {
    ctx.body = { error, error_description: description };
  }
  ctx.status = status;
}

/** The database is unreachable: nothing was written, and the answer must not suggest otherwise. */
async function answerUnavailable(ctx: Context, pages: OidcPages): Promise<void> {
  await answer(
    ctx,
    pages,
    503,
    'temporarily_unavailable',
    'the server cannot answer just now, please try again',
  );
  ctx.set('Retry-After', String(retryAfterSeconds));
}

/** Another request was first: this one has written nothing. */
async function answerLost(ctx: Context, pages: OidcPages): Promise<void> {
  const route = routeOf(ctx);
  if (ctx.method === 'GET' && browserRoutes.has(route ?? '')) {
    // The same request, sent again, meets the other request's result and is answered by it.
    takeBack(ctx);
    ctx.status = 303;
    ctx.set('Location', `${ctx.path}${ctx.search}`);
    return;
  }
  if (route === 'token') await answer(ctx, pages, 400, 'invalid_grant', 'grant request is invalid');
  else await answer(ctx, pages, 400, 'invalid_request', 'the request was ended meanwhile');
}

/**
 * The outermost middleware of the provider: one unit of work per request, written after everything else has
 * run and before the first byte is sent (the provider is the Koa application that answers).
 */
export function requestScope(deps: RequestScopeDeps) {
  const { units, pages, logger } = deps;
  return async (ctx: Context, next: () => Promise<void>): Promise<void> => {
    const unit = units.create();
    await units.inside(unit, async () => {
      try {
        await next();
      } catch (error) {
        unit.fail(error);
      }
      try {
        const failure = unit.failure();
        if (failure?.unavailable === true) throw failure.cause;
        if (failure !== undefined) {
          // An internal error must not use up a code or end a session (traps, performance.md).
          logger.error({ event: 'oidc.failed', route: routeOf(ctx), err: failure.cause });
          ctx.remove('Set-Cookie');
          if (ctx.status < 400 && ctx.status !== 303)
            await answer(ctx, pages, 500, 'server_error', 'unexpected');
          return;
        }
        // Changes made by an error answer (a revocation after reuse) are written like any others.
        await unit.flush(deps.originOf(ctx.req));
        for (const uid of unit.endedLogins()) deps.forgetLogin(ctx, uid);
        if (routeOf(ctx) !== undefined) await replaceOnwardForm(ctx, pages, deps.nameOf);
      } catch (error) {
        if (error instanceof WriteConflict) {
          logger.info({ event: 'oidc.lost-race', route: routeOf(ctx) });
          await answerLost(ctx, pages);
        } else {
          logger.error({ event: 'oidc.unavailable', route: routeOf(ctx), err: error });
          await answerUnavailable(ctx, pages);
        }
      } finally {
        units.close(unit);
      }
    });
  };
}

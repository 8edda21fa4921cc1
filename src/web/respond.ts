import { type ErrorCode, NijoError } from '../base/errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';
import type { Language } from './language.ts';
import type { Chrome, PageModels, PageName } from '../pages/pages.ts';
import type { Renderer } from './render.ts';
import { contentSecurityPolicy } from './response-headers.ts';

/** Answers with a page. The only place that turns a page into a response. */
export interface Responder {
  page<Name extends PageName>(
    ctx: NijoContext,
    name: Name,
    model: PageModels[Name],
    chrome: Chrome,
    status?: number,
  ): void;
  /** The error page: what happened, what to do, whom to ask (R33, R46). */
  error(ctx: NijoContext, error: NijoError, more?: Partial<PageModels['error']>): void;
}

// A fault that is temporary: database, hashing queue.
const soonSeconds = 5;

export function createResponder(options: { renderer: Renderer; language: Language }): Responder {
  const responder: Responder = {
    page(ctx, name, model, chrome, status = 200) {
      const html = options.renderer.page(name, model, chrome);
      ctx.status = status;
      ctx.type = 'html';
      ctx.set('Content-Language', chrome.locale);
      ctx.set('Content-Security-Policy', contentSecurityPolicy({ formLeadsAway: ctx.state.formLeadsAway }));
      ctx.set('Cache-Control', 'no-store');
      ctx.body = html;
    },
    error(ctx, error, more = {}) {
      const retryAfter = error.details.retryAfterSeconds ?? (error.status === 503 ? soonSeconds : undefined);
      if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
      const model = {
        code: error.code,
        reference: ctx.state.origin.requestId.slice(0, 8).toUpperCase(),
        // Nothing is lost: the same URL shows the login's present page.
        ...(error.status === 503 ? { tryAgain: ownAddress(ctx) } : {}),
        ...more,
      };
      const url = ownAddress(ctx);
      // The error page has no form, whatever the failed page would have had.
      ctx.state.formLeadsAway = false;
      const chrome: Chrome = { locale: options.language.of(ctx), url, languageToggle: 'link' };
      responder.page(ctx, 'error', model, chrome, error.status);
    },
  };
  return responder;
}

/** The URL that shows this page again by GET; what a form sent is not part of it. */
export function ownAddress(ctx: NijoContext): string {
  if (ctx.method !== 'GET' || ctx.path.startsWith('/interaction/')) return ctx.path;
  const query = new URLSearchParams(ctx.querystring);
  query.delete('lang');
  return query.size === 0 ? ctx.path : `${ctx.path}?${query.toString()}`;
}

const codeOfStatus = new Map<number, ErrorCode>([
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [413, 'request_too_large'],
  [415, 'unsupported_media_type'],
]);

// Connection errors of the database, by SQLSTATE class or by Node's own codes: a retry soon may succeed.
const unavailable = /^(08|0A000|25006|40P01|40001|53|55P03|57|E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_))/;
// The same by the messages of `pg`, Kysely and PGlite, which give no code.
const unavailableWords =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|not queryable|after calling end on the pool|driver has already been destroyed|PGlite is closed/i;

/** Converts any thrown value to a coded fault; an unforeseen one is `internal_error`. */
export function asNijoError(error: unknown): NijoError {
  if (error instanceof NijoError) return error;
  const { code, status, message } = (error ?? {}) as { code?: unknown; status?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if ((typeof code === 'string' && unavailable.test(code)) || unavailableWords.test(text)) {
    return new NijoError('temporarily_unavailable', {}, { cause: error });
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new NijoError(codeOfStatus.get(status) ?? 'bad_request', {}, { cause: error });
  }
  return new NijoError('internal_error', {}, { cause: error });
}

/** Catches every fault of the routes below: one page for the user, one line for the operator. */
export function catchFaults(options: { responder: Responder; logger: Logger }): NijoMiddleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false)
        throw new NijoError('not_found');
    } catch (thrown) {
      const error = asNijoError(thrown);
      // A browser that disconnected in the middle of a request made no error, and sees no page.
      const gone = error.status < 500 && ctx.req.destroyed && !ctx.req.complete;
      const line = {
        event: gone ? 'browser.gone' : 'fault',
        code: error.code,
        requestId: ctx.state.origin.requestId,
        status: error.status,
        details: error.details,
      };
      if (error.status >= 500) options.logger.error({ ...line, err: error.cause ?? error }, error.code);
      else options.logger.info(line, error.code);
      // A failed request must not leave cookies in the browser.
      if (error.status >= 500) ctx.remove('Set-Cookie');
      options.responder.error(ctx, error);
    }
  };
}

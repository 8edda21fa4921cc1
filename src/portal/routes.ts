import type { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type Form, readForm } from '../web/forms.ts';
import { plainParams } from '../web/own-pages.ts';
import { createPageRouter } from '../web/page-router.ts';
import type { Fault } from '../pages/pages.ts';
import { ownAddress } from '../web/respond.ts';
import type { PortalDependencies } from './dependencies.ts';
import { setFlash } from './done.ts';
import { frontPage } from './front-page.ts';
import { portalPages } from './pages.ts';
import {
  type Decision,
  frontPath,
  hasFactor,
  isFresh,
  type PortalPage,
  redirect,
  tokenPurpose,
  type PageRequest,
} from './visit.ts';
import type { OwnSession } from '../web/own-session.ts';

/** Where our own login returns to. */
export const signedInPath = '/account/signed-in';

/**
 * The user's own page. Every page of the list passes the same authorization check: viewing needs a second
 * factor; sending a form, or viewing a page that begins a change, needs a sign-in of the last minutes (C14).
 * A new page cannot bypass it.
 */
export function portalRoutes(
  dependencies: PortalDependencies,
  pages: readonly PortalPage[] = portalPages,
): Router<NijoState> {
  const router = createPageRouter();
  router.get(signedInPath, (ctx) => handleCallback(dependencies, ctx));
  for (const page of pages) {
    router.get(page.path, (ctx) => handleGet(dependencies, ctx, page));
    if (page.submit !== undefined) router.post(page.path, (ctx) => handlePost(dependencies, ctx, page));
  }
  return router;
}

/** Returns from our own login to the page that the user requested. */
async function handleCallback(dependencies: PortalDependencies, ctx: NijoContext): Promise<void> {
  const { state, error } = ctx.query;
  const wanted = dependencies.sessions.returnPath(typeof state === 'string' ? state : undefined) ?? frontPath;
  if (error === undefined) return redirect(ctx, wanted);
  // Cancelled: another login at once would trap the user. A signed-in user still sees the own page.
  const session = await dependencies.sessions.read(ctx.req, ctx.res);
  redirect(ctx, session !== undefined && hasFactor(session) ? frontPath : '/');
}

async function handleGet(
  dependencies: PortalDependencies,
  ctx: NijoContext,
  page: PortalPage,
): Promise<void> {
  const session = await dependencies.sessions.read(ctx.req, ctx.res);
  if (session === undefined || !hasFactor(session) || (page.fresh && !isFresh(session)))
    return signIn(dependencies, ctx, ownAddress(ctx), page.fresh);
  const visit = await loadPageRequest(dependencies, ctx, session);
  await show(dependencies, visit, page);
}

async function handlePost(
  dependencies: PortalDependencies,
  ctx: NijoContext,
  page: PortalPage,
): Promise<void> {
  const form = readForm(ctx);
  const session = await dependencies.sessions.read(ctx.req, ctx.res);
  // Nothing is changed yet: after the sign-in the page is shown again, and its form must be sent again.
  if (session === undefined || !hasFactor(session)) return signIn(dependencies, ctx, ctx.path, true);
  dependencies.browsers.check(dependencies.browsers.read(ctx), tokenPurpose(session), form.get('csrf'));
  const action = form.get('action') ?? 'continue';
  const toggled = form.has('lang');
  if (!isFresh(session) && (page.fresh || !toggled)) {
    return action === 'cancel' ? redirect(ctx, frontPath) : signIn(dependencies, ctx, ctx.path, true);
  }
  const visit = await loadPageRequest(dependencies, ctx, session, form.get('lang'));
  // The toggle shows the same page in the other language, with what was typed (R45), and does nothing else.
  if (toggled) return show(dependencies, visit, page, { typed: form });
  if (action === 'cancel') return redirect(ctx, frontPath);
  const decision = await submit(dependencies, visit, page, form, action);
  if (decision.kind === 'answered') return;
  if (decision.kind === 'stay')
    return show(dependencies, visit, page, { typed: form, fault: decision.fault });
  if (decision.done !== undefined) setFlash(dependencies.cookies, ctx, decision.done);
  redirect(ctx, decision.to);
}

/** A refused change is shown as a fault on the page the user is on. */
async function submit(
  dependencies: PortalDependencies,
  visit: PageRequest,
  page: PortalPage,
  form: Form,
  action: string,
): Promise<Decision> {
  if (page.submit === undefined) throw new NijoError('method_not_allowed');
  try {
    return await page.submit(dependencies, { ...visit, form, action });
  } catch (error) {
    return { kind: 'stay', fault: faultOf(error) };
  }
}

async function show(
  dependencies: PortalDependencies,
  visit: PageRequest,
  page: PortalPage,
  shown: { fault?: Fault; typed?: Form } = {},
): Promise<void> {
  const { ctx } = visit;
  try {
    // What was read before does not contain the form's change.
    await page.show(dependencies, visit, shown);
  } catch (error) {
    // The page's subject is gone, or cannot be changed now: the front page says so, and shows what is set up.
    const fault = shown.fault ?? faultOf(error);
    await frontPage.show(dependencies, visit, { fault });
    ctx.status = new NijoError(fault.code).status;
    return;
  }
  if (shown.fault === undefined) return;
  const error = new NijoError(shown.fault.code, shown.fault.details);
  ctx.status = error.status;
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
}

// Codes that answer a request that no page of ours makes, and not a user's change.
const foreign: ReadonlySet<string> = new Set(['not_found', 'bad_request', 'form_token_invalid']);

/** @throws any error that is not a fault of the user's form; it has a page of its own. */
function faultOf(error: unknown): Fault {
  if (!(error instanceof NijoError) || error.status >= 500 || foreign.has(error.code)) throw error;
  return { code: error.code, details: error.details };
}

function signIn(dependencies: PortalDependencies, ctx: NijoContext, returnTo: string, fresh: boolean): void {
  redirect(ctx, dependencies.sessions.signInUrl(returnTo, { fresh, locale: dependencies.language.of(ctx) }));
}

/** The signed-in user, and what is set up. */
async function loadPageRequest(
  dependencies: PortalDependencies,
  ctx: NijoContext,
  session: OwnSession,
  asked?: string,
): Promise<PageRequest> {
  const overview = await dependencies.secondFactor.overview(session.accountId);
  if (overview === undefined) throw new NijoError('not_found');
  const locale = dependencies.language.of(ctx, {
    asked,
    profile: overview.account.locale,
    path: frontPath,
  });
  const browser = dependencies.browsers.ensure(ctx);
  return {
    ctx,
    session,
    browser,
    locale,
    overview,
    params: plainParams(ctx),
    changer: {
      accountId: session.accountId,
      browser,
      sessionUid: session.uid,
      sessionUids: session.uidDigests,
      authTime: session.authTime,
      origin: ctx.state.origin,
      locale,
      device: dependencies.describeDevice(ctx.get('user-agent'), locale),
    },
  };
}

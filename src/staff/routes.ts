import type { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import { acrValues } from '../factors/assurance.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type Form, readForm } from '../web/forms.ts';
import { plainParams } from '../web/own-pages.ts';
import { createPageRouter } from '../web/page-router.ts';
import type { Fault } from '../pages/pages.ts';
import { ownAddress } from '../web/respond.ts';
import type { StaffDependencies } from './dependencies.ts';
import { setFlash } from './done.ts';
import { staffPages } from './pages.ts';
import { may, rolesOf, staffHome, type StaffMethod, staffTable } from './roles.ts';
import {
  type Decision,
  hasStaffFactor,
  redirect,
  type Shown,
  type StaffPage,
  type StaffRequest,
  tokenPurpose,
} from './visit.ts';

/** Where our own login returns to. */
export const signedInPath = '/desk/signed-in';

type Door = Omit<StaffDependencies, 'pages'>;

/**
 * The pages for staff. Every page passes the same authorization check, and what the table does not name is
 * refused (C53). The check requires a recent staff sign-in with more than a mailed code; an active account;
 * a role of the table, read from the database for this request; and for a form the token of this session.
 * @throws when a page, or its form, has no row in the table.
 */
export function staffRoutes(door: Door, pages: readonly StaffPage[] = staffPages): Router<NijoState> {
  const dependencies: StaffDependencies = { ...door, pages: () => pages };
  const router = createPageRouter();
  router.get(signedInPath, (ctx) => handleCallback(dependencies, ctx));
  for (const page of pages) {
    inTable('GET', page);
    router.get(page.path, (ctx) => handleGet(dependencies, ctx, page));
    if (page.submit === undefined) continue;
    inTable('POST', page);
    router.post(page.path, (ctx) => handlePost(dependencies, ctx, page));
  }
  return router;
}

function inTable(method: StaffMethod, { path }: StaffPage): void {
  if (!staffTable.some((rule) => rule.path === path && rule.method === method))
    throw new Error(`${method} ${path} has no row in the table of staff roles`);
}

/** Returns from our own login to the page that the member of staff requested. */
async function handleCallback(dependencies: StaffDependencies, ctx: NijoContext): Promise<void> {
  const { sessions, directory } = dependencies;
  const { state, error } = ctx.query;
  const wanted = sessions.returnPath(typeof state === 'string' ? state : undefined);
  // No factor of this account is strong enough: another login would loop (R32).
  if (error === 'unmet_authentication_requirements') return factorNeeded(dependencies, ctx);
  // Cancelled: another login at once would trap the user.
  if (error !== undefined) return redirect(ctx, '/');
  if (wanted !== undefined) return redirect(ctx, wanted);
  const session = await sessions.read(ctx.req, ctx.res);
  const person = session === undefined ? undefined : await directory.find(session.accountId);
  redirect(ctx, staffHome(rolesOf(person?.roles ?? [])) ?? '/');
}

async function handleGet(dependencies: StaffDependencies, ctx: NijoContext, page: StaffPage): Promise<void> {
  const visit = await authorize(dependencies, ctx, page, 'GET', { returnTo: ownAddress(ctx) });
  if (visit !== undefined) await show(dependencies, visit, page);
}

async function handlePost(dependencies: StaffDependencies, ctx: NijoContext, page: StaffPage): Promise<void> {
  const form = readForm(ctx);
  // After a sign-in the page is shown again, and its form must be sent again: nothing is changed before that.
  const visit = await authorize(dependencies, ctx, page, 'POST', {
    returnTo: ctx.path,
    asked: form.get('lang'),
  });
  if (visit === undefined) return;
  dependencies.browsers.check(dependencies.browsers.read(ctx), tokenPurpose(visit.session), form.get('csrf'));
  // The toggle shows the same page in the other language, with what was typed (R45), and does nothing else.
  if (form.has('lang')) return show(dependencies, visit, page, { typed: form });
  const decision = await submit(dependencies, visit, page, form);
  if (decision.kind === 'answered') return;
  if (decision.kind === 'stay') {
    await show(dependencies, visit, page, { typed: form, fault: decision.fault });
    return;
  }
  if (decision.done !== undefined) setFlash(dependencies.cookies, ctx, decision.done);
  redirect(ctx, decision.to);
}

/** A refusal is shown as a fault on the page that the member of staff is on. */
async function submit(
  dependencies: StaffDependencies,
  visit: StaffRequest,
  page: StaffPage,
  form: Form,
): Promise<Decision> {
  if (page.submit === undefined) throw new NijoError('method_not_allowed');
  try {
    return await page.submit(dependencies, { ...visit, form, action: form.get('action') ?? '' });
  } catch (error) {
    return { kind: 'stay', fault: faultOf(error) };
  }
}

async function show(
  dependencies: StaffDependencies,
  visit: StaffRequest,
  page: StaffPage,
  shown: Shown = {},
): Promise<void> {
  await page.show(dependencies, visit, shown);
  if (shown.fault === undefined) return;
  const error = new NijoError(shown.fault.code, shown.fault.details);
  visit.ctx.status = error.status;
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) visit.ctx.set('Retry-After', String(retryAfterSeconds));
}

// Codes that answer a request that no page of ours makes, and not an act of staff.
const foreign: ReadonlySet<string> = new Set([
  'not_found',
  'bad_request',
  'action_unknown',
  'form_token_invalid',
  'staff_role_missing',
  // The session was ended while the act waited: the person at the browser sees no page of it.
  'fresh_sign_in_needed',
  'case_unknown',
]);

/** @throws any error that is not a fault of the page's form; it has a page of its own. */
function faultOf(error: unknown): Fault {
  if (!(error instanceof NijoError) || error.status >= 500 || foreign.has(error.code)) throw error;
  return { code: error.code, details: error.details };
}

/**
 * The authorization check. A user without a role is told so, whatever else is missing; a user with a role who
 * signed in too long ago, or with less than staff needs, is sent to sign in.
 * @returns undefined when the request has been answered.
 * @throws NijoError `staff_role_missing`, `not_found`.
 */
async function authorize(
  dependencies: StaffDependencies,
  ctx: NijoContext,
  page: StaffPage,
  method: StaffMethod,
  { returnTo, asked }: { returnTo: string; asked?: string | undefined },
): Promise<StaffRequest | undefined> {
  const { sessions, directory, language, browsers, settings } = dependencies;
  const session = await sessions.read(ctx.req, ctx.res);
  if (session === undefined) return signIn(dependencies, ctx, returnTo);
  const { accountId } = session;
  const person = await directory.find(accountId);
  const roles = person?.active === true ? rolesOf(person.roles) : [];
  if (person === undefined || !may(roles, method, page.path)) {
    await directory.noteRefusal({ accountId, method, path: page.path, origin: ctx.state.origin });
    throw new NijoError('staff_role_missing');
  }
  if (session.ageSeconds > settings.session_minutes * 60 || session.acr !== acrValues.mfa)
    return signIn(dependencies, ctx, returnTo);
  // Services may count a mailed code as multi-factor, so a sign-in would not ask for another factor itself.
  if (!hasStaffFactor(session)) return factorNeeded(dependencies, ctx, returnTo);
  const locale = language.of(ctx, { asked, profile: person.locale, path: folderOf(page) });
  return {
    ctx,
    session,
    browser: browsers.ensure(ctx),
    locale,
    actor: {
      accountId,
      loginId: person.loginId,
      roles,
      origin: ctx.state.origin,
      locale,
      session: { uids: session.uidDigests },
    },
    params: plainParams(ctx),
  };
}

/** Sends the user to prove password and factor again, where the session is older than staff's may be. */
function signIn(dependencies: StaffDependencies, ctx: NijoContext, returnTo: string): undefined {
  const locale = dependencies.language.of(ctx);
  redirect(ctx, dependencies.sessions.signInUrl(returnTo, { fresh: true, locale }));
}

/**
 * Says which factors staff signs in with, and links to where they are set up; or to a new sign-in, which
 * starts only when the user clicks, so that there is no redirect loop.
 */
function factorNeeded(
  { responder, language, sessions, ownPages }: StaffDependencies,
  ctx: NijoContext,
  returnTo?: string,
): undefined {
  const locale = language.of(ctx);
  const startAgain =
    returnTo === undefined
      ? { service: ownPages.account.name[locale], url: ownPages.account.home }
      : {
          service: ownPages.staff.name[locale],
          url: sessions.signInUrl(returnTo, { fresh: true, again: true, locale }),
        };
  responder.error(ctx, new NijoError('staff_factor_needed'), { startAgain });
}

/** The path of the cookies that remember the language of these pages. */
function folderOf({ path }: StaffPage): string {
  return `/${path.split('/')[1] ?? ''}`;
}

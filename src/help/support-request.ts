import type { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import { newSecret } from '../base/ids.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type BrowserBinding, type Form, readForm } from '../web/forms.ts';
import type { Language } from '../web/language.ts';
import { createPageRouter } from '../web/page-router.ts';
import type { KnownBrowser } from '../web/known-browser.ts';
import type { Chrome, Fault } from '../pages/pages.ts';
import type { Responder } from '../web/respond.ts';
import { checksShown, openingShown, type SupportReason, supportReasons } from '../pages/support.ts';
import { type CountVisit, limitVisits } from '../web/visits.ts';
import type { PublicSupport } from './ports.ts';

export interface SupportRequestDependencies {
  support: PublicSupport;
  responder: Responder;
  language: Language;
  browsers: BrowserBinding;
  countVisit: CountVisit;
  knownBrowser: Pick<KnownBrowser, 'read'>;
}

const path = '/help/support';
// The cookies that remember the language are for every page about help.
const folder = '/help';

/** The values of the form, as they were typed. */
interface Typed {
  loginId: string;
  reason: string;
}

/**
 * Where a user who is not signed in and cannot sign in asks the support centre for help (R36, R42): a form of
 * two fields, at any time of day. The answer and its timing are the same whether or not the ID exists (C12,
 * C13): nothing here looks for an account, and the number reveals nothing.
 */
export function supportRequestRoutes(dependencies: SupportRequestDependencies): Router<NijoState> {
  const router = createPageRouter();
  const bounded = limitVisits(dependencies.countVisit, (ctx) => dependencies.knownBrowser.read(ctx));
  router.get(path, bounded, (ctx) => showForm(dependencies, ctx, { loginId: '', reason: '' }));
  router.post(path, bounded, (ctx) => helpWhereRefused(dependencies, ctx, () => send(dependencies, ctx)));
  return router;
}

async function send(dependencies: SupportRequestDependencies, ctx: NijoContext): Promise<void> {
  const form = readForm(ctx);
  const present = dependencies.browsers.read(ctx);
  const page = form.get('page');
  const number = form.get('number') ?? '';
  if (page === 'help-case') {
    // The answer in the other language: only its toggle sends this form.
    dependencies.browsers.check(present, purposeOfCase(number), form.get('csrf'));
    if (!form.has('lang')) throw new NijoError('action_unknown');
    return showCase(dependencies, ctx, present, number, form.get('lang'));
  }
  const name = form.get('form') ?? '';
  dependencies.browsers.check(present, purposeOfForm(name), form.get('csrf'));
  const typed = { loginId: form.get('login_id') ?? '', reason: form.get('reason') ?? '' };
  if (form.has('lang')) return showForm(dependencies, ctx, typed, { asked: form.get('lang'), name });
  if (form.get('action') !== 'continue') throw new NijoError('action_unknown');
  const reason = reasonOf(form);
  if (typed.loginId.trim() === '')
    return showForm(dependencies, ctx, typed, {
      fault: { code: 'login_id_missing', field: 'login_id' },
      name,
    });
  if (reason === undefined)
    return showForm(dependencies, ctx, typed, { fault: { code: 'reason_missing', field: 'reason' }, name });
  try {
    const filed = await dependencies.support.file({
      loginId: typed.loginId,
      reason,
      form: name,
      origin: ctx.state.origin,
      locale: localeOf(dependencies, ctx),
    });
    return await showCase(dependencies, ctx, present, filed.number);
  } catch (error) {
    if (!(error instanceof NijoError) || error.code !== 'support_limit_reached') throw error;
    return showForm(dependencies, ctx, typed, {
      fault: { code: error.code, details: error.details },
      name,
    });
  }
}

function reasonOf(form: Form): SupportReason | undefined {
  return supportReasons.find((known) => known === form.get('reason'));
}

const purposeOfForm = (form: string): string => `help-support:${form}`;
const purposeOfCase = (number: string): string => `help-case:${number}`;

async function showForm(
  dependencies: SupportRequestDependencies,
  ctx: NijoContext,
  typed: Typed,
  shown: { fault?: Fault; asked?: string | undefined; name?: string } = {},
): Promise<void> {
  const { support, responder, browsers } = dependencies;
  const locale = localeOf(dependencies, ctx, shown.asked);
  const form = shown.name ?? newSecret(16);
  const { fault } = shown;
  const error = fault === undefined ? undefined : new NijoError(fault.code, fault.details);
  if (error?.details.retryAfterSeconds !== undefined)
    ctx.set('Retry-After', String(error.details.retryAfterSeconds));
  const model = {
    ...typed,
    form,
    opening: openingShown(await support.opening(), locale),
    ...signInOf(ctx),
  };
  const token = browsers.token(browsers.ensure(ctx), purposeOfForm(form));
  responder.page(
    ctx,
    'help-support-request',
    model,
    { ...chromeOf(ctx, locale), formToken: token, ...(fault === undefined ? {} : { fault }) },
    error?.status ?? 200,
  );
}

async function showCase(
  dependencies: SupportRequestDependencies,
  ctx: NijoContext,
  browser: string,
  number: string,
  asked?: string,
): Promise<void> {
  const { support, responder, browsers } = dependencies;
  const locale = localeOf(dependencies, ctx, asked);
  const model = {
    number,
    opening: openingShown(await support.opening(), locale),
    checks: checksShown(support.checks, locale),
    ...signInOf(ctx),
  };
  const formToken = browsers.token(browser, purposeOfCase(number));
  responder.page(ctx, 'help-case', model, { ...chromeOf(ctx, locale), formToken });
}

function chromeOf(ctx: NijoContext, locale: 'en' | 'ja'): Chrome {
  const { login, ui_locales: uiLocales } = ctx.query;
  const query = new URLSearchParams();
  if (typeof login === 'string' && isLogin(login)) query.set('login', login);
  if (typeof uiLocales === 'string' && /^[\w-]{1,35}$/.test(uiLocales)) query.set('ui_locales', uiLocales);
  return { locale, url: query.size === 0 ? path : `${path}?${query.toString()}`, languageToggle: 'form' };
}

function isLogin(uid: string): boolean {
  return /^[\w-]{1,64}$/.test(uid);
}

/** The login that the link came from: it is unchanged, and its own cookie says whose it is. */
function signInOf(ctx: NijoContext): { signIn?: string } {
  const { login } = ctx.query;
  return typeof login === 'string' && isLogin(login) ? { signIn: `/interaction/${login}` } : {};
}

/** A login page passes its language on: this page has no service to take it from. */
function localeOf(dependencies: SupportRequestDependencies, ctx: NijoContext, asked?: string): 'en' | 'ja' {
  const { ui_locales: uiLocales } = ctx.query;
  return dependencies.language.of(ctx, {
    asked,
    path: folder,
    ...(typeof uiLocales === 'string' ? { uiLocales: uiLocales.split(' ') } : {}),
  });
}

/** A form sent by another site or another browser leads back to the page itself: nothing is lost yet. */
async function helpWhereRefused(
  dependencies: SupportRequestDependencies,
  ctx: NijoContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NijoError) || error.code !== 'form_token_invalid') throw error;
    dependencies.responder.error(ctx, error, { tryAgain: path });
  }
}

import type { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type Form, readForm } from '../web/forms.ts';
import { createPageRouter } from '../web/page-router.ts';
import type { PageModels } from '../pages/pages.ts';
import { openingShown, supportForm } from '../pages/support.ts';
import type { LoginDependencies } from './dependencies.ts';
import { cannotGoOn, complete, finish, refuse, startOver } from './endings.ts';
import { submitAppCode, submitMailCode, submitRecoveryCode } from './factor-pages.ts';
import { goesOnWithNewerSession } from './newer-session.ts';
import { skipProofAgain, submitAddressConfirmation, submitCodesLow } from './offer-pages.ts';
import { showStep, type Typed } from './pages.ts';
import { submitPasskey, submitPasskeyAlone } from './passkey-page.ts';
import { submitPassword } from './password-page.ts';
import { submitReset, submitResetDone } from './reset-pages.ts';
import { decisionAfterSending, sendForWay } from './sending.ts';
import { submitSetUpPass } from './set-up-pass-page.ts';
import { submitAcknowledgement, submitAddress, submitAddressCode, submitApp } from './set-up-pages.ts';
import { loadLogin } from './standing.ts';
import type { Step } from './steps.ts';
import { submitCase, submitHelp } from './support-pages.ts';
import { isTicked } from './trust.ts';
import { type Decision, proceed, type Submission, redisplay, type LoginRequest } from './visit.ts';
import { SignInChanged } from '../factors/sign-in-state.ts';

/** Faults of a change that is frozen, or whose proof has become too old meanwhile (S6, S7). */
const held: ReadonlySet<string> = new Set(['changes_frozen', 'address_frozen', 'fresh_sign_in_needed']);
/** Faults that the user cannot resolve on our pages. */
const onlyCentreHelps: ReadonlySet<string> = new Set(['factor_missing', 'factor_disabled']);

type Handler = (dependencies: LoginDependencies, visit: Submission) => Promise<Decision>;

/** The handler of each page. No handler knows another one: all return here. */
const handlers: Partial<Record<Step['page'], Handler>> = {
  'sign-in': (dependencies, visit) =>
    (visit.action === 'use-passkey' ? submitPasskeyAlone : submitPassword)(dependencies, visit),
  'mail-code': submitMailCode,
  'app-code': submitAppCode,
  'recovery-code': submitRecoveryCode,
  passkey: submitPasskey,
  reset: submitReset,
  'help-support': submitHelp,
  'help-case': submitCase,
  'reset-done': submitResetDone,
  'set-up-pass': submitSetUpPass,
  'confirm-address': submitAddressConfirmation,
  'codes-low': submitCodesLow,
  'set-up-mail': submitAddress,
  'set-up-mail-code': submitAddressCode,
  'set-up-app-only': submitAcknowledgement,
  'set-up-app': submitApp,
  consent: async (_, visit) => (visit.action === 'continue' ? proceed : redisplay('action_unknown')),
};

/**
 * The pages of a login, all under its interaction's URL. GET shows the next step; POST accepts only the form
 * of that step, then computes the next step again.
 */
export function loginRoutes(dependencies: LoginDependencies): Router<NijoState> {
  const router = createPageRouter();
  const path = '/interaction/:uid';

  router.get(path, async (ctx) => {
    const uid = uidOf(ctx.params.uid);
    await renderRecoverableError(dependencies, ctx, uid, async () => {
      const visit = await loadLogin(dependencies, ctx, uid);
      if (goesOnWithNewerSession(visit, dependencies.switches)) return startOver(dependencies, visit);
      return showOrFinish(dependencies, visit);
    });
  });

  router.post(path, async (ctx) => {
    const uid = uidOf(ctx.params.uid);
    await renderRecoverableError(dependencies, ctx, uid, () => submit(dependencies, ctx, uid));
  });
  return router;
}

/** @throws NijoError `not_found` for an id that no login has, such as text the database refuses (C45). */
function uidOf(parameter: unknown): string {
  if (typeof parameter !== 'string' || !/^[\w-]{1,64}$/.test(parameter)) throw new NijoError('not_found');
  return parameter;
}

async function submit(dependencies: LoginDependencies, ctx: NijoContext, uid: string): Promise<void> {
  const form = readForm(ctx);
  const present = dependencies.browsers.read(ctx);
  dependencies.browsers.check(present, uid, form.get('csrf'));
  const visit = await loadLogin(dependencies, ctx, uid, form.get('lang'));
  const submission: Submission = { ...visit, form, action: form.get('action') ?? 'continue' };
  const typed = typedIn(form);

  // The toggle shows the same page in the other language, with what was typed (R45), and does nothing else.
  if (form.has('lang')) return showOrFinish(dependencies, visit, typed);
  if (submission.action === 'cancel') return refuse(dependencies, visit, 'access_denied');
  if (visit.step.page === 'start-over') return startOver(dependencies, visit);
  // An offer can be skipped, even where it needs a factor to be proven again first.
  if (submission.action === 'skip' && 'again' in visit.step && visit.step.again !== undefined) {
    const decision = (await skipProofAgain(dependencies, submission)) ?? redisplay('action_unknown');
    const now = await loadLogin(dependencies, ctx, uid);
    if (decision.kind === 'stay') return showOrFinish(dependencies, { ...now, fault: decision.fault }, typed);
    return showOrFinish(dependencies, now, typed);
  }
  // A form of a page that is no longer the current one (back button, second tab, double click) is not
  // applied to another step: the present step is shown, or the login finishes if it was the last one.
  if (form.get('page') !== visit.step.page) {
    if (visit.step.page === 'finish') return finish(dependencies, visit, visit.step);
    if (form.get('page') === undefined) throw new NijoError('bad_request');
    return showOrFinish(dependencies, visit, typed, 'step-changed', 409);
  }
  const handle = handlers[visit.step.page];
  if (handle === undefined) throw new NijoError('step_out_of_order');
  const decision = await handle(dependencies, submission).catch((error: unknown): Decision => {
    if (error instanceof SignInChanged) return { kind: 'overtaken' };
    // A change that is frozen for a day is explained on the page: the user can skip it or choose another way.
    if (error instanceof NijoError && held.has(error.code))
      return redisplay(error.code, undefined, error.details);
    throw error;
  });
  if (decision.kind === 'refuse') return refuse(dependencies, visit, decision.error);
  if (visit.step.page === 'consent' && decision.kind === 'go-on')
    return complete(dependencies, visit, { kind: 'consented' });
  const now = await loadLogin(dependencies, ctx, uid);
  if (decision.kind === 'overtaken') return showOrFinish(dependencies, now, typed, 'step-changed', 409);
  if (
    decision.kind === 'stay' &&
    !(now.signIn !== undefined && goesOnWithNewerSession(now, dependencies.switches))
  )
    return showOrFinish(dependencies, { ...now, fault: decision.fault }, typed);
  if (now.step.page === 'finish') return finish(dependencies, now, now.step);
  // After a change the browser requests the next page by GET: going back or reloading sends nothing twice.
  ctx.status = 303;
  ctx.redirect(`/interaction/${uid}`);
  ctx.status = 303;
}

/**
 * The request that verifies the password, or chooses mail, also sends the code. If that request failed
 * halfway (for example without the database), no code was sent: the page that waits for it sends it, once.
 * Showing the page never sends a code again (R9).
 */
async function ensureCodeSent(dependencies: LoginDependencies, visit: LoginRequest): Promise<LoginRequest> {
  const { signIn, step, locale } = visit;
  if ((step.page !== 'mail-code' && step.page !== 'reset') || visit.fault !== undefined) return visit;
  if (signIn === undefined || signIn.challenge !== undefined) return visit;
  const sent = await sendForWay(dependencies, visit, signIn, step.page === 'reset' ? 'reset' : 'sign-in');
  const decision = sent?.outcome === 'too-soon' ? proceed : decisionAfterSending(sent);
  const now = await loadLogin(dependencies, visit.ctx, visit.uid);
  return { ...now, locale, ...(decision.kind === 'stay' ? { fault: decision.fault } : {}) };
}

/** Creates the key of a further app when its page is first shown; it stays the same until the user leaves. */
async function ensurePendingSecret(
  dependencies: LoginDependencies,
  visit: LoginRequest,
): Promise<LoginRequest> {
  const { signIn, step, fault, locale } = visit;
  if (step.page !== 'reset-done' && step.page !== 'set-up-app') return visit;
  if (signIn === undefined || signIn.pendingApp !== undefined) return visit;
  await dependencies.secondFactor.detours.prepareApp(signIn);
  const now = await loadLogin(dependencies, visit.ctx, visit.uid);
  return { ...now, locale, ...(fault === undefined ? {} : { fault }) };
}

async function showOrFinish(
  dependencies: LoginDependencies,
  arrived: LoginRequest,
  typed: Typed = {},
  notice?: 'step-changed',
  status?: number,
): Promise<void> {
  const visit = await ensurePendingSecret(dependencies, await ensureCodeSent(dependencies, arrived));
  // A step-up that was never shown, whose session has changed since.
  if (visit.step.page === 'start-over' || visit.step.page === 'step-up')
    return startOver(dependencies, visit);
  if (visit.step.page === 'finish') return finish(dependencies, visit, visit.step);
  if (visit.step.page === 'impossible') return cannotGoOn(dependencies, visit);
  const { fault } = visit;
  const error = fault === undefined ? undefined : new NijoError(fault.code, fault.details);
  if (error?.details.retryAfterSeconds !== undefined)
    visit.ctx.set('Retry-After', String(error.details.retryAfterSeconds));
  return showStep(dependencies, visit, {
    typed,
    ...(fault === undefined ? {} : { fault }),
    ...(notice === undefined ? {} : { notice }),
    status: status ?? error?.status ?? 200,
  });
}

/** Where a user who cannot continue here asks the support centre, and when it is open (R51). */
async function supportLink(
  { support }: LoginDependencies,
  locale: 'en' | 'ja',
): Promise<NonNullable<PageModels['error']['support']>> {
  return { ...openingShown(await support.opening(), locale), form: supportForm(locale) };
}

function typedIn(form: Form): Typed {
  return {
    loginId: form.get('login_id'),
    email: form.get('email'),
    deviceName: form.get('device_name'),
    reason: form.get('reason'),
    check: form.get('check'),
    trusted: isTicked(form.get('trust_browser')),
  };
}

/** Expired, foreign or finished logins end on a page that links to the service to start again (R33). */
async function renderRecoverableError(
  dependencies: LoginDependencies,
  ctx: NijoContext,
  uid: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const lost = [
      'interaction_expired',
      'interaction_foreign',
      'interaction_finished',
      'factor_missing',
      'factor_disabled',
      'form_token_invalid',
      'cross_site_request',
    ];
    if (!(error instanceof NijoError) || !lost.includes(error.code)) throw error;
    const again = await dependencies.interactions.startAgain(uid);
    const locale = dependencies.language.of(ctx);
    dependencies.logger.info(
      { event: 'fault', code: error.code, requestId: ctx.state.origin.requestId, status: error.status },
      error.code,
    );
    dependencies.responder.error(ctx, error, {
      ...(again === undefined ? {} : { startAgain: { service: again.service[locale], url: again.url } }),
      // Tabs opened at once each set a cookie, and the last one remains: the page is loaded with it (S11).
      ...(error.code === 'form_token_invalid' ? { tryAgain: `/interaction/${uid}` } : {}),
      ...(onlyCentreHelps.has(error.code) ? { support: await supportLink(dependencies, locale) } : {}),
    });
  }
}

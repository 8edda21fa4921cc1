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

/** Faults of a change that is held up, or whose proof has become too old while it was made (S6, S7). */
const held: ReadonlySet<string> = new Set(['changes_frozen', 'address_frozen', 'fresh_sign_in_needed']);
/** Faults that nothing on our pages mends. */
const onlyCentreHelps: ReadonlySet<string> = new Set(['factor_missing', 'factor_disabled']);

type Handler = (dependencies: LoginDependencies, visit: Submission) => Promise<Decision>;

/** The code of each page. No handler knows another one: all return here. */
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
 * The pages of a login, all under its interaction's address. GET shows the step that is next; POST
 * takes the form of that step and nothing else, then computes the next step anew.
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

/** @throws NijoError `not_found` for what is no login's id, such as text that the database would refuse (C45). */
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

  // The toggle: the same page in the other language, with what was typed (R45). Nothing else happens.
  if (form.has('lang')) return showOrFinish(dependencies, visit, typed);
  if (submission.action === 'cancel') return refuse(dependencies, visit, 'access_denied');
  if (visit.step.page === 'start-over') return startOver(dependencies, visit);
  // What is offered can be skipped, also from the page of an offer that can no longer be taken up as it is.
  if (submission.action === 'skip' && 'again' in visit.step && visit.step.again !== undefined) {
    const decision = (await skipProofAgain(dependencies, submission)) ?? redisplay('action_unknown');
    const now = await loadLogin(dependencies, ctx, uid);
    if (decision.kind === 'stay') return showOrFinish(dependencies, { ...now, fault: decision.fault }, typed);
    return showOrFinish(dependencies, now, typed);
  }
  // A form of a page that is no longer the current one (back button, second tab, double click) is not
  // applied to another step: the present step is shown, or the login goes on if it was the last one.
  if (form.get('page') !== visit.step.page) {
    if (visit.step.page === 'finish') return finish(dependencies, visit, visit.step);
    if (form.get('page') === undefined) throw new NijoError('bad_request');
    return showOrFinish(dependencies, visit, typed, 'step-changed', 409);
  }
  const handle = handlers[visit.step.page];
  if (handle === undefined) throw new NijoError('step_out_of_order');
  const decision = await handle(dependencies, submission).catch((error: unknown): Decision => {
    if (error instanceof SignInChanged) return { kind: 'overtaken' };
    // What cannot be changed for a day is said on the page: it can be skipped, or gone about another way.
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
  // After a change the browser asks for the next page itself: going back or reloading sends nothing twice.
  ctx.status = 303;
  ctx.redirect(`/interaction/${uid}`);
  ctx.status = 303;
}

/**
 * The code is sent with the answer to the password, or when mail is chosen. Where that request failed
 * half way (the database went away), the page that waits for a code would wait in vain: it is made up
 * for here, once. Whatever was sent before is not sent again by showing the page (R9).
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

/** The key of a further app is made when its page is shown first; it stays the same until the page is left. */
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
  // A step-up that was never shown, and whose session has changed since.
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

/** Where somebody asks the support centre who gets no further here, and when it is open (R51). */
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

/** Expired, foreign or finished logins end in a page that knows the service to start again at (R33). */
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
      // Tabs that were opened at once each got a cookie, and the last one stays: the page is drawn anew for it (S11).
      ...(error.code === 'form_token_invalid' ? { tryAgain: `/interaction/${uid}` } : {}),
      ...(onlyCentreHelps.has(error.code) ? { support: await supportLink(dependencies, locale) } : {}),
    });
  }
}

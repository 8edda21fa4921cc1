import { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import { acrOf, amrOf } from '../factors/assurance.ts';
import { SignInChanged } from '../factors/proving.ts';
import type { NijoContext, NijoState } from '../web/context.ts';
import { type Form, readForm } from '../web/forms.ts';
import type { LoginDependencies, SignInOutcome } from './dependencies.ts';
import { submitAppCode, submitMailCode } from './factor-pages.ts';
import { showStep, type Typed } from './pages.ts';
import { submitPassword } from './password-page.ts';
import type { InteractionResult } from './ports.ts';
import { beginFactorStep, decisionAfterSending, sendForWay } from './sending.ts';
import { submitAcknowledgement, submitAddress, submitAddressCode, submitApp } from './set-up-pages.ts';
import { nextStep, type Step } from './steps.ts';
import { type Decision, goOn, type Submission, stay, type Visit } from './visit.ts';

type Handler = (dependencies: LoginDependencies, visit: Submission) => Promise<Decision>;

/** The code of each page. No handler knows another one: all return here (design §3). */
const handlers: Partial<Record<Step['page'], Handler>> = {
  'sign-in': submitPassword,
  'mail-code': submitMailCode,
  'app-code': submitAppCode,
  'set-up-mail': submitAddress,
  'set-up-mail-code': submitAddressCode,
  'set-up-app-only': submitAcknowledgement,
  'set-up-app': submitApp,
  consent: async (_, visit) => (visit.action === 'continue' ? goOn : stay('action_unknown')),
};

/**
 * The pages of a login, all under its interaction's address. GET shows the step that is next; POST
 * takes the form of that step and nothing else, then computes the next step anew.
 */
export function loginRoutes(dependencies: LoginDependencies): Router<NijoState> {
  const router = new Router<NijoState>();
  const path = '/interaction/:uid';

  router.get(path, async (ctx) => {
    const uid = uidOf(ctx.params.uid);
    await helpWhereLost(dependencies, ctx, uid, async () => {
      await showOrFinish(dependencies, await establish(dependencies, ctx, uid));
    });
  });

  router.post(path, async (ctx) => {
    const uid = uidOf(ctx.params.uid);
    await helpWhereLost(dependencies, ctx, uid, () => submit(dependencies, ctx, uid));
  });
  return router;
}

/** @throws NijoError `not_found` for what is no login's id, such as text that the database would refuse (C45). */
function uidOf(parameter: unknown): string {
  if (typeof parameter !== 'string' || !/^[\w-]{1,64}$/.test(parameter)) throw new NijoError('not_found');
  return parameter;
}

/** Who is here and where the login stands; refuses another browser's login (C21). */
async function establish(
  dependencies: LoginDependencies,
  ctx: NijoContext,
  uid: string,
  asked?: string,
): Promise<Visit> {
  const details = await dependencies.interactions.details(ctx.req, ctx.res, uid);
  const browser = dependencies.browsers.ensure(ctx);
  const locate = async (): Promise<Pick<Visit, 'signIn' | 'step'>> => {
    const found = await dependencies.secondFactor.findSignIn(uid);
    if (found !== undefined && found.browser !== browser) throw new NijoError('interaction_foreign');
    const signIn = found?.account.active === true && found.clientId === details.client.id ? found : undefined;
    return { signIn, step: nextStep({ details, signIn, switches: dependencies.switches }) };
  };
  let standing = await locate();
  const language = (profile: string | undefined) =>
    dependencies.language.of(ctx, {
      asked,
      uiLocales: details.uiLocales,
      profile,
      path: `/interaction/${uid}`,
    });
  const visit = { ctx, uid, browser, details };
  if (standing.step.page === 'step-up' && details.session !== undefined) {
    await dependencies.secondFactor.openSignIn({
      interaction: uid,
      accountId: details.session.accountId,
      clientId: details.client.id,
      browser,
      steppedUpFrom: details.session.authTime,
      lifetimeSeconds: details.secondsLeft,
    });
    standing = await locate();
    const locale = language(standing.signIn?.account.locale);
    const begun = await beginFactorStep(dependencies, { ...visit, ...standing, locale });
    standing = await locate();
    if (standing.step.page === 'step-up') throw new NijoError('interaction_expired');
    return { ...visit, ...standing, locale, ...(begun.kind === 'stay' ? { fault: begun.fault } : {}) };
  }
  return { ...visit, ...standing, locale: language(standing.signIn?.account.locale) };
}

async function submit(dependencies: LoginDependencies, ctx: NijoContext, uid: string): Promise<void> {
  const form = readForm(ctx);
  const present = dependencies.browsers.read(ctx);
  dependencies.browsers.check(present, uid, form.get('csrf'));
  const visit = await establish(dependencies, ctx, uid, form.get('lang'));
  const submission: Submission = { ...visit, form, action: form.get('action') ?? 'continue' };
  const typed = typedIn(form);

  // The toggle: the same page in the other language, with what was typed (R45). Nothing else happens.
  if (form.has('lang')) return showOrFinish(dependencies, visit, typed);
  if (submission.action === 'cancel') return refuse(dependencies, visit, 'access_denied');
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
    if (!(error instanceof SignInChanged)) throw error;
    return { kind: 'overtaken' };
  });
  if (decision.kind === 'refuse') return refuse(dependencies, visit, decision.error);
  if (visit.step.page === 'consent' && decision.kind === 'go-on')
    return complete(dependencies, visit, { kind: 'consented' });
  const now = await establish(dependencies, ctx, uid);
  if (decision.kind === 'overtaken') return showOrFinish(dependencies, now, typed, 'step-changed', 409);
  if (decision.kind === 'stay') return showOrFinish(dependencies, { ...now, fault: decision.fault }, typed);
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
async function withCodeOnItsWay(dependencies: LoginDependencies, visit: Visit): Promise<Visit> {
  const { signIn, step, locale } = visit;
  if (step.page !== 'mail-code' || signIn === undefined || signIn.challenge !== undefined) return visit;
  if (visit.fault !== undefined) return visit;
  const sent = await sendForWay(dependencies, visit, signIn);
  const decision = sent?.outcome === 'too-soon' ? goOn : decisionAfterSending(sent);
  const now = await establish(dependencies, visit.ctx, visit.uid);
  return { ...now, locale, ...(decision.kind === 'stay' ? { fault: decision.fault } : {}) };
}

async function showOrFinish(
  dependencies: LoginDependencies,
  arrived: Visit,
  typed: Typed = {},
  notice?: 'step-changed',
  status?: number,
): Promise<void> {
  const visit = await withCodeOnItsWay(dependencies, arrived);
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

/**
 * Nothing the account has is enough. A service that named what it needs is told (R32); otherwise the
 * user is: whoever once had a factor cannot set up the first one again (R15).
 */
async function cannotGoOn(dependencies: LoginDependencies, visit: Visit): Promise<void> {
  if (visit.details.demand.essentialAcrValues !== undefined)
    return refuse(dependencies, visit, 'unmet_authentication_requirements');
  await dependencies.recordOutcome(outcomeOf(visit, 'sign-in.refused'));
  throw new NijoError('factor_missing');
}

async function finish(
  dependencies: LoginDependencies,
  visit: Visit,
  step: Extract<Step, { page: 'finish' }>,
): Promise<void> {
  if (visit.signIn === undefined) throw new NijoError('interaction_expired');
  const accountId = visit.signIn.account.id;
  const acr = acrOf(step.proofs, dependencies.switches);
  await complete(dependencies, visit, {
    kind: 'signed-in',
    accountId,
    acr,
    amr: amrOf(step.proofs, dependencies.switches),
    authTime: step.authTime,
  });
  await dependencies.recordOutcome(outcomeOf(visit, 'sign-in.finished', acr));
}

async function refuse(
  dependencies: LoginDependencies,
  visit: Visit,
  error: 'access_denied' | 'unmet_authentication_requirements',
): Promise<void> {
  await complete(dependencies, visit, {
    kind: 'refused',
    error,
    description:
      error === 'access_denied'
        ? 'the user cancelled the sign-in'
        : 'no authentication the user can give here is sufficient',
  });
  await dependencies.recordOutcome(
    outcomeOf(visit, error === 'access_denied' ? 'sign-in.cancelled' : 'sign-in.refused'),
  );
}

function outcomeOf(visit: Visit, event: SignInOutcome['event'], acr?: string): SignInOutcome {
  return {
    event,
    interaction: visit.uid,
    accountId: visit.signIn?.account.id,
    clientId: visit.details.client.id,
    acr,
    origin: visit.ctx.state.origin,
  };
}

async function complete(
  dependencies: LoginDependencies,
  visit: Visit,
  result: InteractionResult,
): Promise<void> {
  const { ctx } = visit;
  const location = await dependencies.interactions.finish(ctx.req, ctx.res, result);
  dependencies.passage.grant(ctx, visit.uid);
  ctx.redirect(location);
  ctx.status = 303;
}

function typedIn(form: Form): Typed {
  return { loginId: form.get('login_id'), email: form.get('email'), deviceName: form.get('device_name') };
}

/** Expired, foreign or finished logins end in a page that knows the service to start again at (R33). */
async function helpWhereLost(
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
    dependencies.responder.error(
      ctx,
      error,
      again === undefined ? {} : { startAgain: { service: again.service[locale], url: again.url } },
    );
  }
}

import { NijoError } from '../base/errors.ts';
import type { NijoContext } from '../web/context.ts';
import type { LoginDependencies } from './dependencies.ts';
import { beginFactorStep } from './sending.ts';
import { nextStep } from './steps.ts';
import { withTrust } from './trust.ts';
import type { LoginRequest } from './visit.ts';

/** The user and the state of the login; refuses another browser's login (C21). */
export async function loadLogin(
  dependencies: LoginDependencies,
  ctx: NijoContext,
  uid: string,
  asked?: string,
): Promise<LoginRequest> {
  const asks = await dependencies.interactions.details(ctx.req, ctx.res, uid);
  const browser = dependencies.browsers.ensure(ctx);
  const locate = async (): Promise<Pick<LoginRequest, 'signIn' | 'step' | 'details'>> => {
    const found = await dependencies.secondFactor.findSignIn(uid);
    if (found !== undefined && found.browser !== browser) throw new NijoError('interaction_foreign');
    // A step-up depends on its session, even where the login was detached from it to start over or cancel.
    const stands = found?.stepUp !== true || asks.session !== undefined;
    const signIn =
      found?.account.active === true && found.clientId === asks.client.id && stands ? found : undefined;
    const details = await withTrust(dependencies, ctx, asks, signIn);
    return { details, signIn, step: nextStep({ details, signIn, switches: dependencies.switches }) };
  };
  let standing = await locate();
  const language = (profile: string | undefined) =>
    dependencies.language.of(ctx, {
      asked,
      uiLocales: asks.uiLocales,
      profile,
      path: `/interaction/${uid}`,
    });
  const visit = { ctx, uid, browser };
  // With a newer session the provider is asked first: a code may no longer be needed, and none is mailed.
  if (standing.step.page === 'step-up' && asks.session !== undefined && asks.newerSession === undefined) {
    await dependencies.secondFactor.openSignIn({
      interaction: uid,
      accountId: asks.session.accountId,
      clientId: asks.client.id,
      browser,
      steppedUpFrom: asks.session.authTime,
      lifetimeSeconds: asks.secondsLeft,
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

import type Koa from 'koa';
import type Provider from 'oidc-provider';
import { cookieNames } from './cookies.ts';

/**
 * Whoever asks to go on with a login that its pages have not finished is sent back to them. The
 * library would end that login and begin another: a mailed code, and whatever else has been proven,
 * would be lost to the back button (A01, R33).
 */
export function sendBackUnfinished(provider: Provider) {
  const { resume } = cookieNames(provider.issuer);
  return async (ctx: Koa.Context, next: () => Promise<void>): Promise<void> => {
    const uid = /^\/authorize\/[^/]+$/.test(ctx.path) ? ctx.cookies.get(resume, { signed: true }) : undefined;
    // Read within the request's unit of work: the provider's own look at it costs nothing then.
    const interaction = uid === undefined ? undefined : await provider.Interaction.find(uid);
    if (interaction === undefined || interaction.result !== undefined) {
      await next();
      return;
    }
    ctx.status = 303;
    ctx.redirect(`/interaction/${interaction.uid}`);
    ctx.status = 303;
    ctx.set('Cache-Control', 'no-store');
  };
}

import type { KoaContextWithOIDC } from 'oidc-provider';
import { onwardFormOf } from '../onward-form.ts';

/**
 * Where nobody is signed in there is nothing to ask and nothing to end: the browser goes straight back to the
 * service. The library would answer with a bare page that submits itself by script; without scripts the
 * browser stays there.
 */
export function skipEmptySignOut() {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    // No route matched: `ctx.oidc` exists only behind a matched route.
    const oidc = ctx.oidc as KoaContextWithOIDC['oidc'] | undefined;
    if (oidc?.route !== 'end_session' || ctx.status !== 200) return;
    const { session } = oidc;
    // Our own page that says what was wrong with the request is kept.
    if (session === undefined || session.accountId !== undefined || onwardFormOf(ctx.body) === undefined)
      return;
    const { postLogoutRedirectUri, state } = session.state ?? {};
    // The address has already been checked against the client's registered addresses.
    const back = new URL(
      typeof postLogoutRedirectUri === 'string' ? postLogoutRedirectUri : oidc.urlFor('end_session_success'),
    );
    if (typeof postLogoutRedirectUri === 'string' && typeof state === 'string')
      back.searchParams.set('state', state);
    ctx.redirect(back.href);
    ctx.status = 303;
  };
}

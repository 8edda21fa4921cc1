import type { KoaContextWithOIDC } from 'oidc-provider';

const originOf = (url: unknown): string | undefined =>
  typeof url === 'string' && URL.canParse(url) && /^https?:/.test(url) ? new URL(url).origin : undefined;

/**
 * The provider answers some requests with a page that posts itself on (`response_mode=form_post`,
 * sign-out). Browsers apply the CSP's `form-action` to that form and to the redirects after it, so
 * the service's origin is added for this one answer; addresses on it were checked by then.
 */
export function allowFormTargets(ctx: KoaContextWithOIDC): void {
  if (typeof ctx.body !== 'string' || !ctx.body.includes('<title>Submitting Callback</title>')) return;
  const policy = ctx.response.get('Content-Security-Policy');
  if (policy === '') return;
  const action = /<form method="post" action="([^"]*)">/.exec(ctx.body)?.[1]?.replaceAll('&amp;', '&');
  const { session, entities, issuer } = ctx.oidc;
  const origins = [action, session?.state?.postLogoutRedirectUri, entities.Interaction?.params.redirect_uri]
    .map(originOf)
    .filter((origin) => origin !== undefined && origin !== new URL(issuer).origin);
  if (origins.length === 0) return;
  const extended = policy.replace(/form-action ([^;]*)/, `form-action $1 ${[...new Set(origins)].join(' ')}`);
  ctx.set('Content-Security-Policy', extended);
}

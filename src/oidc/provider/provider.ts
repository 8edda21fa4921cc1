import type { EventEmitter } from 'node:events';
import { type errors, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { keepSessionAcrossTabs } from '../concurrent-tabs.ts';
import { type ConfigurationDeps, providerConfiguration } from './configuration.ts';
import { forgetLogin, forgetPages } from './cookies.ts';
import { skipEmptySignOut } from '../logout/empty-sign-out.ts';
import type { SigningJwk } from '../keys.ts';
import { deferLogoutTokens } from '../logout/logout-tokens.ts';
import { type RequestScopeDeps, requestScope } from './request-scope.ts';
import { serviceNameOf } from '../clients/name.ts';
import { answerSignOutsByPage } from '../logout/sign-out-trouble.ts';

export type ProviderDeps = Omit<ConfigurationDeps, 'sessionProof'> &
  Omit<RequestScopeDeps, 'nameOf' | 'forgetLogin'>;

/**
 * The provider builds every address from the issuer, whatever Host, X-Forwarded-* or an absolute request line
 * say (E4, C25). The issuer also decides whether cookies are Secure, since TLS may end at a proxy (E5). Koa
 * documents `app.request` as the place for this.
 */
function pinToIssuer(provider: Provider): void {
  const issuer = new URL(provider.issuer);
  const pinned: Record<string, string | boolean> = {
    protocol: issuer.protocol.slice(0, -1),
    host: issuer.host,
    hostname: issuer.hostname,
    secure: issuer.protocol === 'https:',
  };
  for (const [name, value] of Object.entries(pinned)) {
    Object.defineProperty(provider.request, name, { configurable: true, get: () => value });
  }
  Object.defineProperty(provider.request, 'href', {
    configurable: true,
    get(this: { path: string; search: string }) {
      return `${issuer.origin}${this.path}${this.search}`;
    },
  });
}

const longestAddress = 500;

/**
 * For an unregistered address: the received address next to the registered ones, so that the operator sees
 * the slash, port or scheme in which they differ.
 */
function addressesOf(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): Record<string, unknown> {
  const { client, params } = ctx.oidc;
  if (client === undefined) return {};
  const came = (value: unknown): unknown =>
    typeof value === 'string' ? value.slice(0, longestAddress) : undefined;
  // At the token endpoint: an address other than the one that the login began with.
  if (
    error.message === 'invalid_redirect_uri' ||
    error.error_detail?.includes('redirect_uri mismatch') === true
  )
    return { redirect_uri: came(params?.redirect_uri), registered: client.redirectUris };
  if (error.error_description?.startsWith('post_logout_redirect_uri') === true)
    return {
      post_logout_redirect_uri: came(params?.post_logout_redirect_uri),
      registered: client.postLogoutRedirectUris,
    };
  return {};
}

/** Audit events, recorded in the same write as the request's changes, or not at all. */
function listen(provider: Provider, deps: ProviderDeps): void {
  const { units, logger } = deps;
  provider.on('server_error', (_ctx: KoaContextWithOIDC, error: Error) => units.current()?.fail(error));
  provider.on('grant.revoked', (ctx: KoaContextWithOIDC) => {
    // At the token endpoint a grant is revoked for one reason: reuse of a code or refresh token (C28, C29).
    const unit = units.current();
    if (ctx.oidc.route !== 'token' || unit === undefined) return;
    const [used] = unit.reused();
    unit.record({
      event: 'token.reuse-detected',
      result: 'failure',
      ...(typeof used?.accountId === 'string' ? { accountId: used.accountId } : {}),
      ...(ctx.oidc.client === undefined ? {} : { clientId: ctx.oidc.client.clientId }),
      details: { token: used?.model === 'RefreshToken' ? 'refresh_token' : 'authorization_code' },
    });
  });
  provider.on('interaction.ended', (ctx: KoaContextWithOIDC) => {
    // The login's pages have nothing left to show; the provider would let their cookie expire by itself.
    const { Interaction: ended } = ctx.oidc.entities;
    if (ended !== undefined) forgetPages(ctx, provider.issuer, ended.uid);
  });
  provider.on('end_session.success', (ctx: KoaContextWithOIDC) => {
    const accountId = ctx.oidc.session?.accountId;
    if (accountId === undefined || ctx.oidc.params?.logout === undefined) return;
    units.current()?.record({ event: 'session.ended', result: 'success', accountId });
  });
  const refused = (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): void => {
    logger.info({
      event: 'oidc.refused',
      route: ctx.oidc.route,
      error: error.message,
      description: error.error_description,
      detail: error.error_detail,
      client_id: ctx.oidc.client?.clientId,
      ...addressesOf(ctx, error),
      request_id: deps.originOf(ctx.req)?.requestId,
    });
  };
  provider.on('authorization.error', refused);
  provider.on('grant.error', refused);
  provider.on('pushed_authorization_request.error', refused);
  provider.on('introspection.error', refused);
  provider.on('revocation.error', refused);
  provider.on('end_session.error', refused);
  provider.on('end_session_confirm.error', refused);
  // Errors that even Koa could not answer; without a listener they would be printed unredacted.
  (provider as EventEmitter).on('error', (error: Error) =>
    logger.error({ event: 'oidc.unanswered', err: error }),
  );
}

/** One provider with one key set. `createProviderHandle` makes a new one when the keys change. */
export function createProvider(deps: ProviderDeps, keys: readonly SigningJwk[]): Provider {
  const provider: Provider = new Provider(
    deps.config.issuer,
    providerConfiguration({ ...deps, sessionProof: (uid) => provider.Session.findByUid(uid) }, keys),
  );
  pinToIssuer(provider);
  // The first `use` is the outermost middleware: the unit of work spans everything.
  const nameOf = async (clientId: string) => serviceNameOf(clientId, await deps.clients.settings(clientId));
  const forget = (ctx: KoaContextWithOIDC, uid: string): void => {
    forgetLogin(ctx, provider.issuer, uid);
    deps.browser.forgetLogin(ctx, uid);
  };
  provider.use(requestScope({ ...deps, nameOf, forgetLogin: forget }));
  provider.use(skipEmptySignOut());
  provider.use(answerSignOutsByPage());
  deferLogoutTokens(provider, deps.units);
  keepSessionAcrossTabs(provider);
  listen(provider, deps);
  return provider;
}

import {
  type Client,
  type Configuration as ProviderConfiguration,
  errors,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { type Account, findAccountById } from '../../accounts/directory.ts';
import type { Sealer } from '../../base/sealing.ts';
import type { Configuration } from '../../config/schema.ts';
import type { Db } from '../../db/open.ts';
import { acrValues, type EnrolledFactors } from '../../factors/assurance.ts';
import { createAdapter } from '../storage/adapter.ts';
import { claimsConfiguration, claimsOf, scopeNames } from '../claims.ts';
import type { ClientCache } from '../clients/cache.ts';
import { cookieConfiguration } from './cookies.ts';
import { pathOf } from '../endpoints.ts';
import { featureConfiguration } from './features.ts';
import { createIssuedAssurance, type CarriedProof } from '../issued-assurance.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createLoadExistingGrant } from './grants.ts';
import type { SigningJwk } from '../keys.ts';
import type { PairwiseSubject } from './pairwise.ts';
import type { OidcPages } from '../pages.ts';
import { createPolicy, promptValues } from '../policy.ts';
import { findOnlyOwnLogins, type RequestingBrowser } from './resume-check.ts';
import { serviceNameOf } from '../clients/name.ts';
import { offerSignOut } from '../logout/sign-out-trouble.ts';
import type { BrowserTrust } from '../trust.ts';
import { ttlConfiguration } from './ttl.ts';
import type { UnitsOfWork } from '../storage/units.ts';
import type { Logger } from '../../observe/logger.ts';

export interface ConfigurationDeps {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  clients: ClientCache;
  units: UnitsOfWork;
  pages: OidcPages;
  enrolledFactorsOf(accountId: string): Promise<EnrolledFactors>;
  trust: BrowserTrust;
  browser: RequestingBrowser;
  logger: Pick<Logger, 'info'>;
  pairwiseSubject: PairwiseSubject;
  /** What the live session with this uid has proven. */
  sessionProof(
    uid: string,
  ): Promise<{ acr?: string | undefined; amr?: readonly string[] | undefined } | undefined>;
  fetch?: typeof guardedFetch;
}

const localesOf = (ctx: KoaContextWithOIDC): string[] =>
  [ctx.oidc.params?.claims_locales, ctx.oidc.params?.ui_locales]
    .filter((value) => typeof value === 'string')
    .flatMap((value) => value.split(' '));

/** From the code or refresh token that an access token is issued for: all values have that one source. */
function carriedProof(ctx: KoaContextWithOIDC | undefined): CarriedProof | undefined {
  const { AuthorizationCode, RefreshToken } = ctx?.oidc.entities ?? {};
  const source = AuthorizationCode ?? RefreshToken;
  if (source?.acr === undefined) return undefined;
  return {
    acr: source.acr,
    ...(source.amr === undefined ? {} : { amr: source.amr }),
    ...(source.authTime === undefined ? {} : { auth_time: source.authTime }),
  };
}

/** The provider's whole configuration in one place; the library's defaults are for experiments only. */
export function providerConfiguration(
  deps: ConfigurationDeps,
  keys: readonly SigningJwk[],
): ProviderConfiguration {
  const { db, config, sealer, clients, units, pages } = deps;
  const ttl = ttlConfiguration(config);
  const inRequest = <Result>(work: () => Promise<Result>): Promise<Result> =>
    units.current()?.query(work) ?? work();
  const settings = (clientId: string) => inRequest(() => clients.settings(clientId));

  async function account(id: string): Promise<Account | undefined> {
    const known = units.current()?.account(id) ?? (await inRequest(() => findAccountById(db, id)));
    return known?.status === 'active' ? known : undefined;
  }

  const switches = { mailSatisfiesMfa: config.assurance.mail_satisfies_mfa };
  const issued = createIssuedAssurance({
    settings,
    enrolledFactorsOf: (accountId) => inRequest(() => deps.enrolledFactorsOf(accountId)),
    trust: {
      holdsAny: async (accountId, days) =>
        (await inRequest(async () => deps.trust.holdsAny?.(accountId, days))) === true,
    },
    sessionProof: (uid) => deps.sessionProof(uid),
    switches,
    logger: deps.logger,
  });
  const nameOf = async (clientId: string) => serviceNameOf(clientId, await settings(clientId));
  const keyIds = keys.map(({ kid }) => kid);
  const pairwiseSubjectFor = (accountId: string, client: Client): string =>
    deps.pairwiseSubject(
      accountId,
      typeof client.sectorIdentifier === 'string' ? client.sectorIdentifier : client.clientId,
    );

  return {
    adapter: (model) => {
      const adapter = createAdapter(model, units, {
        find: (clientId) => inRequest(() => clients.find(clientId)),
      });
      return model === 'Interaction' ? findOnlyOwnLogins(adapter, deps.browser) : adapter;
    },
    jwks: { keys },
    cookies: cookieConfiguration(config.issuer, sealer),
    features: featureConfiguration(pages, nameOf, (token) => issued.isEnough(token)),
    ttl: ttl.providerTtl,
    interactions: {
      policy: createPolicy({
        settings,
        enrolledFactorsOf: (accountId) => inRequest(() => deps.enrolledFactorsOf(accountId)),
        trusts: async (req, accountId, days) =>
          deps.trust.allowedFrom(req) && (await inRequest(() => deps.trust.holds(req, accountId, days))),
        subjectFor: (accountId, client) =>
          client.subjectType === 'pairwise' ? pairwiseSubjectFor(accountId, client) : accountId,
        recordTrust: (accountId, clientId) =>
          units.current()?.record({ event: 'browser.trust-used', result: 'success', accountId, clientId }),
        switches,
        sessionSeconds: ttl.sessionSeconds,
      }),
      url: (ctx, { uid }) => {
        const most = config.sessions.unfinished_logins;
        units.current()?.beginLogin({ uid, browser: deps.browser.ensureDigest(ctx), most });
        return `/interaction/${uid}`;
      },
    },
    loadExistingGrant: createLoadExistingGrant({ settings, tokenSeconds: ttl.tokenSeconds }),
    findAccount: async (ctx, id, token) => {
      const found = await account(id);
      if (found === undefined) return undefined;
      // A code or token is as good as its sign-in, by the current rules.
      if (token !== undefined) await issued.require(token);
      return {
        accountId: found.id,
        claims: async () => {
          const released = (await settings(ctx.oidc.client?.clientId ?? ''))?.claims;
          return { sub: found.id, ...claimsOf(found, released, localesOf(ctx)) };
        },
      };
    },
    // The proven assurance goes into the token, so that it can be checked again and reported (RFC 9470 §6.2).
    extraTokenClaims: async (ctx, token) => (token.kind === 'AccessToken' ? carriedProof(ctx) : undefined),
    acrValues: Object.values(acrValues),
    claims: claimsConfiguration,
    scopes: [...scopeNames],
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: async (_ctx, accountId, client) => pairwiseSubjectFor(accountId, client),
    responseTypes: ['code', 'none'],
    // No exception for confidential clients (C30); the library knows no method but S256.
    pkce: { required: () => true },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256'],
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256'],
    },
    // A client with this grant type gets refresh tokens; without offline_access they end with the session.
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async (_ctx, token) => !token.scopes.has('offline_access'),
    clientBasedCORS: (ctx, origin, client) =>
      (ctx.oidc.route === 'userinfo' || client.clientAuthMethod === 'none') &&
      // An app's own scheme has the origin "null", as any sandboxed page does.
      /^https?:/.test(origin) &&
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
    fetch: deps.fetch ?? guardedFetch,
    // A slow or endless answer from a service's server must not block ours (E7).
    fetchResponseBodyLimits: {
      jwks_uri: 65_536,
      sector_identifier_uri: 65_536,
      'client_id metadata document': 5120,
    },
    discovery: {
      ui_locales_supported: ['ja', 'en'],
      claims_locales_supported: ['ja', 'en'],
      prompt_values_supported: [...promptValues],
    },
    routes: {
      authorization: pathOf('authorization'),
      token: pathOf('token'),
      userinfo: pathOf('userinfo'),
      jwks: pathOf('jwks'),
      pushed_authorization_request: pathOf('pushed_authorization_request'),
      introspection: pathOf('introspection'),
      revocation: pathOf('revocation'),
      end_session: pathOf('end_session'),
    },
    renderError: async (ctx, out, error) => {
      if (await offerSignOut(ctx, error, { pages, nameOf, keyIds })) return;
      // No route matched: `ctx.oidc` exists only behind a matched route.
      const { route } = (ctx.oidc as typeof ctx.oidc | undefined) ?? {};
      const { uid } = (ctx.params as { uid?: string } | undefined) ?? {};
      // Another tab changed the session's identifier, or the login is over: its pages tell which (S11).
      const lost = route === 'resume' && error instanceof errors.SessionNotFound && uid !== undefined;
      await pages.error(ctx, {
        error: out.error,
        description: out.error_description ?? '',
        status: ctx.status,
        ...(lost ? { lost, tryAgain: `/interaction/${uid}` } : {}),
        ...(route === 'end_session_confirm' ? { tryAgain: pathOf('end_session') } : {}),
      });
    },
  };
}

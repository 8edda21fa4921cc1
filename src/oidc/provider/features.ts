import type { Configuration as ProviderConfiguration, KoaContextWithOIDC } from 'oidc-provider';
import type { ServiceName } from '../../login/ports.ts';
import type { IssuedToken } from '../issued-assurance.ts';
import type { OidcPages } from '../pages.ts';

/** A client's name in the languages of the pages. */
type NameOf = (clientId: string) => Promise<ServiceName>;

/** Asks before signing out (C36), even with a valid hint: a hint does not show what the user wants. */
async function askToSignOut(pages: OidcPages, nameOf: NameOf, ctx: KoaContextWithOIDC): Promise<void> {
  const { session, client } = ctx.oidc;
  const secret = session?.state?.secret;
  if (typeof secret !== 'string') throw new Error('a sign-out without a token');
  await pages.signOut(ctx, {
    formAction: ctx.oidc.urlFor('end_session_confirm'),
    xsrf: secret,
    ...(client === undefined ? {} : { service: await nameOf(client.clientId) }),
  });
}

/** The enabled protocol features. Experimental features that are not named here are off. */
export function featureConfiguration(
  pages: OidcPages,
  nameOf: NameOf,
  isEnough: (token: IssuedToken) => Promise<boolean>,
): NonNullable<ProviderConfiguration['features']> {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: true },
    claimsParameter: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    revocation: {
      enabled: true,
      // RFC 7009 §2.1: a client revokes its own tokens only, and learns nothing about other clients' tokens.
      allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
    },
    introspection: {
      enabled: true,
      // RFC 7662 §2.1: callers authenticate; a public client sees its own tokens only.
      // A token issued for less than its client requires now is inactive (S4).
      allowedPolicy: async (_ctx, client, token) =>
        (client.clientAuthMethod !== 'none' || token.clientId === client.clientId) && (await isEnough(token)),
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx) => askToSignOut(pages, nameOf, ctx),
      postLogoutSuccessSource: async (ctx) => {
        const { client } = ctx.oidc;
        await pages.signedOut(ctx, client === undefined ? {} : { service: await nameOf(client.clientId) });
      },
    },
    // Not requested yet; each is switched on with its own tests.
    dPoP: { enabled: false },
    resourceIndicators: { enabled: false },
    registration: { enabled: false },
    deviceFlow: { enabled: false },
    ciba: { enabled: false, deliveryModes: ['poll'] },
  };
}

import * as client from 'openid-client';

export interface RelyingPartySettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** This service's own address. */
  url: string;
}

/** What must be kept between the start and the end of a login. */
export interface LoginStarted {
  address: string;
  state: string;
  nonce: string;
  codeVerifier: string;
  maxAge: number | undefined;
}

/** What the service knows about the signed-in user. */
export interface SignedIn {
  /** Claims of the verified ID token, and those of userinfo beside them. */
  claims: Readonly<Record<string, unknown>>;
  idToken: string;
}

/** A service signing in through the identity provider, as specified (OpenID Connect Core §3.1, PKCE). */
export interface RelyingParty {
  start(parameters: Readonly<Record<string, string>>): Promise<LoginStarted>;
  /** @throws the client's own errors: refused at the provider, or anything that does not verify. */
  finish(callback: URL, started: LoginStarted): Promise<SignedIn>;
  /** Where RP-initiated logout begins. */
  signOutAddress(idToken: string): Promise<string>;
}

const timeoutSeconds = 10;

export function createRelyingParty({
  issuer,
  clientId,
  clientSecret,
  url,
}: RelyingPartySettings): RelyingParty {
  let discovered: Promise<client.Configuration> | undefined;
  // The service may be up before the provider: a failed discovery is repeated at the next login.
  function provider(): Promise<client.Configuration> {
    discovered ??= client
      .discovery(new URL(issuer), clientId, clientSecret, client.ClientSecretBasic(clientSecret), {
        // Plain http is allowed on loopback; the ID token's signature is still verified against the JWKS.
        execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
        timeout: timeoutSeconds,
      })
      .catch((error: unknown) => {
        discovered = undefined;
        throw error;
      });
    return discovered;
  }

  return {
    async start(parameters) {
      const codeVerifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const nonce = client.randomNonce();
      const address = client.buildAuthorizationUrl(await provider(), {
        scope: 'openid profile email',
        ...parameters,
        redirect_uri: `${url}/callback`,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
      const maxAge = parameters.max_age === undefined ? undefined : Number(parameters.max_age);
      return { address: address.href, state, nonce, codeVerifier, maxAge };
    },

    async finish(callback, started) {
      const configuration = await provider();
      const tokens = await client.authorizationCodeGrant(configuration, callback, {
        expectedState: started.state,
        expectedNonce: started.nonce,
        pkceCodeVerifier: started.codeVerifier,
        ...(started.maxAge === undefined ? {} : { maxAge: started.maxAge }),
      });
      const idToken = tokens.claims();
      if (idToken === undefined || tokens.id_token === undefined) throw new Error('there is no ID token');
      const userinfo = await client.fetchUserInfo(configuration, tokens.access_token, idToken.sub);
      return { claims: { ...userinfo, ...idToken }, idToken: tokens.id_token };
    },

    async signOutAddress(idToken) {
      return client.buildEndSessionUrl(await provider(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${url}/`,
      }).href;
    },
  };
}

/** OAuth's error and description of a failed login, as a page may show them. */
export function protocolError(error: unknown): { error: string; description: string } | undefined {
  if (!(error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError)) {
    return undefined;
  }
  return { error: error.error, description: error.error_description ?? '' };
}

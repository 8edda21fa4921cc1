import type { ClientMetadata } from './metadata.ts';
import { firstPartyApps, type FirstPartyApp } from './first-party.ts';

/** The clients that are part of this program. */
export function builtInClients(issuer: string): ClientMetadata[] {
  return firstPartyApps.map((place) => ownClient(issuer, place));
}

/**
 * `response_type=none`: our own pages need the session only, so they get neither code nor token. There is
 * nothing to redeem and no secret to keep.
 */
export function ownClient(issuer: string, place: FirstPartyApp): ClientMetadata {
  const { clientId, name, home, redirectPath, essentialAcrValues } = place;
  return {
    client_id: clientId,
    client_name: name.en,
    'client_name#ja': name.ja,
    client_uri: `${issuer}${home}`,
    initiate_login_uri: `${issuer}${home}`,
    application_type: 'web',
    redirect_uris: [`${issuer}${redirectPath}`],
    post_logout_redirect_uris: [`${issuer}${home}`],
    response_types: ['none'],
    token_endpoint_auth_method: 'none',
    subject_type: 'public',
    scope: 'openid',
    id_token_signed_response_alg: 'RS256',
    contacts: [],
    second_factor: 'required',
    trusted_browser_days: 0,
    passkey_sign_in: false,
    consent: 'implicit',
    claims: [],
    // A request with the response type none cannot carry `claims`, so the client's defaults ask for them.
    ...(essentialAcrValues === undefined ? {} : { essential_acr_values: essentialAcrValues }),
  };
}

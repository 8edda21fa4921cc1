import { ownPageClient } from '../factors/changes/changer.ts';
import type { ClientMetadata } from './client-metadata.ts';

/** The client by which users sign in to their own page: built in, never in the table of clients. */
export const ownClientId = ownPageClient;

/** Where the login of the own page comes back to. */
export const ownRedirectPath = '/account/signed-in';

/**
 * `response_type=none`: the session is all that the own page needs, so it gets neither code nor token.
 * There is nothing to redeem, and no secret to keep.
 */
export function ownClient(issuer: string): ClientMetadata {
  return {
    client_id: ownClientId,
    client_name: 'Your own page',
    'client_name#ja': 'ご自分のページ',
    client_uri: `${issuer}/account`,
    initiate_login_uri: `${issuer}/account`,
    application_type: 'web',
    redirect_uris: [`${issuer}${ownRedirectPath}`],
    post_logout_redirect_uris: [`${issuer}/account`],
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
  };
}

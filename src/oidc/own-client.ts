import { acrValues } from '../factors/assurance.ts';
import { ownPageClient } from '../factors/changes/changer.ts';
import type { ClientMetadata } from './client-metadata.ts';

/** Pages of ours that people sign in to as they do to any service. */
export interface OwnPlace {
  /** Built in, never in the table of clients. */
  clientId: string;
  name: { en: string; ja: string };
  /** Where it begins, and where its pages lie. */
  home: string;
  folders: readonly string[];
  /** Where its login comes back to. */
  redirectPath: string;
  /** Nothing less is good enough here, whatever a request says. */
  essentialAcrValues?: readonly string[];
}

/** The user's own page. */
export const accountPlace: OwnPlace = {
  clientId: ownPageClient,
  name: { en: 'Your own page', ja: 'ご自分のページ' },
  home: '/account',
  folders: ['account'],
  redirectPath: '/account/signed-in',
};

/** The pages for staff: a mailed code is not enough (A41), and who has nothing better is told so. */
export const staffPlace: OwnPlace = {
  clientId: 'nijo-staff',
  name: { en: 'Support centre and operation', ja: 'サポート窓口・運用' },
  home: '/desk',
  folders: ['desk', 'operator'],
  redirectPath: '/desk/signed-in',
  essentialAcrValues: [acrValues.mfa],
};

const places = [accountPlace, staffPlace];

export function isBuiltIn(clientId: string): boolean {
  return places.some((place) => place.clientId === clientId);
}

/** The clients that are part of this program. */
export function builtInClients(issuer: string): ClientMetadata[] {
  return places.map((place) => ownClient(issuer, place));
}

/**
 * `response_type=none`: the session is all that pages of ours need, so they get neither code nor token.
 * There is nothing to redeem, and no secret to keep.
 */
export function ownClient(issuer: string, place: OwnPlace): ClientMetadata {
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
    // A request with the response type none can carry no `claims` of its own, so the client says it.
    ...(essentialAcrValues === undefined ? {} : { essential_acr_values: essentialAcrValues }),
  };
}

import { acrValues } from '../../factors/assurance.ts';
import { ownPageClient } from '../../factors/account-user.ts';

/** Our own pages, which users sign in to as they do to any service. */
export interface FirstPartyApp {
  /** Built in; never in the table of clients. */
  clientId: string;
  name: { en: string; ja: string };
  /** Its start page, and the folders of its pages. */
  home: string;
  folders: readonly string[];
  /** The redirect URI of its login. */
  redirectPath: string;
  /** The least assurance accepted here, whatever a request says. */
  essentialAcrValues?: readonly string[];
}

/** The user's own account pages. */
export const accountApp: FirstPartyApp = {
  clientId: ownPageClient,
  name: { en: 'Your own page', ja: 'ご自分のページ' },
  home: '/account',
  folders: ['account'],
  redirectPath: '/account/signed-in',
};

/** The pages for staff: a mailed code is not enough (A41), and a user with no stronger factor is told so. */
export const staffApp: FirstPartyApp = {
  clientId: 'nijo-staff',
  name: { en: 'Support centre and operation', ja: 'サポート窓口・運用' },
  home: '/desk',
  folders: ['desk', 'operator'],
  redirectPath: '/desk/signed-in',
  essentialAcrValues: [acrValues.mfa],
};

export const firstPartyApps = [accountApp, staffApp];

export function isBuiltIn(clientId: string): boolean {
  return firstPartyApps.some((place) => place.clientId === clientId);
}

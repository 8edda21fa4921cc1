import type { Account } from '../accounts/directory.ts';

/** Claims by the scope that asks for them (OpenID Connect Core §5.4, eduPerson's affiliation). */
const claimsOfScope = {
  profile: ['name', 'name#en', 'name#ja', 'preferred_username', 'locale'],
  email: ['email', 'email_verified'],
  affiliation: ['affiliation'],
} as const satisfies Record<string, readonly string[]>;

/** Scopes a client may ask for. */
export const scopeNames: readonly string[] = ['openid', 'offline_access', ...Object.keys(claimsOfScope)];

/** Claims that an operator releases to individual clients. */
export const releasableClaims = Object.values(claimsOfScope).flat();
export type ReleasableClaim = (typeof releasableClaims)[number];

/** The provider's `claims` setting. The claims that say how the user signed in go into every ID token. */
export const claimsConfiguration = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  ...Object.fromEntries(Object.entries(claimsOfScope).map(([scope, claims]) => [scope, [...claims]])),
};

/** Whether a client may receive this claim. A client without its own list gets what its scopes name. */
export function mayRelease(claims: readonly string[] | undefined, claim: string): boolean {
  return claims === undefined || claims.includes(claim);
}

/**
 * The claims about an account that the client may receive. Only what was verified is reported as verified:
 * the directory's address has no `email_verified`.
 * @param locales `ui_locales` or `claims_locales` of the request, most preferred first.
 */
export function claimsOf(
  account: Account,
  released: readonly string[] | undefined,
  locales: readonly string[],
): Record<string, string> {
  const preferred = [...locales, account.locale ?? '']
    .find((locale) => /^(en|ja)\b/.test(locale))
    ?.slice(0, 2);
  const { en, ja } = account.names;
  const name = preferred === 'en' ? (en ?? ja) : (ja ?? en);
  const all: Partial<Record<ReleasableClaim, string | undefined>> = {
    name,
    'name#en': en,
    'name#ja': ja,
    preferred_username: account.loginId,
    locale: account.locale,
    email: account.email,
    affiliation: account.affiliation,
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && mayRelease(released, entry[0]),
    ),
  );
}

import type { Configuration as ProviderConfiguration } from 'oidc-provider';
import type { Sealer } from '../base/sealing.ts';

export interface CookieNames {
  session: string;
  interaction: string;
  resume: string;
}

/**
 * Names of the provider's cookies (C22). `__Host-` needs the path `/`, which the cookies of one login
 * do not have: they are sent to their own login only. On http (the trial, on loopback) browsers
 * refuse both prefixes.
 */
export function cookieNames(issuer: string): CookieNames {
  const secure = issuer.startsWith('https:');
  return {
    session: `${secure ? '__Host-' : ''}nijo-session`,
    interaction: `${secure ? '__Secure-' : ''}nijo-interaction`,
    resume: `${secure ? '__Secure-' : ''}nijo-resume`,
  };
}

/** Signed with every generation's key, so that a new secret signs nobody out. */
export function cookieConfiguration(
  issuer: string,
  sealer: Sealer,
): NonNullable<ProviderConfiguration['cookies']> {
  const flags = {
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    signed: true,
  } as const;
  return {
    names: { ...cookieNames(issuer) },
    keys: sealer.keys('cookie').map((key) => key.toString('base64')),
    long: { ...flags },
    short: { ...flags },
  };
}

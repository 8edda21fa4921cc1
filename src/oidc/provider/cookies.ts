import type { Configuration as ProviderConfiguration, KoaContextWithOIDC } from 'oidc-provider';
import type { Sealer } from '../../base/sealing.ts';

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

/** Takes away the provider's cookie that leads to the pages of a login. */
export function forgetPages(ctx: KoaContextWithOIDC, issuer: string, uid: string): void {
  expire(ctx, issuer, 'interaction', `/interaction/${uid}`);
}

/** Takes away both of the provider's cookies of a login. */
export function forgetLogin(ctx: KoaContextWithOIDC, issuer: string, uid: string): void {
  forgetPages(ctx, issuer, uid);
  expire(ctx, issuer, 'resume', `/authorize/${uid}`);
}

/** With the cookie's signature, which is a cookie of its own; signing nothing would only make headers longer. */
function expire(ctx: KoaContextWithOIDC, issuer: string, cookie: keyof CookieNames, path: string): void {
  const secure = issuer.startsWith('https:');
  const name = cookieNames(issuer)[cookie];
  for (const each of [name, `${name}.sig`])
    ctx.cookies.set(each, null, { path, secure, httpOnly: true, sameSite: 'lax', signed: false });
}

import type { Configuration as ProviderConfiguration, KoaContextWithOIDC } from 'oidc-provider';
import type { Sealer } from '../../base/sealing.ts';

export interface CookieNames {
  session: string;
  interaction: string;
  resume: string;
}

/**
 * Names of the provider's cookies (C22). `__Host-` requires the path `/`, but the cookies of a login have the
 * path of that login. On http (the trial, on loopback) browsers reject both prefixes.
 */
export function cookieNames(issuer: string): CookieNames {
  const secure = issuer.startsWith('https:');
  return {
    session: `${secure ? '__Host-' : ''}nijo-session`,
    interaction: `${secure ? '__Secure-' : ''}nijo-interaction`,
    resume: `${secure ? '__Secure-' : ''}nijo-resume`,
  };
}

/** Verified with every generation's key, so that a new secret signs nobody out. */
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

/** Deletes the provider's cookie that leads to the pages of a login. */
export function forgetPages(ctx: KoaContextWithOIDC, issuer: string, uid: string): void {
  expire(ctx, issuer, 'interaction', `/interaction/${uid}`);
}

/** Deletes both of the provider's cookies of a login. */
export function forgetLogin(ctx: KoaContextWithOIDC, issuer: string, uid: string): void {
  forgetPages(ctx, issuer, uid);
  expire(ctx, issuer, 'resume', `/authorize/${uid}`);
}

/** Also deletes the signature cookie. The deletion is not signed: that would only make the headers longer. */
function expire(ctx: KoaContextWithOIDC, issuer: string, cookie: keyof CookieNames, path: string): void {
  const secure = issuer.startsWith('https:');
  const name = cookieNames(issuer)[cookie];
  for (const each of [name, `${name}.sig`])
    ctx.cookies.set(each, null, { path, secure, httpOnly: true, sameSite: 'lax', signed: false });
}

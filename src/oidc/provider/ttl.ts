import type { Configuration as ProviderConfiguration } from 'oidc-provider';
import type { Configuration } from '../../config/schema.ts';

const epoch = (): number => Math.floor(Date.now() / 1000);

export interface Lifetimes {
  providerTtl: NonNullable<ProviderConfiguration['ttl']>;
  /** Seconds after which a session ends, even when in use. */
  sessionSeconds: number;
  /** Longest life, from now, of anything issued under a grant. */
  tokenSeconds: number;
}

/** Lifetimes in seconds. Each is set when an item is stored; the database's clock ends it. */
export function ttlConfiguration(config: Configuration): Lifetimes {
  const idle = config.sessions.idle_minutes * 60;
  const sessionSeconds = config.sessions.absolute_hours * 3600;
  const accessToken = config.tokens.access_token_minutes * 60;
  const refreshToken = config.tokens.refresh_token_days * 86_400;
  const tokenSeconds = Math.max(refreshToken, accessToken, sessionSeconds);
  return {
    sessionSeconds,
    tokenSeconds,
    providerTtl: {
      AccessToken: accessToken,
      // RFC 9700 and control C31: a code lives long enough for one request.
      AuthorizationCode: 60,
      IdToken: config.tokens.id_token_minutes * 60,
      // The whole family ends at a fixed time after its first token (C29).
      RefreshToken: (_ctx, token) => Math.max(1, (token.iiat ?? epoch()) + refreshToken - epoch()),
      Interaction: config.sessions.interaction_minutes * 60,
      // Every use extends it (idle timeout), but never past its absolute end (C37).
      Session: (_ctx, session) =>
        Math.max(1, Math.min(idle, (session.loginTs ?? epoch()) + sessionSeconds - epoch())),
      // Longer than anything issued under it: it is renewed when less than `tokenSeconds` is left.
      Grant: tokenSeconds + sessionSeconds,
    },
  };
}

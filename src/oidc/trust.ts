import type { IncomingMessage } from 'node:http';
import type { ClientMetadata } from './clients/metadata.ts';

/** What the outer application knows of trusted browsers: addresses, cookies and rows (R31). */
export interface BrowserTrust {
  /** Whether trust is switched on, and counts where this request comes from. */
  allowedFrom(req: IncomingMessage): boolean;
  /** Whether the account trusts the browser of this request, given at most `days` ago. */
  holds(req: IncomingMessage, accountId: string, days: number): Promise<boolean>;
  /**
   * Whether the account trusts any browser, given at most `days` ago: for what is asked without one, such as a
   * refresh. Where it cannot be asked, none is trusted.
   */
  holdsAny?(accountId: string, days: number): Promise<boolean>;
}

type Params = Readonly<Record<string, unknown>>;

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** A request that names what it wants proven, or when, wants it proven now and not remembered. */
function asksForProof(params: Params): boolean {
  if (given(params.max_age) || given(params.acr_values)) return true;
  if (typeof params.prompt === 'string' && params.prompt.split(' ').includes('login')) return true;
  if (!given(params.claims)) return false;
  const claims: unknown = typeof params.claims === 'string' ? JSON.parse(params.claims) : params.claims;
  return given((claims as { id_token?: { acr?: unknown } | null } | null)?.id_token?.acr);
}

/**
 * The days that the client lets a browser be trusted; undefined where it does not, or where this request
 * asks for more than a password by itself. The same for the policy and for the login pages.
 */
export function trustDaysOf(params: Params, settings: ClientMetadata | undefined): number | undefined {
  const days = settings?.trusted_browser_days ?? 0;
  return days <= 0 || asksForProof(params) ? undefined : days;
}

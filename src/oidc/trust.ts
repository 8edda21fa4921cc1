import type { IncomingMessage } from 'node:http';
import type { ClientMetadata } from './clients/metadata.ts';

/** What the outer application knows about trusted browsers: addresses, cookies and rows (R31). */
export interface BrowserTrust {
  /** Whether trust is switched on and allowed from this request's address. */
  allowedFrom(req: IncomingMessage): boolean;
  /** Whether the account has trusted the browser of this request within the last `days` days. */
  holds(req: IncomingMessage, accountId: string, days: number): Promise<boolean>;
  /**
   * Whether the account has trusted any browser within the last `days` days: for requests without a browser,
   * such as a refresh. Where this cannot be read, no browser counts as trusted.
   */
  holdsAny?(accountId: string, days: number): Promise<boolean>;
}

type Params = Readonly<Record<string, unknown>>;

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** A request that names an assurance level or an age wants a proof now, not a remembered one. */
function asksForProof(params: Params): boolean {
  if (given(params.max_age) || given(params.acr_values)) return true;
  if (typeof params.prompt === 'string' && params.prompt.split(' ').includes('login')) return true;
  if (!given(params.claims)) return false;
  const claims: unknown = typeof params.claims === 'string' ? JSON.parse(params.claims) : params.claims;
  return given((claims as { id_token?: { acr?: unknown } | null } | null)?.id_token?.acr);
}

/**
 * How many days the client lets a user trust a browser; undefined where it does not, or where this request
 * itself asks for more than a password. The same for the policy and for the login pages.
 */
export function trustDaysOf(params: Params, settings: ClientMetadata | undefined): number | undefined {
  const days = settings?.trusted_browser_days ?? 0;
  return days <= 0 || asksForProof(params) ? undefined : days;
}

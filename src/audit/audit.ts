import type { Db } from '../db/open.ts';

/** The origin of a request; every audit row of that request carries it. */
export interface RequestOrigin {
  requestId: string;
  /** The client's address as established through trusted proxies only (C26). */
  address: string;
  node: string;
  /** The browser's User-Agent, cut short; for users to read, never a proof, and not part of the row. */
  userAgent?: string;
}

/** Stable names; `docs/audit.md` lists what each means. */
export type AuditEventName =
  | 'password.verified'
  | 'password.refused'
  | 'password.limited'
  | 'password.rehashed'
  | 'password.set'
  | 'mail-code.sent'
  | 'mail-code.limited'
  | 'mail-code.verified'
  | 'mail-code.refused'
  | 'app-code.verified'
  | 'app-code.refused'
  | 'factor.paused'
  | 'factor.mail-enrolled'
  | 'factor.app-enrolled'
  | 'factor.acknowledged'
  | 'factor.app-removed'
  | 'factor.mail-removed'
  | 'factor.mail-changed'
  | 'factor.renamed'
  | 'factor.checked'
  | 'factor.reset'
  | 'factor.disabled'
  | 'factor.released'
  | 'factor.address-confirmed'
  | 'factor.address-failed'
  | 'recovery-codes.made'
  | 'recovery-codes.removed'
  | 'recovery-code.verified'
  | 'recovery-code.refused'
  | 'passkey.registered'
  | 'passkey.removed'
  | 'passkey.verified'
  | 'passkey.refused'
  | 'browser.trusted'
  | 'browser.trust-used'
  | 'browser.trust-ended'
  | 'browser.trust-theft'
  | 'browser.new'
  | 'account.not-me'
  | 'account.unfrozen'
  | 'session.ended-by-user'
  | 'grant.revoked'
  | 'offer.skipped'
  | 'sign-in.finished'
  | 'sign-in.cancelled'
  | 'sign-in.refused'
  | 'session.ended'
  | 'token.reuse-detected'
  | 'account.imported'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.ended'
  | 'account.reopened'
  | 'account.roles-set'
  | 'desk.case-filed'
  | 'desk.account-searched'
  | 'desk.account-viewed'
  | 'desk.case-opened'
  | 'desk.identity-checked'
  | 'desk.approved'
  | 'desk.pass-issued'
  | 'desk.pass-withdrawn'
  | 'desk.refused'
  | 'desk.case-expired'
  | 'desk.day-set'
  | 'desk.day-removed'
  | 'desk.hours-set'
  | 'desk.figures-read'
  | 'staff.refused'
  | 'setup-pass.verified'
  | 'setup-pass.refused'
  | 'factor.set-up-by-pass'
  | 'audit.exported'
  | 'client.applied'
  | 'client.removed'
  | 'client.disabled'
  | 'client.enabled'
  | 'database.restored'
  | 'key.rotated';

export interface AuditEvent {
  event: AuditEventName;
  result: 'success' | 'failure';
  /** The actor: an account's id, `cli:<user>` or `system`. */
  actor?: string;
  /** The account concerned. */
  accountId?: string;
  clientId?: string;
  /** The methods: `pwd`, `mail`, `app`. */
  method?: string;
  /** The reason, in stable words; never a secret, a code or a whole address. */
  details?: Readonly<Record<string, string | number | boolean>>;
}

/** The `audit_events` rows for these events, for a statement that also writes something else. */
export function auditRows(origin: RequestOrigin | undefined, events: readonly AuditEvent[]) {
  return events.map((event) => ({
    event: event.event,
    result: event.result,
    actor: event.actor ?? event.accountId ?? null,
    account_id: event.accountId ?? null,
    client_id: event.clientId ?? null,
    method: event.method ?? null,
    request_id: origin?.requestId ?? null,
    address: origin?.address ?? null,
    node: origin?.node ?? null,
    details: JSON.stringify(event.details ?? {}),
  }));
}

/**
 * Appends events (C42). Pass the transaction of the change that they record, so that neither exists without
 * the other (I3); a failure that rolls back is recorded after the rollback.
 */
export async function recordAudit(
  db: Db,
  origin: RequestOrigin | undefined,
  ...events: readonly AuditEvent[]
): Promise<void> {
  if (events.length === 0) return;
  await db.insertInto('audit_events').values(auditRows(origin, events)).execute();
}

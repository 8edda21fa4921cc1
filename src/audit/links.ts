import { createHmac } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';

/**
 * One event exactly as the database has it: all text, so that no driver rounds or reformats anything, and the
 * time in microseconds.
 */
export interface ChainedEvent {
  id: string;
  at: string;
  event: string;
  result: string;
  actor: string | null;
  account_id: string | null;
  client_id: string | null;
  method: string | null;
  request_id: string | null;
  address: string | null;
  node: string | null;
  details: string;
}

/** A place in the chain. */
export interface Link {
  /** 1, 2, 3 …, without gaps. */
  position: number;
  digest: string;
}

/** The link before the first one. */
export const beginning: Link = { position: 0, digest: '' };

/** The instance's secret that keys the chain; with only a dump of the database nobody can forge a link. */
export const chainKeyName = 'audit-chain-key';

/** The columns of `audit_events e` as `ChainedEvent`; all null where a join finds no event. */
export const chainedColumns: RawBuilder<unknown> = sql`
  e.id::text as id, (extract(epoch from e.at) * 1000000)::bigint::text as at, e.event, e.result, e.actor,
  e.account_id, e.client_id, e.method, e.request_id, e.address, e.node, e.details::text as details`;

/**
 * The digest of a link: over the previous link, its own position and everything in the event. JSON separates
 * the parts, so that no two events have the same input.
 * @param event undefined where the event was gone before it could be linked: the digest records that too.
 */
export function digestOf(
  key: Buffer,
  previous: string,
  position: number,
  eventId: string,
  event: ChainedEvent | undefined,
): string {
  const said =
    event === undefined
      ? null
      : [
          event.id,
          event.at,
          event.event,
          event.result,
          event.actor,
          event.account_id,
          event.client_id,
          event.method,
          event.request_id,
          event.address,
          event.node,
          event.details,
        ];
  return createHmac('sha256', key)
    .update(JSON.stringify([previous, position, eventId, said]))
    .digest('base64url');
}

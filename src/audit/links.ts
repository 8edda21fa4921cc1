import { createHmac } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';

/**
 * One event exactly as the database has it: text throughout, so that no driver rounds or reformats anything,
 * and the time in microseconds.
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
  /** 1, 2, 3 …, without a gap. */
  position: number;
  digest: string;
}

/** Before the first link. */
export const beginning: Link = { position: 0, digest: '' };

/** The instance's secret that keys the chain; who has the database's dump alone cannot forge a link. */
export const chainKeyName = 'audit-chain-key';

/** The columns of `audit_events e` as `ChainedEvent`; all null where a join finds no event. */
export const chainedColumns: RawBuilder<unknown> = sql`
  e.id::text as id, (extract(epoch from e.at) * 1000000)::bigint::text as at, e.event, e.result, e.actor,
  e.account_id, e.client_id, e.method, e.request_id, e.address, e.node, e.details::text as details`;

/**
 * The digest of a link: over the link before, its own position and everything that the event says. JSON
 * keeps the parts apart, so that no two events read the same.
 * @param event undefined where the event was gone before it could be linked: that too is written down.
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

import type { ChainedEvent, Link } from './links.ts';

/** What is wrong with an event, or with the chain. */
export type FindingKind =
  /** The event's content is not what was linked. */
  | 'changed'
  /** The event holds what another event held when that one was linked. */
  | 'reordered'
  /** The event was linked, and is gone. */
  | 'missing'
  /** A place in the chain is gone; the event linked there is gone too, or is reported as `added`. */
  | 'gap'
  /** The event is unchanged, but its link is not. */
  | 'link-changed'
  /** In the log, never linked, and not queued: the program did not write it. */
  | 'added'
  /** The event has waited for its link for more than a minute: no node links, or none can. */
  | 'unlinked'
  /** Its time is long before that of the previously linked event. */
  | 'backdated'
  /** The chain ends before a place that an anchor names. */
  | 'cut-off'
  /** The chain had another digest at this place when the anchor was written. */
  | 'rewritten';

export interface Finding {
  kind: FindingKind;
  position?: number;
  event?: string;
  /** The other event of `reordered`, the other end of a `gap`, or when an anchor was written. */
  other?: string;
}

/** One place of the chain with the event that it names. */
export interface Linked {
  link: Link;
  eventId: string;
  event: ChainedEvent | undefined;
}

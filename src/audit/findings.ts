import type { ChainedEvent, Link } from './links.ts';

/** What is wrong with an event, or with the chain. */
export type FindingKind =
  /** The event does not say what was linked. */
  | 'changed'
  /** It says what another event said when that was linked. */
  | 'reordered'
  /** Linked, and gone. */
  | 'missing'
  /** A place in the chain is gone; what was linked there is gone too, or found as `added`. */
  | 'gap'
  /** The event is as it was, and its link is not. */
  | 'link-changed'
  /** In the log, never linked, and not waiting to be: put there past the program. */
  | 'added'
  /** Has waited for its link for more than a minute: no node links, or none can. */
  | 'unlinked'
  /** Its time is long before that of the event linked before it. */
  | 'backdated'
  /** The chain ends before a place that an anchor names. */
  | 'cut-off'
  /** The chain had another digest at this place when the anchor was written. */
  | 'rewritten';

export interface Finding {
  kind: FindingKind;
  position?: number;
  event?: string;
  /** The other event of `reordered`, the other end of a `gap`, when an anchor was written. */
  other?: string;
}

/** One place of the chain with the event that it names. */
export interface Linked {
  link: Link;
  eventId: string;
  event: ChainedEvent | undefined;
}

import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * How urgent work is while it waits for a database connection. `probe`: whether this node can serve;
 * `back-channel`: a service that holds a code or token while its user waits; `page`: a user's request;
 * `background`: work that nobody waits for.
 */
export type Lane = 'probe' | 'back-channel' | 'page' | 'background';

/** The request, or piece of work, that asks for a connection. */
export interface Traveller {
  lane: Lane;
  /** When it began, by the monotonic clock: within a lane, the oldest goes first. */
  since: number;
  /** The network it came from, if any. */
  source: string;
}

// The storage holds no state itself: each request carries its own entry through all it awaits.
const travellers = new AsyncLocalStorage<Traveller>();

/** Runs `work`, and whatever it starts, in a lane. */
export function inLane<Result>(
  { lane, source = '' }: { lane: Lane; source?: string },
  work: () => Result,
): Result {
  return travellers.run({ lane, source, since: performance.now() }, work);
}

/** The work that waits: outside a request it has no source, is background work, and begins now. */
export function traveller(): Traveller {
  return travellers.getStore() ?? { lane: 'background', source: '', since: performance.now() };
}

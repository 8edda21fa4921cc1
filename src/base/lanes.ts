import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * How urgent work is where it has to wait for a connection of the database. `probe`: whether this node can serve;
 * `back-channel`: a service that holds a code or token and whose user waits behind it; `page`: a person's request;
 * `background`: what nobody waits for.
 */
export type Lane = 'probe' | 'back-channel' | 'page' | 'background';

/** The request, or piece of work, that asks for a connection. */
export interface Traveller {
  lane: Lane;
  /** When it began, by the monotonic clock: of one lane, whoever began first goes first. */
  since: number;
  /** The network it came from, where it came from one. */
  source: string;
}

// It holds nothing itself: each request carries its own entry through whatever it awaits.
const travellers = new AsyncLocalStorage<Traveller>();

/** Runs `work`, and whatever it starts, in a lane. */
export function inLane<Result>(
  { lane, source = '' }: { lane: Lane; source?: string },
  work: () => Result,
): Result {
  return travellers.run({ lane, source, since: performance.now() }, work);
}

/** Who waits: what runs in no request is nobody's, and begins now. */
export function traveller(): Traveller {
  return travellers.getStore() ?? { lane: 'background', source: '', since: performance.now() };
}

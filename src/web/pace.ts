import { createFairQueue, type FairQueue } from '../base/fair-queue.ts';
import { inLane } from '../base/lanes.ts';
import type { NijoMiddleware } from './context.ts';

// A service calls these while its user waits, close to the end of a login: they take precedence.
const backChannel: ReadonlySet<string> = new Set([
  '/token',
  '/userinfo',
  '/introspect',
  '/revoke',
  '/par',
  '/jwks',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
]);

// Precedence is not exclusive: after this many back-channel requests, a waiting page is served. Anybody can
// request `/jwks` without end.
const passedOverAtMost = 8;

/**
 * Begins one request in each turn of the event loop, the protocol's back channel first. When hundreds arrive
 * at once, this process polls its sockets between any two of them, so that health is answered at once and
 * results from the database are processed. Networks alternate, so that one that sends thousands does not
 * delay others. Each request keeps its place in the order of arrival where it waits later (`db/turns.ts`).
 * @param networkOf what counts as one source of requests
 */
export function paceRequests(networkOf: (address: string) => string): NijoMiddleware {
  // The number of connections bounds the queue (`server.max_connections`).
  const queue = (): FairQueue<() => void> => createFairQueue(Number.POSITIVE_INFINITY);
  const waiting = { 'back-channel': queue(), page: queue() };
  let begunInThisTurn = false;
  let passedOver = 0;

  function following(): (() => void) | undefined {
    const pageIsDue = passedOver >= passedOverAtMost;
    const ofBackChannel = pageIsDue && waiting.page.length > 0 ? undefined : waiting['back-channel'].shift();
    passedOver = ofBackChannel === undefined || waiting.page.length === 0 ? 0 : passedOver + 1;
    return ofBackChannel ?? waiting.page.shift();
  }

  function nextTurn(): void {
    const begin = following();
    begunInThisTurn = begin !== undefined;
    if (begin === undefined) return;
    setImmediate(nextTurn);
    begin();
  }

  return (ctx, next) => {
    if (ctx.path.startsWith('/health/')) return next();
    const lane = backChannel.has(ctx.path) ? 'back-channel' : 'page';
    const source = networkOf(ctx.state.origin.address);
    return inLane({ lane, source }, async () => {
      if (begunInThisTurn) {
        await new Promise<void>((begin) => {
          waiting[lane].push(source, begin);
        });
      } else {
        begunInThisTurn = true;
        setImmediate(nextTurn);
      }
      return next();
    });
  };
}

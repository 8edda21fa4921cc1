import { createFairQueue, type FairQueue } from '../base/fair-queue.ts';
import { inLane } from '../base/lanes.ts';
import type { NijoMiddleware } from './context.ts';

// A service asks these, and its user waits behind it: whoever has come so far goes first.
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

// Going first is not going alone: after so many of the back channel that wait, a page has its turn. Anybody can ask
// for `/jwks` without end.
const passedOverAtMost = 8;

/**
 * Begins one request in each turn of the event loop, the protocol's back channel first. When hundreds arrive at once
 * this process looks at its sockets between any two of them, so that health is answered at once and what the
 * database has answered goes on. Networks take turns, so that one that sends thousands keeps nobody else waiting.
 * Each request keeps the place of its arrival where it waits later (`db/turns.ts`).
 * @param networkOf what counts as one source of requests
 */
export function paceRequests(networkOf: (address: string) => string): NijoMiddleware {
  // As long as there are connections (`server.max_connections`).
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

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

/**
 * Begins one request in each turn of the event loop, the protocol's back channel first. When hundreds arrive at once
 * this process looks at its sockets between any two of them, so that health is answered at once and what the
 * database has answered goes on. Each request keeps the place of its arrival where it waits later (`db/turns.ts`).
 * @param networkOf what counts as one source of requests
 */
export function paceRequests(networkOf: (address: string) => string): NijoMiddleware {
  const waiting: Record<'back-channel' | 'page', (() => void)[]> = { 'back-channel': [], page: [] };
  let begunInThisTurn = false;

  function nextTurn(): void {
    const begin = waiting['back-channel'].shift() ?? waiting.page.shift();
    begunInThisTurn = begin !== undefined;
    if (begin === undefined) return;
    setImmediate(nextTurn);
    begin();
  }

  return (ctx, next) => {
    if (ctx.path.startsWith('/health/')) return next();
    const lane = backChannel.has(ctx.path) ? 'back-channel' : 'page';
    return inLane({ lane, source: networkOf(ctx.state.origin.address) }, async () => {
      if (begunInThisTurn) {
        await new Promise<void>((begin) => {
          waiting[lane].push(begin);
        });
      } else {
        begunInThisTurn = true;
        setImmediate(nextTurn);
      }
      return next();
    });
  };
}

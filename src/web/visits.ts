import { NijoError } from '../base/errors.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';

/** Whether a visitor may view one more page that needs no sign-in; `own`: see `Visitor`. */
export type CountVisit = (visitor: {
  address: string;
  own?: string | undefined;
}) => { allowed: true } | { allowed: false; retryAfterSeconds: number };

/**
 * For the routes of public pages: refuses a network that requests too many of them (S12), before any look-up
 * in the database.
 * @param ownOf what shows, without a database query, that this is not a stranger.
 * @throws NijoError `too_many_visits`.
 */
export function limitVisits(
  count: CountVisit,
  ownOf: (ctx: NijoContext) => string | undefined,
): NijoMiddleware {
  return async (ctx, next) => {
    const counted = count({ address: ctx.state.origin.address, own: ownOf(ctx) });
    if (!counted.allowed)
      throw new NijoError('too_many_visits', { retryAfterSeconds: counted.retryAfterSeconds });
    await next();
  };
}

import { NijoError } from '../base/errors.ts';
import type { NijoContext, NijoMiddleware } from './context.ts';

/** Whether somebody may look at one more page that needs no sign-in; `own`: see `Visitor`. */
export type CountVisit = (visitor: {
  address: string;
  own?: string | undefined;
}) => { allowed: true } | { allowed: false; retryAfterSeconds: number };

/**
 * For the routes of pages that anybody can ask for: refuses a network that asks for too many of them (S12),
 * before anything is looked up.
 * @param ownOf what shows, without a look into the database, that this is no stranger.
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

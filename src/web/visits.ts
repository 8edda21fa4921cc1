import { NijoError } from '../base/errors.ts';
import type { NijoMiddleware } from './context.ts';

/** Whether an address may look at one more page that needs no sign-in. */
export type CountVisit = (
  address: string,
) => { allowed: true } | { allowed: false; retryAfterSeconds: number };

/**
 * For the routes of pages that anybody can ask for: refuses a network that asks for too many of them (S12),
 * before anything is looked up.
 * @throws NijoError `too_many_visits`.
 */
export function limitVisits(count: CountVisit): NijoMiddleware {
  return async (ctx, next) => {
    const counted = count(ctx.state.origin.address);
    if (!counted.allowed)
      throw new NijoError('too_many_visits', { retryAfterSeconds: counted.retryAfterSeconds });
    await next();
  };
}

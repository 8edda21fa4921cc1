import { type ErrorCode, NijoError } from '../base/errors.ts';
import type { NijoContext } from './context.ts';
import type { Form } from './forms.ts';
import type { Fault } from '../pages/pages.ts';

/** What the signed-in pages have in common: the users' own and the staff's. */

/** What a page shows besides stored data: the fault, and what was typed. */
export interface Shown {
  fault?: Fault;
  typed?: Form;
}

/** The decision of a form's handler; `Notice` is what the next page can say. */
export type Decision<Notice extends string> =
  /** Done: redirect to another page of ours, which says so. */
  | { kind: 'go'; to: string; done?: Notice }
  /** Nothing changed: show the same page again with present data and the fault. */
  | { kind: 'stay'; fault: Fault }
  /** The handler has already answered, with something that is shown only once. */
  | { kind: 'answered' };

export function go<Notice extends string>(to: string, done?: Notice): Decision<Notice> {
  return done === undefined ? { kind: 'go', to } : { kind: 'go', to, done };
}

export function redisplay(
  code: ErrorCode,
  field?: Fault['field'],
  details?: Fault['details'],
): Decision<never> {
  return {
    kind: 'stay',
    fault: { code, ...(field === undefined ? {} : { field }), ...(details === undefined ? {} : { details }) },
  };
}

/** Redirects by GET, so that a reload or the back button sends nothing twice. */
export function redirect(ctx: NijoContext, to: string): void {
  ctx.redirect(to);
  ctx.status = 303;
}

/**
 * The ids in a page's URL.
 * @throws NijoError `not_found` for a malformed id, such as text that the database would refuse (C45).
 */
export function plainParams(ctx: NijoContext): Record<string, string> {
  const params = (ctx as NijoContext & { params?: Record<string, unknown> }).params ?? {};
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (typeof value !== 'string' || !/^[\w-]{1,64}$/.test(value)) throw new NijoError('not_found');
      return [name, value];
    }),
  );
}

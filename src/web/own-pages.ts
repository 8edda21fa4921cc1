import { type ErrorCode, NijoError } from '../base/errors.ts';
import type { NijoContext } from './context.ts';
import type { Form } from './forms.ts';
import type { Fault } from '../pages/pages.ts';

/** What every page of ours that somebody signed in looks at has in common: the users' own and the staff's. */

/** What a page shows besides what is stored: what went wrong, and what was typed. */
export interface Shown {
  fault?: Fault;
  typed?: Form;
}

/** What the code of a form decides; `Notice` is what the page that follows can say. */
export type Decision<Notice extends string> =
  /** Done: on to another page of ours, which says so. */
  | { kind: 'go'; to: string; done?: Notice }
  /** Nothing changed: the same page again, as things are now, saying what is wrong. */
  | { kind: 'stay'; fault: Fault }
  /** The answer has been given already: what is shown only once. */
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

/** Leads on by GET, so that a reload or the back button sends nothing twice. */
export function redirect(ctx: NijoContext, to: string): void {
  ctx.redirect(to);
  ctx.status = 303;
}

/**
 * The ids in a page's address.
 * @throws NijoError `not_found` for what is no id of ours, such as text that the database would refuse (C45).
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

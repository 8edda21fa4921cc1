import type { NijoContext } from '../web/context.ts';
import type { Form } from '../web/forms.ts';
import type { Fault } from '../pages/pages.ts';
import type { InteractionDetails } from './ports.ts';
import type { Step } from './steps.ts';
import type { SignIn } from '../factors/sign-in-state.ts';

/** One request to a login's pages, with what has been established about it. */
export interface LoginRequest {
  ctx: NijoContext;
  uid: string;
  /** This browser's digest (C21). */
  browser: string;
  locale: 'en' | 'ja';
  details: InteractionDetails;
  signIn: SignIn | undefined;
  step: Step;
  /** The fault that the page of this step shows first. */
  fault?: Fault;
}

/** A request that sends a form. */
export interface Submission extends LoginRequest {
  form: Form;
  action: string;
}

/** The decision of a page's handler. It never names another page: the dispatcher computes the next one. */
export type Decision =
  /** Something changed: compute the next step and go there. */
  | { kind: 'go-on' }
  /** Nothing changed: show the same page again with the fault. */
  | { kind: 'stay'; fault: Fault }
  /** Write conflict with another request: show the present step. */
  | { kind: 'overtaken' }
  /** The login ends without success, and the service is told. */
  | { kind: 'refuse'; error: 'access_denied' | 'unmet_authentication_requirements' };

export const proceed: Decision = { kind: 'go-on' };

export function redisplay(code: Fault['code'], field?: Fault['field'], details?: Fault['details']): Decision {
  return {
    kind: 'stay',
    fault: { code, ...(field === undefined ? {} : { field }), ...(details === undefined ? {} : { details }) },
  };
}

/** The signed-in part of a submission. @throws Error where the dispatcher let a page through without one. */
export function requireSignIn(visit: LoginRequest): SignIn {
  if (visit.signIn === undefined) throw new Error(`the page ${visit.step.page} needs a sign-in`);
  return visit.signIn;
}

/** This browser's session of the account: a reset or set-up by pass keeps it, as the login may step it up. */
export function keptSession(visit: LoginRequest): { sessionUids?: readonly string[] } {
  const { session } = visit.details;
  return session !== undefined && session.accountId === visit.signIn?.account.id
    ? { sessionUids: session.uidDigests }
    : {};
}

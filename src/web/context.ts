import type Koa from 'koa';
import type { RequestOrigin } from '../audit/audit.ts';

/** What the outer middleware has established about a request before any route sees it. */
export interface NijoState {
  origin: RequestOrigin;
  /** Origins that a form's answer may lead on to, besides our own (CSP `form-action`). */
  formActionOrigins: readonly string[];
}

export type NijoContext = Koa.ParameterizedContext<NijoState>;
export type Next = () => Promise<unknown>;
export type NijoMiddleware = (ctx: NijoContext, next: Next) => Promise<unknown>;

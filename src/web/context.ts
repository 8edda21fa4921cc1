import type Koa from 'koa';
import type { RequestOrigin } from '../audit/audit.ts';

/** What the outer middleware has established about a request before any route handles it. */
export interface NijoState {
  origin: RequestOrigin;
  /** The answer to this page's form may redirect to another origin (CSP `form-action`, S9). */
  formLeadsAway: boolean;
}

export type NijoContext = Koa.ParameterizedContext<NijoState>;
export type Next = () => Promise<unknown>;
export type NijoMiddleware = (ctx: NijoContext, next: Next) => Promise<unknown>;

import type Koa from 'koa';
import type { RequestOrigin } from '../audit/audit.ts';

/** What the outer middleware has established about a request before any route sees it. */
export interface NijoState {
  origin: RequestOrigin;
  /** The answer to this page's form may be a redirect that leaves us (CSP `form-action`, S9). */
  formLeadsAway: boolean;
}

export type NijoContext = Koa.ParameterizedContext<NijoState>;
export type Next = () => Promise<unknown>;
export type NijoMiddleware = (ctx: NijoContext, next: Next) => Promise<unknown>;

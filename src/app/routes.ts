import type { Router } from '@koa/router';
import { NijoError } from '../base/errors.ts';
import { endpoints } from '../oidc/endpoints.ts';
import { signedInPath as accountSignedInPath } from '../portal/routes.ts';
import { signedInPath as staffSignedInPath } from '../staff/routes.ts';
import type { NijoMiddleware, NijoState } from '../web/context.ts';
import {
  createRouteTable,
  type PostRule,
  type Route,
  type RouteTable,
  routesOf,
} from '../web/route-table.ts';

/** The routers of a node, by who may see more than a redirect there. */
export interface Routers {
  login: Router<NijoState>;
  notMe: Router<NijoState>;
  portal: Router<NijoState>;
  staff: Router<NijoState>;
  help: Router<NijoState>;
  home: Router<NijoState>;
  health: Router<NijoState>;
}

/** The table of everything that this node answers, from its routers and the protocol's endpoints. */
export function routeTableOf(routers: Routers): RouteTable {
  return createRouteTable(
    routesOf(routers.health, { needsSignIn: false, health: true }),
    [assets],
    routesOf(routers.login, { needsSignIn: false }),
    routesOf(routers.notMe, { needsSignIn: false, post: 'linked-page' }),
    routesOf(routers.portal, { needsSignIn: true, open: [accountSignedInPath] }),
    routesOf(routers.staff, { needsSignIn: true, open: [staffSignedInPath] }),
    routesOf(routers.help, { needsSignIn: false }),
    routesOf(routers.home, { needsSignIn: false }),
    endpoints.map(
      ({ pattern, methods, alsoPosted, posted, matches }): Route => ({
        pattern,
        methods: alsoPosted ? [...methods, 'POST'] : methods,
        post: alsoPosted ? 'service-request' : postRules[posted],
        needsSignIn: false,
        health: false,
        matches,
      }),
    ),
  );
}

const postRules: Readonly<Record<'by-browser' | 'by-service', PostRule>> = {
  'by-browser': 'provider-page',
  'by-service': 'endpoint',
};

const assets: Route = {
  pattern: '/assets',
  methods: ['GET', 'HEAD'],
  post: 'endpoint',
  needsSignIn: false,
  health: false,
  matches: (path) => path.startsWith('/assets/'),
};

/** Answers a request to one of our pages with a method that the page does not support. */
const methodFaults = {
  throw: true,
  methodNotAllowed: () => new NijoError('method_not_allowed'),
  notImplemented: () => new NijoError('method_not_allowed'),
};

/** The routes of these routers. */
export function middlewareOf(routers: Routers): NijoMiddleware[] {
  return Object.values<Router<NijoState>>({ ...routers }).flatMap((router) => [
    router.routes(),
    router.allowedMethods(methodFaults),
  ]) as unknown as NijoMiddleware[];
}

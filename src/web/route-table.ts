import type { Router } from '@koa/router';
import type { NijoState } from './context.ts';

/**
 * What happens to a POST before its handler:
 * - `page`: a form of our own page; refused when another site sends it, then parsed.
 * - `linked-page`: the same for a page that sends no referrer, whose browser may send `Origin: null`.
 * - `provider-page`: refused when another site sends it; the provider parses the form itself.
 * - `service-request`: a service's request to an endpoint for browsers; redirected to a GET.
 * - `endpoint`: a service's own request, which the provider parses and which needs no browser.
 */
export type PostRule = 'page' | 'linked-page' | 'provider-page' | 'service-request' | 'endpoint';

/** One route of the server: tells every guard what kind of route a path is. */
export interface Route {
  /** As in the router, such as `/interaction/:uid`. */
  readonly pattern: string;
  readonly methods: readonly string[];
  readonly post: PostRule;
  /** A user who is not signed in gets only a redirect to the sign-in. */
  readonly needsSignIn: boolean;
  /** Requested by monitoring, by address and from inside: no `Host` to check. */
  readonly health: boolean;
  readonly matches: (path: string) => boolean;
}

/**
 * The one table of all routes, built from the routers themselves. Every guard asks it what kind of route a
 * path is (the name in the log, the check of forms of other sites, the parsing of forms, the address check).
 * It compares as strictly as the routers do, so the route that a guard checks is the one a handler acts on. A
 * running node has it as `Nijo.routes`; strangers can reach `routes.all.filter((route) =>
 * !route.needsSignIn)`.
 */
export interface RouteTable {
  readonly all: readonly Route[];
  /** The route of a path; undefined where there is none. */
  find(path: string): Route | undefined;
  /** The name of a path in logs and metrics: never an id, and never text that a stranger chooses. */
  nameOf(path: string): string;
}

/** @throws when two routes have the same pattern: the first would hide the other. */
export function createRouteTable(...groups: readonly (readonly Route[])[]): RouteTable {
  const all = groups.flat();
  const patterns = all.map(({ pattern }) => pattern);
  const twice = patterns.find((pattern, index) => patterns.indexOf(pattern) !== index);
  if (twice !== undefined) throw new Error(`two routes are ${twice}`);
  const find = (path: string): Route | undefined => all.find((route) => route.matches(path));
  return {
    all,
    find,
    nameOf(path) {
      const { pattern } = find(path) ?? {};
      if (pattern !== undefined) return pattern.replaceAll('/:id', '');
      return path.startsWith('/assets/') ? '/assets' : 'other';
    },
  };
}

/**
 * The routes of a router, with what the guards need to know of them.
 * @param rules.open patterns that need no sign-in where the router's others do.
 */
export function routesOf(
  router: Router<NijoState>,
  rules: { post?: PostRule; needsSignIn: boolean; open?: readonly string[]; health?: boolean },
): Route[] {
  const { post = 'page', needsSignIn, open = [], health = false } = rules;
  const patterns = [...new Set(router.stack.map(({ path }) => String(path)))];
  return patterns.map((pattern) => {
    const layers = router.stack.filter(({ path }) => String(path) === pattern);
    return {
      pattern,
      methods: [...new Set(layers.flatMap(({ methods }) => methods))],
      post,
      needsSignIn: needsSignIn && !open.includes(pattern),
      health,
      matches: (path) => layers.some((layer) => layer.match(path)),
    };
  });
}

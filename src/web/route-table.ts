import type { Router } from '@koa/router';
import type { NijoState } from './context.ts';

/**
 * What becomes of a POST before its handler:
 * - `page`: a form of our own page; refused when another site sends it, then parsed.
 * - `linked-page`: the same for a page that sends no referrer, whose browser may call its origin `null`.
 * - `provider-page`: refused when another site sends it; the provider reads the form itself.
 * - `service-request`: a service's request to a browser's endpoint; asked again by GET.
 * - `endpoint`: a service's own request, which the provider reads and which needs no browser.
 */
export type PostRule = 'page' | 'linked-page' | 'provider-page' | 'service-request' | 'endpoint';

/** One route of the server: what a path is, for every guard. */
export interface Route {
  /** As the router has it, such as `/interaction/:uid`. */
  readonly pattern: string;
  readonly methods: readonly string[];
  readonly post: PostRule;
  /** Nobody sees more than a redirect to the sign-in there who is not signed in. */
  readonly needsSignIn: boolean;
  /** Asked by monitoring, by address and from inside: no `Host` to check. */
  readonly health: boolean;
  readonly matches: (path: string) => boolean;
}

/**
 * The one table of all routes, made from the routers themselves. Every guard asks it what a path is (the name
 * in the log, the check of forms of other sites, the reading of forms, the address check), and it compares
 * as strictly as the routers do, so what a guard checks is what a handler acts on. A running node has it as
 * `Nijo.routes`; what strangers can reach is `routes.all.filter((route) => !route.needsSignIn)`.
 */
export interface RouteTable {
  readonly all: readonly Route[];
  /** The route of a path; undefined where nothing is. */
  find(path: string): Route | undefined;
  /** The name of a path in logs and metrics: never an id, and none that a stranger makes up. */
  nameOf(path: string): string;
}

/** @throws when two routes have one pattern: the first would hide the other. */
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

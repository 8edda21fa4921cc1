/** One path of the protocol, and the methods that the provider accepts there. */
export interface Endpoint {
  /** The provider's name for this route. */
  readonly name: string;
  readonly pattern: string;
  readonly methods: readonly string[];
  /** A browser or a service may send this request by POST too; it is then redirected to a GET. */
  readonly alsoPosted: boolean;
  /** Its POST comes from a form that a browser shows. */
  readonly posted: 'by-browser' | 'by-service';
  readonly matches: (path: string) => boolean;
}

const read = ['GET', 'HEAD'];
const readAnywhere = ['GET', 'HEAD', 'OPTIONS'];
const write = ['POST', 'OPTIONS'];

const at = (
  name: string,
  pattern: string,
  methods: readonly string[],
  more: { alsoPosted?: boolean; posted?: Endpoint['posted'] } = {},
): Endpoint => ({
  name,
  pattern,
  methods,
  alsoPosted: more.alsoPosted ?? false,
  posted: more.posted ?? 'by-service',
  matches: (path) => path === pattern,
});

const resumePath = /^\/authorize\/([\w-]{1,64})$/;

/** The login that this path resumes; undefined for every other path, however similar. */
export function resumedUid(path: string): string | undefined {
  return resumePath.exec(path)?.[1];
}

/**
 * Every path of the protocol. The provider's own router is lenient: it accepts any case, a trailing slash,
 * and any segment as the id of a login. Only the paths listed here, in exactly this spelling, reach it.
 */
export const endpoints: readonly Endpoint[] = [
  at('authorization', '/authorize', read, { alsoPosted: true }),
  {
    ...at('resume', '/authorize/:uid', ['GET']),
    matches: (path) => resumedUid(path) !== undefined,
  },
  at('token', '/token', write),
  at('userinfo', '/userinfo', ['GET', 'HEAD', 'POST', 'OPTIONS']),
  at('jwks', '/jwks', readAnywhere),
  at('pushed_authorization_request', '/par', write),
  at('introspection', '/introspect', write),
  at('revocation', '/revoke', write),
  at('end_session', '/logout', read, { alsoPosted: true }),
  at('end_session_confirm', '/logout/confirm', ['POST'], { posted: 'by-browser' }),
  at('end_session_success', '/logout/success', read),
  at('discovery', '/.well-known/openid-configuration', readAnywhere),
  at('discovery', '/.well-known/oauth-authorization-server', readAnywhere),
];

/** The endpoint of a path; undefined where the provider serves nothing. */
export function endpointAt(path: string): Endpoint | undefined {
  return endpoints.find((endpoint) => endpoint.matches(path));
}

/** The path of the provider's route of this name. */
export function pathOf(name: string): string {
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new Error(`no endpoint is ${name}`);
  return found.pattern;
}

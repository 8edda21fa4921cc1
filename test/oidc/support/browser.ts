import { createHash, randomBytes } from 'node:crypto';
import { issuer, type TestNode } from './node.ts';

interface Cookie {
  value: string;
  path: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  setCookie: string[];
  location: string | undefined;
  text: string;
  json: Record<string, unknown>;
}

/** A browser that knows cookies and paths, and talks to whichever node it is told. */
export class Browser {
  readonly cookies = new Map<string, Cookie>();
  /** Every Set-Cookie line seen. */
  readonly setCookies: string[] = [];
  node: TestNode;

  constructor(node: TestNode) {
    this.node = node;
  }

  cookieHeader(path: string): string {
    return [...this.cookies]
      .filter(([, cookie]) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')))
      .map(([name, cookie]) => `${name}=${cookie.value}`)
      .join('; ');
  }

  async request(target: string, init: RequestInit = {}): Promise<Answer> {
    const url = new URL(target, issuer);
    const cookie = this.cookieHeader(url.pathname);
    const answer = await send(this.node, `${url.pathname}${url.search}`, {
      ...init,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        accept: 'text/html',
        ...(init.headers as Record<string, string>),
      },
    });
    for (const line of answer.setCookie) this.#keep(line);
    return answer;
  }

  /** Follows redirects inside the provider; stops at a page or at an address of the service. */
  async follow(target: string): Promise<Answer & { end: URL }> {
    let at = new URL(target, issuer);
    for (let hops = 0; hops < 12; hops += 1) {
      const answer = await this.request(at.href);
      if (answer.location === undefined) return { ...answer, end: at };
      const next = new URL(answer.location, issuer);
      if (next.origin !== issuer) return { ...answer, end: next };
      at = next;
    }
    throw new Error('redirected too often');
  }

  #keep(line: string): void {
    this.setCookies.push(line);
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    const expired = attributes.some((attribute) => /^expires=.*1970/i.test(attribute));
    if (expired || value === '') this.cookies.delete(name);
    else this.cookies.set(name, { value, path });
  }
}

export async function send(node: TestNode, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${node.url}${path}`, { redirect: 'manual', ...init });
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A page.
  }
  return {
    status: response.status,
    headers: response.headers,
    setCookie: response.headers.getSetCookie(),
    location: response.headers.get('location') ?? undefined,
    text,
    json,
  };
}

/** A confidential service and one of its logins. */
export interface Service {
  id: string;
  secret?: string;
  redirectUri: string;
}

export const verifierOf = (): string => randomBytes(32).toString('base64url');
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

export function authorizationUrl(
  service: Service,
  verifier: string,
  extra: Readonly<Record<string, string | undefined>> = {},
): string {
  const parameters: Record<string, string | undefined> = {
    client_id: service.id,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: service.redirectUri,
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...extra,
  };
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return `/authorize?${new URLSearchParams(given).toString()}`;
}

export function basic(service: Service): Record<string, string> {
  const credentials = [service.id, service.secret ?? ''].map(encodeURIComponent).join(':');
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

export function post(
  node: TestNode,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(node, path, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: { accept: 'application/json', ...headers },
  });
}

export function redeem(node: TestNode, service: Service, code: string, verifier: string): Promise<Answer> {
  return post(
    node,
    '/token',
    { grant_type: 'authorization_code', code, redirect_uri: service.redirectUri, code_verifier: verifier },
    basic(service),
  );
}

export function refresh(node: TestNode, service: Service, token: string): Promise<Answer> {
  return post(node, '/token', { grant_type: 'refresh_token', refresh_token: token }, basic(service));
}

export function decodeJwt(token: unknown): {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
} {
  const [header = '', payload = ''] = String(token).split('.');
  const parse = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { header: parse(header), payload: parse(payload) };
}

/** A login up to the code. */
export async function obtainCode(
  browser: Browser,
  service: Service,
  extra: Readonly<Record<string, string | undefined>> = {},
): Promise<{ code: string; verifier: string; end: URL }> {
  const verifier = verifierOf();
  const { end, text, status } = await browser.follow(authorizationUrl(service, verifier, extra));
  const code = end.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${status} ${end.href} ${text}`);
  return { code, verifier, end };
}

/** A login up to the tokens. */
export async function obtainTokens(
  browser: Browser,
  service: Service,
  extra: Readonly<Record<string, string | undefined>> = {},
): Promise<Record<string, unknown>> {
  const { code, verifier } = await obtainCode(browser, service, extra);
  const answer = await redeem(browser.node, service, code, verifier);
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`);
  return answer.json;
}

/** A browser with a word for itself. */
export class NamedBrowser extends Browser {
  agent: string;

  constructor(node: TestNode, agent = '') {
    super(node);
    this.agent = agent;
  }

  override request(target: string, init: RequestInit = {}): Promise<Answer> {
    return super.request(target, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), 'user-agent': this.agent },
    });
  }
}

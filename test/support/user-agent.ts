import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type HTMLElement, parse } from 'node-html-parser';
import { CookieJar } from 'tough-cookie';
import { redirectUri, testClients, testPassword } from './cluster.ts';

/** One answer, as it came over the wire. */
export interface Answer {
  url: URL;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  setCookie: string[];
  body: string;
  /** `<main data-page>`, or empty. */
  page: string;
  /** The code of the fault or error that the page shows. */
  fault: string | undefined;
  html: HTMLElement;
}

/** Where following redirects has led: a page of ours, or the service's address with its query. */
export interface Arrival extends Answer {
  callback: URL | undefined;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  form?: Record<string, string> | string;
  /** False for a request that no page sends, such as a service's to the token endpoint. */
  fromPage?: boolean;
  /** Which node answers; otherwise the browser's own. */
  node?: number;
  /** The address on this machine (127.0.0.0/8) that the request comes from. */
  localAddress?: string;
}

/** Where the identity provider is: a cluster of this process, or anything else that has an address. */
export interface Reachable {
  issuer: string;
  nodes: readonly { url: string }[];
}

/**
 * A browser as the protocol sees one: cookies, redirects, forms, over HTTP to a chosen node with the
 * issuer's Host. It does nothing a test does not tell it to.
 */
export class UserAgent {
  readonly cluster: Reachable;
  readonly jar: CookieJar;
  node: number;
  private readonly ca: string | undefined;
  private readonly verifiers = new Map<string, string>();

  /** @param options.ca the authority (PEM) of a TLS proxy in front of the nodes. */
  constructor(cluster: Reachable, options: { node?: number; jar?: CookieJar; ca?: string } = {}) {
    this.cluster = cluster;
    this.node = options.node ?? 0;
    this.jar = options.jar ?? new CookieJar();
    this.ca = options.ca;
  }

  /** One request, without following anything. */
  async request(path: string, options: RequestOptions = {}): Promise<Answer> {
    const url = new URL(path, this.cluster.issuer);
    const target = new URL(this.cluster.nodes[options.node ?? this.node]?.url ?? '');
    const body =
      typeof options.form === 'object' ? new URLSearchParams(options.form).toString() : options.form;
    const cookie = await this.jar.getCookieString(url.href);
    const method = options.method ?? (body === undefined ? 'GET' : 'POST');
    const headers: Record<string, string> = {
      host: url.host,
      'accept-language': 'en',
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/153.0 Safari/537.36',
      ...(cookie === '' ? {} : { cookie }),
      ...(body === undefined
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': String(Buffer.byteLength(body)),
            ...(options.fromPage === false
              ? {}
              : { origin: new URL(this.cluster.issuer).origin, 'sec-fetch-site': 'same-origin' }),
          }),
      ...options.headers,
    };
    const answer = await new Promise<Answer>((resolve, reject) => {
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(
        {
          host: target.hostname,
          port: target.port,
          path: url.pathname + url.search,
          method,
          headers,
          agent: false,
          ...(this.ca === undefined ? {} : { ca: this.ca }),
          ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve(
              readAnswer(url, response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString()),
            ),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
    for (const line of answer.setCookie) await this.jar.setCookie(line, url.href, { ignoreError: true });
    return answer;
  }

  /** Follows redirects until a page, or the service's address. */
  async follow(answer: Answer): Promise<Arrival> {
    let current = answer;
    for (let hops = 0; hops < 15; hops += 1) {
      const { location } = current.headers;
      if (typeof location !== 'string') return { ...current, callback: undefined };
      const next = new URL(location, current.url);
      if (next.origin !== new URL(this.cluster.issuer).origin) return { ...current, callback: next };
      current = await this.request(next.pathname + next.search);
    }
    throw new Error('too many redirects');
  }

  async open(path: string): Promise<Arrival> {
    return this.follow(await this.request(path));
  }

  /** The address of a login request for a test client, with PKCE, state and nonce. */
  authorizeUrl(clientId = 'important', parameters: Record<string, string> = {}): string {
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(8).toString('base64url');
    this.verifiers.set(state, verifier);
    return `/authorize?${new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      scope: 'openid profile email',
      redirect_uri: redirectUri,
      state,
      nonce: state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    }).toString()}`;
  }

  /** Starts a login and follows it to its first page (or straight back to the service). */
  start(clientId?: string, parameters?: Record<string, string>): Promise<Arrival> {
    return this.open(this.authorizeUrl(clientId, parameters));
  }

  /** The hidden fields of a page's form with what a person adds. */
  fields(page: Answer, fields: Record<string, string> = {}): Record<string, string> {
    const hidden = page.html
      .querySelectorAll('form#page-form input[type=hidden]')
      .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? ''] as const);
    return { ...Object.fromEntries(hidden), action: 'continue', ...fields };
  }

  /** Sends a page's form, without following the answer. */
  post(page: Answer, fields: Record<string, string> = {}, options: RequestOptions = {}): Promise<Answer> {
    return this.request(page.url.pathname, { form: this.fields(page, fields), ...options });
  }

  /** Sends a page's form and follows. */
  async submit(
    page: Answer,
    fields: Record<string, string> = {},
    options: RequestOptions = {},
  ): Promise<Arrival> {
    return this.follow(await this.post(page, fields, options));
  }

  /** Starts a login and gives the password. */
  async password(loginId: string, clientId?: string, parameters?: Record<string, string>): Promise<Arrival> {
    const page = await this.start(clientId, parameters);
    return this.submit(page, { login_id: loginId, password: testPassword });
  }

  /** Redeems the code of a callback. */
  async redeem(
    callback: URL,
    clientId = 'important',
    node = this.node,
  ): Promise<{ status: number; tokens: Record<string, string>; claims: Record<string, unknown> }> {
    const state = callback.searchParams.get('state') ?? '';
    const answer = await this.tokenRequest(
      {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: this.verifiers.get(state) ?? '',
      },
      clientId,
      node,
    );
    const tokens = JSON.parse(answer.body) as Record<string, string>;
    const [, payload] = (tokens.id_token ?? '').split('.');
    const claims =
      payload === undefined
        ? {}
        : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>);
    return { status: answer.status, tokens, claims };
  }

  /** The PKCE verifier of a login that this browser started. */
  verifierOf(state: string): string {
    return this.verifiers.get(state) ?? '';
  }

  tokenRequest(form: Record<string, string>, clientId = 'important', node = this.node): Promise<Answer> {
    const secret =
      testClients.find((client) => client.client_id === clientId)?.client_secret ??
      `${clientId}-secret-with-enough-characters-0123456789`;
    const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
    return this.request('/token', { form, headers: { authorization }, node, fromPage: false });
  }
}

function readAnswer(
  url: URL,
  status: number,
  headers: Record<string, string | string[] | undefined>,
  body: string,
): Answer {
  const html = parse(body);
  const setCookie = headers['set-cookie'];
  return {
    url,
    status,
    headers,
    setCookie: Array.isArray(setCookie) ? setCookie : [],
    body,
    html,
    page: html.querySelector('main[data-page]')?.getAttribute('data-page') ?? '',
    fault:
      html.querySelector('[data-fault]')?.getAttribute('data-fault') ??
      html.querySelector('[data-error]')?.getAttribute('data-error') ??
      undefined,
  };
}

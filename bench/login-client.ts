import {
  createHash,
  createPublicKey,
  type JsonWebKeyInput,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface LoginClientSettings {
  issuer: string;
  client: { id: string; secret: string; redirectUri: string };
}

export interface Credentials {
  loginId: string;
  password: string;
  code: string;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface Metadata {
  authorization_endpoint: string;
  token_endpoint: string;
  userinfo_endpoint: string;
  jwks_uri: string;
}

const random = (): string => randomBytes(24).toString('base64url');

/**
 * A browser and a service in one, written to cost little, since it shares the machine with what is
 * measured. It checks what a service checks: state, the ID token's signature, nonce, audience, acr.
 */
export async function createLoginClient({ issuer, client }: LoginClientSettings) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  function ask(address: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const req = request(
        address,
        {
          agent,
          method: body === undefined ? 'GET' : 'POST',
          headers:
            body === undefined
              ? headers
              : {
                  ...headers,
                  'content-type': 'application/x-www-form-urlencoded',
                  'content-length': Buffer.byteLength(body),
                },
        },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', reject);
          res.on('end', () =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      req.on('error', reject);
      req.end(body);
    });
  }

  const metadata = JSON.parse((await ask(`${issuer}/.well-known/openid-configuration`, {})).text) as Metadata;
  const { keys } = JSON.parse((await ask(metadata.jwks_uri, {})).text) as {
    keys: (JsonWebKeyInput['key'] & { kid: string })[];
  };
  const keyOf = new Map(
    keys.map((jwk): [string, KeyObject] => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]),
  );

  function checkIdToken(token: string, nonce: string): string {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as {
      kid: string;
      alg: string;
    };
    const key = keyOf.get(kid);
    if (alg !== 'RS256' || key === undefined) throw new Error(`the ID token is signed with ${alg} ${kid}`);
    if (!verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) {
      throw new Error('the ID token does not verify');
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    if (claims.iss !== issuer || claims.aud !== client.id || claims.nonce !== nonce)
      throw new Error('foreign ID token');
    if (claims.acr !== 'https://refeds.org/profile/mfa') throw new Error('the ID token has no second factor');
    return String(claims.sub);
  }

  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;

  /** One complete login in a fresh browser. @throws Error when anything is not as it should be. */
  async function login({ loginId, password, code }: Credentials): Promise<void> {
    const cookies = new Map<string, string>();
    // Behind the proxy every browser has an address of its own.
    const address = `10.${randomBytes(3).join('.')}`;

    async function browse(to: string, body?: string): Promise<Answer & { url: string }> {
      let url = to;
      let form = body;
      for (;;) {
        const headers: Record<string, string> = {
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          'accept-language': 'en',
          'x-forwarded-for': address,
          ...(cookies.size === 0
            ? {}
            : { cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ') }),
          ...(form === undefined ? {} : { origin: issuer, 'sec-fetch-site': 'same-origin' }),
        };
        const answer = await ask(url, headers, form);
        for (const cookie of answer.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
          if (value === '') cookies.delete(name);
          else cookies.set(name, value);
        }
        const { location } = answer.headers;
        if (location === undefined) return { ...answer, url };
        url = new URL(location, url).href;
        form = undefined;
        if (url.startsWith(client.redirectUri)) return { ...answer, url };
      }
    }

    async function submit(page: Answer & { url: string }, fields: Record<string, string>) {
      const hidden = Array.from(
        page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g),
        (match) => [match[1] ?? '', match[2] ?? ''],
      );
      const body = new URLSearchParams([...hidden, ...Object.entries(fields), ['action', 'continue']]);
      return browse(page.url, body.toString());
    }

    const [state, nonce, verifier] = [random(), random(), random() + random()];
    const query = new URLSearchParams({
      client_id: client.id,
      response_type: 'code',
      scope: 'openid profile',
      redirect_uri: client.redirectUri,
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const signIn = await browse(`${metadata.authorization_endpoint}?${query.toString()}`);
    const second = await submit(signIn, { login_id: loginId, password });
    const back = await submit(second, { code });
    if (!back.url.startsWith(client.redirectUri)) {
      throw new Error(`${loginId} came to ${back.url} (${back.status}): ${back.text.slice(0, 2000)}`);
    }
    const callback = new URL(back.url).searchParams;
    if (callback.get('state') !== state) throw new Error('foreign state');

    const grant = new URLSearchParams({
      grant_type: 'authorization_code',
      code: callback.get('code') ?? '',
      redirect_uri: client.redirectUri,
      code_verifier: verifier,
    });
    const redeemed = await ask(metadata.token_endpoint, { authorization }, grant.toString());
    if (redeemed.status !== 200) throw new Error(`token endpoint: ${redeemed.status} ${redeemed.text}`);
    const tokens = JSON.parse(redeemed.text) as { id_token: string; access_token: string };
    const sub = checkIdToken(tokens.id_token, nonce);
    const userinfo = await ask(metadata.userinfo_endpoint, {
      authorization: `Bearer ${tokens.access_token}`,
    });
    if ((JSON.parse(userinfo.text) as { sub: string }).sub !== sub) throw new Error('foreign userinfo');
  }

  /** Ends the idle connections; the next login opens others. */
  const close = (): void => agent.destroy();
  return { login, close };
}

export type LoginClient = Awaited<ReturnType<typeof createLoginClient>>;

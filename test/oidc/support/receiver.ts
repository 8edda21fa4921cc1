import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { guardedFetch } from '../../../src/oidc/provider/guarded-fetch.ts';
import { send } from './browser.ts';
import { issuer, type TestNode } from './node.ts';

/** How a service answers: with a status, or not before the test says so. */
export type Manner = number | 'slow';

/** Services that are told of ended sessions, as one HTTP server; each has a path, its client id. */
export interface Receiver {
  port: number;
  uriOf(clientId: string): string;
  /** What each next request of a service gets; then 200. */
  answers(clientId: string, ...manners: Manner[]): void;
  /** Logout tokens that came, oldest first. */
  tokens(clientId: string): readonly string[];
  /** Answers whoever waits. */
  release(): void;
  close(): Promise<void>;
}

export async function startReceiver(port = 0): Promise<Receiver> {
  const manners = new Map<string, Manner[]>();
  const tokens = new Map<string, string[]>();
  const waiting: ServerResponse[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const id = String(request.url).slice(1);
      const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '';
      tokens.set(id, [...(tokens.get(id) ?? []), token]);
      const manner = manners.get(id)?.shift() ?? 200;
      if (manner === 'slow') {
        waiting.push(response);
      } else {
        response.statusCode = manner;
        response.end();
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const release = (): void => {
    for (const response of waiting.splice(0)) response.end();
  };
  return {
    port: bound,
    uriOf: (clientId) => `http://127.0.0.1:${bound}/${clientId}`,
    answers: (clientId, ...given) => void manners.set(clientId, given),
    tokens: (clientId) => tokens.get(clientId) ?? [],
    release,
    async close() {
      release();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Reaches services on this machine, which the guard would refuse. */
export const onThisMachine: typeof guardedFetch = async (url, options) =>
  globalThis.fetch(url, { ...options, dispatcher: undefined } as unknown as RequestInit);

/** What a service does with a logout token (OpenID Connect Back-Channel Logout §2.6). */
export async function verifyLogoutToken(
  node: TestNode,
  clientId: string,
  token: string,
): Promise<JWTPayload> {
  const keys = (await send(node, '/jwks')).json as unknown as Parameters<typeof createLocalJWKSet>[0];
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
    issuer,
    audience: clientId,
    typ: 'logout+jwt',
    requiredClaims: ['iat', 'exp', 'jti', 'sub'],
  });
  if (payload.nonce !== undefined) throw new Error('a logout token has no nonce');
  const events = payload.events as Record<string, unknown> | undefined;
  if (events?.['http://schemas.openid.net/event/backchannel-logout'] === undefined)
    throw new Error('no logout event');
  return payload;
}

/** Waits until it is so; fails after some seconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  throw new Error(`it never came about: ${what}`);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { TrialRefusedError } from './refused.ts';

/** The trial never listens beyond this machine. */
export const loopback = '127.0.0.1';

/** Another program has the port. */
export class PortInUseError extends TrialRefusedError {
  readonly port: number;

  constructor(port: number) {
    super(
      `Port ${port} is in use. Stop the program that uses it, or start the trial on other ports: PORT=4000 npm start`,
    );
    this.name = 'PortInUseError';
    this.port = port;
  }
}

function portFault(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === 'EADDRINUSE') return new PortInUseError(port);
  if (error.code !== 'EACCES') return error;
  return new TrialRefusedError(
    `Port ${port} is kept for the system's own programs. Start the trial on other ports: PORT=4000 npm start`,
  );
}

/** Listens on loopback. @returns the port (chosen by the system if 0 was given). @throws PortInUseError */
export async function listenLocally(
  server: Pick<Server, 'listen' | 'once' | 'off' | 'address'>,
  port: number,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(portFault(error, port));
    server.once('error', failed);
    server.listen(port, loopback, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** @throws PortInUseError when another program listens there. */
export async function ensurePortFree(port: number): Promise<void> {
  const server = createServer();
  await listenLocally(server, port);
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

export interface LocalSite {
  url: string;
  close(): Promise<void>;
}

export interface LocalRequest {
  method: string;
  url: URL;
  cookies: ReadonlyMap<string, string>;
  headers: IncomingMessage['headers'];
}

export interface LocalAnswer {
  status?: number;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string;
}

function cookiesOf(header: string | undefined): Map<string, string> {
  return new Map(
    (header ?? '').split(';').flatMap((pair) => {
      const split = pair.indexOf('=');
      return split < 0 ? [] : [[pair.slice(0, split).trim(), pair.slice(split + 1).trim()] as const];
    }),
  );
}

const securityHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'",
};

export function json(body: unknown, status = 200): LocalAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(body, undefined, 2)}\n`,
  };
}

export function redirect(to: string, cookies: string[] = []): LocalAnswer {
  return { status: 303, headers: { location: to, 'set-cookie': cookies } };
}

/**
 * A small web site of the trial on loopback. A request with another host name (`localhost`, or a name
 * that a foreign page points here) is redirected to the one address that cookies are set for.
 */
export async function serveLocally(
  port: number,
  answer: (request: LocalRequest) => LocalAnswer | Promise<LocalAnswer>,
): Promise<LocalSite> {
  let origin = '';
  async function respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { status = 200, headers = {}, body = '' } = await answerTo(req);
    res.writeHead(status, { ...securityHeaders, ...headers });
    res.end(req.method === 'HEAD' ? undefined : body);
  }
  async function answerTo(req: IncomingMessage): Promise<LocalAnswer> {
    const method = req.method ?? 'GET';
    if (!URL.canParse(req.url ?? '/', origin)) return { status: 400, body: 'Bad request' };
    const url = new URL(req.url ?? '/', origin);
    if (`http://${req.headers.host ?? ''}` !== origin)
      return redirect(`${origin}${url.pathname}${url.search}`);
    // None of these sites reads form fields: the body is discarded.
    req.resume();
    return answer({ method, url, cookies: cookiesOf(req.headers.cookie), headers: req.headers });
  }
  const server = createServer((req, res) => {
    respond(req, res).catch((error: unknown) => {
      if (!res.headersSent) res.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      res.end(`This part of the trial failed: ${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  origin = `http://${loopback}:${await listenLocally(server, port)}`;
  return {
    url: origin,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

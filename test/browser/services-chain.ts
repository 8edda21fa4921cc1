import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands behind a service's callback: hosts that each send the browser on to the next one. */
export interface ServicesChain {
  /** Where the service's addresses lie, on a port that only this test knows. */
  callback: string;
  afterSignOut: string;
  port: number;
  /** Where the chain ends, on a third host. */
  home: string;
  /** What the callback was given, newest last: the query, or the fields of a form that was posted. */
  received: URLSearchParams[];
  close(): Promise<void>;
}

const listen = (host: string, answer: Parameters<typeof createServer>[1]): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer(answer).listen(0, host, () => resolve(server));
  });
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** A broker as Keycloak, Cognito or a GakuNin proxy is one: callback, another host's hop, and a third's page. */
export async function startServicesChain(): Promise<ServicesChain> {
  const received: URLSearchParams[] = [];
  const home = await listen('127.0.0.1', (_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Home</title><h1>Arrived</h1>');
  });
  const homeUrl = `http://127.0.0.1:${portOf(home)}/home`;
  const hop = await listen('localhost', (_request, response) => {
    response.writeHead(302, { location: homeUrl }).end();
  });
  const hopUrl = `http://localhost:${portOf(hop)}/hop`;
  const broker = await listen('127.0.0.1', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { searchParams } = new URL(request.url ?? '/', 'http://broker.example');
      received.push(
        request.method === 'POST' ? new URLSearchParams(Buffer.concat(chunks).toString()) : searchParams,
      );
      response.writeHead(302, { location: hopUrl }).end();
    });
  });
  const port = portOf(broker);
  return {
    callback: `http://127.0.0.1:${port}/callback`,
    afterSignOut: `http://127.0.0.1:${port}/after-sign-out`,
    port,
    home: homeUrl,
    received,
    async close() {
      for (const server of [home, hop, broker]) server.closeAllConnections();
      await Promise.all(
        [home, hop, broker].map((server) => new Promise((resolve) => void server.close(resolve))),
      );
    },
  };
}

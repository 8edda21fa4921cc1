import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ParserError } from './unreadable-request.ts';

/** A listening HTTP server that can end without cutting anybody off. */
export interface ListeningServer {
  /** With the real port where 0 was asked for. */
  port: number;
  /** From now on each answer asks the client or proxy to open its next connection elsewhere. */
  drain(): void;
  /** Takes no new connection, lets requests in flight end, and after `ms` cuts what is left. */
  close(ms: number): Promise<void>;
}

/**
 * Starts a server whose every wait has an end: slow headers and bodies are cut (F17).
 * @throws the system's error, such as EADDRINUSE.
 */
export async function listen(
  handler: RequestListener,
  options: {
    host: string;
    port: number;
    maxConnections: number;
    /** Answers a request that the parser cannot read; without it Node answers with a bare status. */
    unreadable?: (error: ParserError, socket: Socket) => void;
  },
): Promise<ListeningServer> {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // Node would answer with an empty 400: a request without a Host is refused with the foreign ones.
      requireHostHeader: false,
    },
    handler,
  );
  const { unreadable } = options;
  if (unreadable !== undefined)
    server.on('clientError', (error, socket) => unreadable(error, socket as Socket));
  server.maxConnections = options.maxConnections;
  let draining = false;
  server.prependListener('request', (_, response) => {
    // Decided when the answer begins: a request that was in flight then must not keep its connection either.
    const writeHead = response.writeHead.bind(response) as (...values: unknown[]) => typeof response;
    response.writeHead = (...values: unknown[]) => {
      if (draining) response.setHeader('Connection', 'close');
      return writeHead(...values);
    };
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => {
      draining = true;
    },
    close: (ms) => {
      draining = true;
      return closeWithin(server, ms);
    },
  };
}

async function closeWithin(server: Server, ms: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const cut = setTimeout(() => server.closeAllConnections(), ms);
  await closed;
  clearTimeout(cut);
}

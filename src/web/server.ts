import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { ParserError } from './unreadable-request.ts';

/** A listening HTTP server that can stop without cutting off requests. */
export interface ListeningServer {
  /** The real port, even where 0 was requested. */
  port: number;
  /** From now on each answer asks the client or proxy to open its next connection elsewhere. */
  drain(): void;
  /** Stops asking, so that a proxy that still sends requests has no new connection on its way at `close`. */
  settle(): void;
  /**
   * Accepts no new connection and lets requests in flight end. A kept-alive connection is closed once it has
   * been quiet for `quietMs` and has no unread data. After `ms`, all remaining connections are cut.
   */
  close(ms: number, quietMs?: number): Promise<void>;
}

export interface ListenOptions {
  host: string;
  port: number;
  maxConnections: number;
  /** Several processes listen on this port, each with its own queue (SO_REUSEPORT). */
  sharePort?: boolean;
  /** Answers a request that the parser cannot read; without it Node answers with a bare status. */
  unreadable?: (error: ParserError, socket: Socket) => void;
}

// A client that opens a connection usually sends a request at once; closing it before that would be a reset.
const firstRequestMs = 1000;
const lookEveryMs = 20;
const shortTurnMs = 0.04;
const patienceMs = 2000;

/** The state of a connection, to distinguish an idle one from one whose next request has begun. */
interface Connection {
  answering: number;
  /** Bytes read when the last answer ended: more bytes mean that a request has begun. */
  readAtRest: number;
  quietSince: number;
  used: boolean;
}

/**
 * Starts a server in which every wait has a limit: slow headers and bodies are cut (F17).
 * @throws the system's error, such as EADDRINUSE.
 */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<ListeningServer> {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // Node would answer with an empty 400: our guard refuses a request without a Host like a foreign one.
      requireHostHeader: false,
    },
    handler,
  );
  const { unreadable } = options;
  if (unreadable !== undefined) {
    server.on('clientError', (error, socket) => unreadable(error, socket as Socket));
    // A CONNECT request: Node would close the connection without an answer.
    server.on('connect', (_, socket) => {
      socket.on('error', () => socket.destroy());
      unreadable(Object.assign(new Error('a tunnel was asked for'), { code: 'CONNECT' }), socket as Socket);
    });
  }
  // Node would answer with an empty 417; unknown expectations may be ignored (RFC 9110 §10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxConnections = options.maxConnections;
  let draining = false;
  const connections = trackConnections(server);
  server.prependListener('request', (_, response) => {
    // Decided when the answer begins: a request already in flight must not keep its connection either.
    const writeHead = response.writeHead.bind(response) as (...values: unknown[]) => typeof response;
    response.writeHead = (...values: unknown[]) => {
      if (draining) response.setHeader('Connection', 'close');
      // Node's own would use the system clock: browsers count a cookie's `Expires` from this date.
      response.setHeader('Date', new Date().toUTCString());
      return writeHead(...values);
    };
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { host, port, sharePort = false } = options;
    server.listen({ host, port, reusePort: sharePort }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => {
      draining = true;
    },
    settle: () => {
      draining = false;
    },
    async close(ms, quietMs = 0) {
      draining = true;
      const cutAt = performance.now() + ms;
      const closed = new AbortController();
      await stopListening(server, () => closed.abort());
      const since = performance.now();
      while (!closed.signal.aborted && performance.now() < cutAt) {
        // After the loop has read what has arrived: a connection that is quiet now has no unread data.
        await nextTurn();
        for (const [socket, connection] of connections)
          if (mayClose(socket, connection, Math.max(since, connection.quietSince), quietMs)) socket.destroy();
        await pause(lookEveryMs, undefined, { signal: closed.signal }).catch(() => undefined);
      }
      // Cuts the remaining connections, and ends the server's own timer.
      server.close();
      server.closeAllConnections();
      if (!closed.signal.aborted) await once(server, 'close');
    },
  };
}

function trackConnections(server: Server): ReadonlyMap<Socket, Connection> {
  const connections = new Map<Socket, Connection>();
  server.on('connection', (socket) => {
    connections.set(socket, { answering: 0, readAtRest: 0, quietSince: performance.now(), used: false });
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connection.answering += 1;
    connection.used = true;
    response.once('close', () => {
      connection.answering -= 1;
      connection.readAtRest = socket.bytesRead;
      connection.quietSince = performance.now();
    });
  });
  return connections;
}

function mayClose(socket: Socket, connection: Connection, since: number, quietMs: number): boolean {
  if (connection.answering > 0 || socket.bytesRead !== connection.readAtRest) return false;
  return performance.now() - since >= (connection.used ? quietMs : firstRequestMs);
}

/**
 * Stops accepting. The system resets connections that wait to be accepted at that moment, so this happens in
 * a turn of the loop that found none waiting and has run almost nothing since. `close` of an HTTP server
 * would also close connections whose first request is not read yet.
 * @param closed called when the last connection has ended.
 */
async function stopListening(server: Server, closed: () => void): Promise<void> {
  let arrivals = 0;
  const count = (): void => {
    arrivals += 1;
  };
  server.on('connection', count);
  const began = performance.now();
  for (let calm = false; !calm; ) {
    const [before, turnBegan] = [arrivals, performance.now()];
    await nextTurn();
    const now = performance.now();
    // Where no turn is that short, longer ones are accepted, and after a while any.
    const longest = shortTurnMs * 2 ** Math.floor((now - began) / 20);
    calm = (arrivals === before && now - turnBegan <= longest) || now - began > patienceMs;
  }
  server.removeListener('connection', count);
  NetServer.prototype.close.call(server, closed);
}

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { ParserError } from './unreadable-request.ts';

/** A listening HTTP server that can end without cutting anybody off. */
export interface ListeningServer {
  /** With the real port where 0 was asked for. */
  port: number;
  /** From now on each answer asks the client or proxy to open its next connection elsewhere. */
  drain(): void;
  /** Asks no more: a proxy that still comes shall have no new connection on its way when `close` is called. */
  settle(): void;
  /**
   * Takes no new connection and lets requests in flight end. A kept-alive connection is closed once it was
   * quiet for `quietMs` and nothing of it is unread. After `ms` whatever is left is cut.
   */
  close(ms: number, quietMs?: number): Promise<void>;
}

export interface ListenOptions {
  host: string;
  port: number;
  maxConnections: number;
  /** Several processes listen on this port, each with a queue of its own (SO_REUSEPORT). */
  sharePort?: boolean;
  /** Answers a request that the parser cannot read; without it Node answers with a bare status. */
  unreadable?: (error: ParserError, socket: Socket) => void;
}

// Whoever opens a connection usually asks at once; closing it before that would be a reset.
const firstRequestMs = 1000;
const lookEveryMs = 20;
const shortTurnMs = 0.04;
const patienceMs = 2000;

/** What is known of a connection, to tell one that is idle from one whose next request has begun. */
interface Connection {
  answering: number;
  /** Bytes read when the last answer ended: more than these are a request that has begun. */
  readAtRest: number;
  quietSince: number;
  used: boolean;
}

/**
 * Starts a server whose every wait has an end: slow headers and bodies are cut (F17).
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
      // Node would answer with an empty 400: a request without a Host is refused with the foreign ones.
      requireHostHeader: false,
    },
    handler,
  );
  const { unreadable } = options;
  if (unreadable !== undefined) {
    server.on('clientError', (error, socket) => unreadable(error, socket as Socket));
    // A request for a tunnel: Node would hang up without a word.
    server.on('connect', (_, socket) => {
      socket.on('error', () => socket.destroy());
      unreadable(Object.assign(new Error('a tunnel was asked for'), { code: 'CONNECT' }), socket as Socket);
    });
  }
  // Node would answer with an empty 417; what else is expected of us may be ignored (RFC 9110 §10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxConnections = options.maxConnections;
  let draining = false;
  const connections = trackConnections(server);
  server.prependListener('request', (_, response) => {
    // Decided when the answer begins: a request that was in flight then must not keep its connection either.
    const writeHead = response.writeHead.bind(response) as (...values: unknown[]) => typeof response;
    response.writeHead = (...values: unknown[]) => {
      if (draining) response.setHeader('Connection', 'close');
      // Node's own would be the system clock's: browsers take a cookie's `Expires` as so long after this.
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
        // After the loop has read what has arrived: what is quiet now has nothing unread.
        await nextTurn();
        for (const [socket, connection] of connections)
          if (mayClose(socket, connection, Math.max(since, connection.quietSince), quietMs)) socket.destroy();
        await pause(lookEveryMs, undefined, { signal: closed.signal }).catch(() => undefined);
      }
      // Cuts what is left, and ends the server's own timer.
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
 * Stops accepting. The system resets whatever waits to be accepted at that moment, so it is done in a turn of
 * the loop that found nothing waiting and ran next to nothing else since. `close` of an HTTP server would also close
 * connections whose first request is not read yet.
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
    // Where no turn is as short as that, longer ones have to do, and after a while any.
    const longest = shortTurnMs * 2 ** Math.floor((now - began) / 20);
    calm = (arrivals === before && now - turnBegan <= longest) || now - began > patienceMs;
  }
  server.removeListener('connection', count);
  NetServer.prototype.close.call(server, closed);
}

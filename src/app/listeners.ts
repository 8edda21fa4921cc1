import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Configuration } from '../config/schema.ts';
import { type ListeningServer, type ListenOptions, listen } from '../web/server.ts';

// Added to the time for requests in flight: for handing back work and closing connections.
const afterwardsMs = 10_000;

/** Milliseconds after the first signal in which a node ends, whatever happens. */
export function longestStopMs({ server }: Configuration): number {
  return (server.drain_seconds + server.shutdown_seconds) * 1000 + afterwardsMs;
}

/** The ports of a node. */
export interface Listeners {
  public: ListeningServer;
  /** Undefined where it is switched off, or belongs to the supervisor of several workers. */
  internal: ListeningServer | undefined;
}

/**
 * Whether several processes can each have their own queue on this port. Elsewhere the supervisor accepts
 * connections and passes them on.
 */
export function sharesPort(config: Configuration): boolean {
  return process.platform === 'linux' && config.server.port !== 0;
}

/** Opens the port of health and metrics; undefined where it is switched off. */
export async function openInternal(
  config: Configuration,
  handler: RequestListener,
): Promise<ListeningServer | undefined> {
  const { internal_host: host, internal_port: port } = config.server;
  if (port === 0) return undefined;
  return named('server.internal_port', () => listen(handler, { host, port, maxConnections: 100 }));
}

/**
 * Opens both ports, or neither.
 * @param worker one of several processes: shares the public port and has no internal one.
 * @throws Error with a line for the operator.
 */
export async function openListeners(
  config: Configuration,
  worker: boolean,
  handlers: {
    public: RequestListener;
    internal: RequestListener;
    unreadable: NonNullable<ListenOptions['unreadable']>;
  },
): Promise<Listeners> {
  const { host, port, max_connections: maxConnections } = config.server;
  const internal = worker ? undefined : await openInternal(config, handlers.internal);
  try {
    const sharePort = worker && sharesPort(config);
    const server = await named('server.port', () =>
      listen(handlers.public, { host, port, maxConnections, sharePort, unreadable: handlers.unreadable }),
    );
    return { public: server, internal };
  } catch (error) {
    // An open port would keep a process alive that serves no one.
    await internal?.close(0);
    throw error;
  }
}

/** Where a node listens. */
export function addressesOf(
  { server }: Configuration,
  listeners: Listeners,
): { url: string; internalUrl: string | undefined } {
  return {
    url: `http://${server.host}:${listeners.public.port}`,
    internalUrl: listeners.internal && `http://${server.internal_host}:${listeners.internal.port}`,
  };
}

/** Gives the balancer time to notice; then accepts no new connection, and waits for requests in flight. */
export async function finishRequests({ server }: Configuration, listeners: Listeners): Promise<void> {
  const drainMs = server.drain_seconds * 1000;
  const settleMs = Math.min(300, drainMs / 3);
  listeners.public.drain();
  await pause(drainMs - settleMs);
  // A proxy that does not check readiness keeps sending its share. If it had to open a connection for each
  // request, some would be in transit when the port closes.
  listeners.public.settle();
  await pause(settleMs);
  // Time for requests in transit on kept-alive connections; less where the operator gives the balancer less.
  const quietMs = Math.min(1000, Math.max(50, drainMs));
  await listeners.public.close(server.shutdown_seconds * 1000, quietMs);
}

/**
 * Several processes can share a port unnoticed, so one process first tests alone whether it is free. It
 * retries for a moment, because workers of a killed supervisor may not have ended yet.
 */
export async function assertPortIsFree(config: Configuration): Promise<void> {
  const { host, port } = config.server;
  if (port === 0) return;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const options = { host, port, maxConnections: 1 };
      const probe = await named('server.port', () => listen(() => undefined, options));
      await probe.close(0);
      return;
    } catch (error) {
      if (attempt === 10) throw error;
      await pause(200);
    }
  }
}

async function named<Result>(setting: string, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`${setting} cannot be opened: ${message}`, { cause });
  }
}

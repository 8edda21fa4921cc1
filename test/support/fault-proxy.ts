import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What happens to connections, old and new, from now on:
 * `pass` carries; `refuse` resets every connection; `reset` resets at the next byte; `stall` accepts
 * and never answers; `blackhole` swallows both ways, as a cable that was pulled; `slow` delays each
 * packet by `ms`; `cut` ends a connection after `bytes` of answer.
 */
export type Fault =
  | { mode: 'pass' | 'refuse' | 'reset' | 'stall' | 'blackhole' }
  | { mode: 'slow'; ms: number }
  | { mode: 'cut'; bytes: number };

export interface FaultProxy {
  port: number;
  /** The same address with host and port of the proxy. */
  through(url: string): string;
  set(fault: Fault): void;
  /** Connections that are open on the client's side. */
  open(): number;
  close(): Promise<void>;
}

/** A TCP proxy on a free loopback port that misbehaves when told: before Postgres, SMTP, LDAP or a node. */
export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  let fault: Fault = { mode: 'pass' };
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const keep = (set: Set<Socket>, socket: Socket): void => {
    set.add(socket);
    socket.on('close', () => set.delete(socket));
    socket.on('error', () => undefined);
  };
  const pump = (from: Socket, to: Socket, isAnswer: boolean): void => {
    let carried = 0;
    from.on('data', (data: Buffer) => {
      if (fault.mode === 'blackhole' || fault.mode === 'stall') return;
      carried += data.length;
      if (fault.mode === 'reset') {
        from.resetAndDestroy();
        to.destroy();
      } else if (fault.mode === 'cut' && isAnswer && carried > fault.bytes) {
        from.destroy();
        to.destroy();
      } else if (fault.mode === 'slow') {
        from.pause();
        setTimeout(() => {
          to.write(data);
          from.resume();
        }, fault.ms);
      } else if (!to.write(data)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
    from.on('close', () => to.destroy());
  };
  const server = createServer({ pauseOnConnect: true }, (client) => {
    keep(clients, client);
    if (fault.mode === 'refuse') client.resetAndDestroy();
    else if (fault.mode !== 'stall') {
      const upstream = connect(target.port, target.host);
      keep(upstreams, upstream);
      pump(client, upstream, false);
      pump(upstream, client, true);
      client.resume();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    through: (url) => {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = String(port);
      return changed.href;
    },
    set: (next) => {
      fault = next;
      if (fault.mode === 'refuse') for (const client of clients) client.resetAndDestroy();
    },
    open: () => clients.size,
    close: async () => {
      for (const socket of [...clients, ...upstreams]) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

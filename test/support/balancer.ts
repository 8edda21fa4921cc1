import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { readiness } from './served-nodes.ts';

export interface Balancer {
  /** Statuses of 500 and more that it had to hand on, and connections that broke. */
  failures: string[];
  close(): Promise<void>;
}

/**
 * A round-robin balancer as one is usually set up: keeps connections to the nodes open, asks each for
 * its readiness, and tries the next node only where a connection was never made.
 */
export async function startBalancer(port: number, nodes: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set(nodes);
  const failures: string[] = [];
  let turn = 0;
  const timer = setInterval(() => {
    for (const node of nodes) {
      void readiness(node).then((status) => (status === 200 ? ready.add(node) : ready.delete(node)));
    }
  }, 100);

  function forward(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, tried: number): void {
    const candidates = nodes.filter((node) => ready.has(node));
    turn += 1;
    const node = candidates[turn % candidates.length];
    const fail = (reason: string): void => {
      failures.push(`${incoming.method} ${incoming.url}: ${reason}`);
      outgoing.writeHead(502).end();
    };
    if (node === undefined) return fail('no node is ready');
    const target = new URL(node);
    const onward = request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        path: incoming.url,
        method: incoming.method,
        headers: { ...incoming.headers, connection: 'keep-alive' },
      },
      (answer) => {
        if ((answer.statusCode ?? 0) >= 500) failures.push(`${incoming.url}: ${answer.statusCode}`);
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
        answer.on('error', () => failures.push(`${incoming.url}: the answer broke off`));
      },
    );
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && tried < 3) {
        ready.delete(node);
        forward(incoming, outgoing, body, tried + 1);
      } else if (!outgoing.headersSent) fail(error.code ?? error.message);
    });
    onward.end(body);
    return undefined;
  }

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => forward(incoming, outgoing, Buffer.concat(chunks), 0));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    failures,
    async close() {
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

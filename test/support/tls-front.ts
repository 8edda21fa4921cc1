import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { selfSigned } from './certificate.ts';
import { freePort } from './free-port.ts';

/** Where a proxy will listen: the node behind it must know, for it is its issuer. */
export interface FrontPlace {
  https: number;
  http: number;
  /** The public address. */
  url: string;
  /** The same server without TLS. */
  plainUrl: string;
}

/** A reverse proxy at which TLS ends, as a university runs one; it speaks plain http to the node. */
export interface TlsFront {
  /** The authority that signed its certificate, PEM. */
  ca: string;
  close(): Promise<void>;
}

export type StartFront = (place: FrontPlace, node: string) => Promise<TlsFront>;

export async function reserveFrontPlace(): Promise<FrontPlace> {
  const [https, http] = [await freePort(), await freePort()];
  return { https, http, url: `https://127.0.0.1:${https}`, plainUrl: `http://127.0.0.1:${http}` };
}

/** A small proxy of our own, which sets the headers that nginx is told to set. */
export const startNodeFront: StartFront = async (place, node) => {
  const certificate = selfSigned('idp.test');
  const forward =
    (scheme: string) =>
    (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      const target = new URL(node);
      const before = incoming.headers['x-forwarded-for'];
      const client = incoming.socket.remoteAddress ?? '';
      const headers = {
        ...incoming.headers,
        'x-forwarded-for': typeof before === 'string' ? `${before}, ${client}` : client,
        'x-forwarded-proto': scheme,
      };
      const onward = request(
        {
          host: target.hostname,
          port: target.port,
          path: incoming.url,
          method: incoming.method,
          headers,
          agent: false,
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.writeHead(502).end());
      incoming.pipe(onward);
    };
  const servers = [
    createHttpsServer(certificate, forward('https')).listen(place.https, '127.0.0.1'),
    createHttpServer(forward('http')).listen(place.http, '127.0.0.1'),
  ];
  await Promise.all([listening(place.https), listening(place.http)]);
  return {
    ca: certificate.cert,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => {
          server.close(resolve);
        });
      }
    },
  };
};

/** Why there is no nginx to test with; undefined where there is. */
export function whyNoNginx(): string | undefined {
  const { error, status } = spawnSync('nginx', ['-v']);
  if (error !== undefined) return 'no nginx on the PATH';
  return status === 0 ? undefined : 'nginx does not start';
}

function nginxConfiguration(folder: string, ports: FrontPlace, node: string): string {
  const location = `location / {
      proxy_pass ${node};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }`;
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${ports.https} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    ${location}
  }
  server {
    listen 127.0.0.1:${ports.http};
    ${location}
  }
}
`;
}

/** Debian's nginx, with the few lines that an operator writes. */
export const startNginxFront: StartFront = async (place, node) => {
  const certificate = selfSigned('idp.test');
  const folder = mkdtempSync(path.join(tmpdir(), 'nijo-test-nginx-'));
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(path.join(folder, 'cert.pem'), certificate.cert);
  writeFileSync(path.join(folder, 'key.pem'), certificate.key);
  writeFileSync(file, nginxConfiguration(folder, place, node));
  const running = spawn('nginx', ['-c', file, '-e', path.join(folder, 'error.log')], { stdio: 'ignore' });
  await Promise.all([listening(place.https), listening(place.http)]);
  return {
    ca: certificate.cert,
    close: async () => {
      const ended = new Promise((resolve) => {
        running.once('exit', resolve);
      });
      if (running.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (connected) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`nothing listens on ${port}`);
}

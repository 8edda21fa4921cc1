import { connect, type Socket } from 'node:net';

export interface BurstRequest {
  /** Plain http, on this machine. */
  url: string;
  method?: string;
  headers?: Readonly<Record<string, string>>;
  /** At least one byte: the last one is what is held back. */
  body: string;
}

export interface BurstAnswer {
  /** 0 when the connection broke. */
  status: number;
  headers: Record<string, string>;
  setCookie: string[];
  body: string;
}

async function sendAllButTheLastByte(request: BurstRequest): Promise<Socket> {
  const url = new URL(request.url);
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  const headers = {
    host: url.host,
    'content-type': 'application/x-www-form-urlencoded',
    ...request.headers,
    'content-length': String(Buffer.byteLength(request.body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${request.method ?? 'POST'} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`);
  socket.write(Buffer.from(request.body).subarray(0, -1));
  return socket;
}

/** The body of a chunked answer (RFC 9112 §7.1), put together. */
function unchunk(body: string): string {
  let rest = body;
  let whole = '';
  for (;;) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (end < 0 || !(size > 0)) return whole;
    whole += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 2 + size + 2);
  }
}

function parse(raw: string): BurstAnswer {
  const split = raw.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = raw.slice(0, Math.max(split, 0)).split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const headers = Object.fromEntries(pairs);
  const body = raw.slice(split + 4);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers,
    setCookie: pairs.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    body: Buffer.from(headers['transfer-encoding'] === 'chunked' ? unchunk(body) : body, 'latin1').toString(),
  };
}

async function finish(socket: Socket, request: BurstRequest): Promise<BurstAnswer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => {
    socket.on('error', resolve);
    socket.on('close', resolve);
  });
  socket.write(Buffer.from(request.body).subarray(-1));
  await closed;
  return parse(Buffer.concat(chunks).toString('latin1'));
}

/**
 * Sends requests that are complete within a millisecond of each other: all but the last byte first,
 * then the last bytes together. This is what finds check-then-act (`security.md` E1, E2).
 * @returns the answers, in the order of the requests.
 */
export async function burst(requests: readonly BurstRequest[]): Promise<BurstAnswer[]> {
  const sent = await Promise.all(
    requests.map(async (request) => ({ request, socket: await sendAllButTheLastByte(request) })),
  );
  // Time for the servers to have read everything that is there.
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  return Promise.all(sent.map(({ request, socket }) => finish(socket, request)));
}

import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 when the server closed without a word. */
  status: number;
  /** The status line and the headers, as they came. */
  head: string;
  body: string;
}

/** Sends these bytes to a node, as no client library would, and reads until the server closes. */
export async function rawRequest(nodeUrl: string, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const { hostname, port } = new URL(nodeUrl);
  const text = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      socket.write([...lines, 'Connection: close', '', body].join('\r\n'));
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
  });
  const end = text.indexOf('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    head: text.slice(0, Math.max(end, 0)),
    body: text.slice(end + 4),
  };
}

import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * Reads a password from standard input: piped in (one line break at the end is not part of it), or typed
 * at a prompt that echoes nothing. It is never an argument, which every process on the machine can read.
 */
export async function readPassword(
  input: Readable & { isTTY?: boolean },
  prompt: NodeJS.WritableStream,
): Promise<string> {
  if (input.isTTY !== true) return (await text(input)).replace(/\r?\n$/, '');
  prompt.write('New password (not shown): ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      // Control-C or control-D: no password, which is refused.
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    prompt.write('\n');
  }
}

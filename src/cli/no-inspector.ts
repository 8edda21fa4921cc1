import cluster from 'node:cluster';
import { close, url } from 'node:inspector';

/**
 * SIGUSR1 would open Node's inspector: every process of this user could then read all memory, with the secret and
 * every password in it. The options at `#!`, in the Dockerfile and in `npm start` close it from the first moment; this
 * closes it for `node src/cli/nijo.ts` too.
 */
export function keepInspectorShut(): void {
  process.on('SIGUSR1', () => undefined);
  const askedFor = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((options) =>
    options.includes('--inspect'),
  );
  if (askedFor) return;
  // Workers are closed to it from their first moment (`serve --workers`).
  const disable = '--disable-sigusr1';
  if (cluster.isPrimary)
    cluster.setupPrimary({ execArgv: [...process.execArgv.filter((each) => each !== disable), disable] });
  const closeAgain = (): void => {
    if (url() !== undefined) close();
  };
  // A signal that came before this line is answered by a thread of Node's own, some time from now.
  for (const ms of [0, 50, 200, 1000, 3000]) setTimeout(closeAgain, ms).unref();
}

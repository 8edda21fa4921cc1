import cluster from 'node:cluster';
import { close, url } from 'node:inspector';

/**
 * SIGUSR1 would open Node's inspector: every process of this user could then read all memory, with the secret
 * and every password in it. The options in `#!`, in the Dockerfile and in `npm start` disable it from the
 * start; this function closes it for `node src/cli/nijo.ts` too.
 */
export function keepInspectorShut(): void {
  process.on('SIGUSR1', () => undefined);
  const askedFor = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((options) =>
    options.includes('--inspect'),
  );
  if (askedFor) return;
  // Workers have it disabled from the start (`serve --workers`).
  const disable = '--disable-sigusr1';
  if (cluster.isPrimary)
    cluster.setupPrimary({ execArgv: [...process.execArgv.filter((each) => each !== disable), disable] });
  const closeAgain = (): void => {
    if (url() !== undefined) close();
  };
  // A thread of Node handles a signal that came before this line, some time from now.
  for (const ms of [0, 50, 200, 1000, 3000]) setTimeout(closeAgain, ms).unref();
}

import cluster from 'node:cluster';
import { Command, InvalidArgumentError } from 'commander';
import type { CliContext } from './context.ts';
import { withoutRuntimeNotice } from './runtime-notice.ts';

function workers(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 64)
    throw new InvalidArgumentError('It is not a number from 1 to 64.');
  return number;
}

/** `nijo serve`: the program. Refuses to start while its configuration has a fault, and names every one. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the identity provider (Postgres, SMTP and configuration required)')
    .option('--workers <number>', 'processes on this machine, each a full node', workers, 1)
    .action(async (options: { workers: number }) => {
      const config = context.loadConfiguration();
      if (options.workers > 1 && cluster.isPrimary) {
        await superviseWorkers(options.workers, context);
        return;
      }
      const { serve } = await withoutRuntimeNotice(() => import('../main.ts'));
      await serve(config);
    });
}

/** Keeps the workers running; a signal is passed on and the last to end ends the program. */
async function superviseWorkers(count: number, context: CliContext): Promise<void> {
  let stopping = false;
  for (let index = 0; index < count; index += 1) cluster.fork();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
    });
  }
  let startedAt = Date.now();
  await new Promise<void>((resolve) => {
    cluster.on('exit', (worker, code) => {
      const left = Object.keys(cluster.workers ?? {}).length;
      if (stopping) {
        if (left === 0) resolve();
        return;
      }
      // A worker that cannot even start would be started for ever.
      if (Date.now() - startedAt < 2000) {
        process.exitCode = 1;
        if (left === 0) resolve();
        return;
      }
      context.out(`worker ${worker.process.pid ?? ''} ended with ${code}; starting another`);
      startedAt = Date.now();
      cluster.fork();
    });
  });
}

import cluster from 'node:cluster';
import { hostname } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { Configuration } from '../config/schema.ts';
import type { CliContext } from './context.ts';
import { withoutRuntimeNotice } from './runtime-notice.ts';
import { openSupervisorLink } from './worker-link.ts';

function workers(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 64)
    throw new InvalidArgumentError('It is not a number from 1 to 64.');
  return number;
}

// Handles still open at the end must not keep the process alive; a last log line needs this long.
const leftoverMs = 1000;

/** `nijo serve`: runs the server. Refuses to start with a faulty configuration, and names every error. */
export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the identity provider (Postgres, SMTP and configuration required)')
    .option('--workers <number>', 'processes on this machine, each a full node', workers, 1)
    .action(async (options: { workers: number }) => {
      const config = context.loadConfiguration();
      try {
        if (options.workers === 1) {
          const { serve } = await withoutRuntimeNotice(() => import('../main.ts'));
          await serve(config);
        } else if (cluster.isPrimary) {
          process.exitCode = await supervise(options.workers, config);
        } else {
          const link = openSupervisorLink();
          const { serve } = await withoutRuntimeNotice(() => import('../main.ts'));
          await serve(config, link);
        }
      } finally {
        // The channel to the supervisor would keep a worker alive for ever.
        process.channel?.unref();
        setTimeout(() => process.exit(), leftoverMs).unref();
      }
    });
}

/** Runs the workers as one node. @returns the exit code. @throws Error with a line for the operator. */
async function supervise(count: number, config: Configuration): Promise<number> {
  const [{ createSupervisor }, { createLogger }, { internalHandler }, listeners] = await withoutRuntimeNotice(
    () =>
      Promise.all([
        import('./supervisor.ts'),
        import('../observe/logger.ts'),
        import('../observe/internal.ts'),
        import('../app/listeners.ts'),
      ]),
  );
  const logger = createLogger(config.logging, config.server.node_name ?? hostname());
  const supervisor = createSupervisor({ count, killAfterMs: listeners.longestStopMs(config) + 1000, logger });
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) {
        supervisor.kill();
        process.exit(1);
      }
      asked = true;
      supervisor.stop();
    });
  }
  await listeners.assertPortIsFree(config);
  const internal = await listeners.openInternal(config, internalHandler(supervisor));
  const exitCode = await supervisor.run();
  await internal?.close(1000);
  return exitCode;
}

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import { withoutRuntimeNotice } from './runtime-notice.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const portsUsed = 4;

/** Where the trial is: PORT and NIJO_DATA, for `nijo trial` and for commands on a stopped trial. */
export function trialPlace(
  context: Pick<CliContext, 'fail'>,
  environment: Environment,
): { port: number; folder: string } {
  const { PORT: value, NIJO_DATA: given } = environment;
  const port = value === undefined || value === '' ? 3000 : Number(value);
  if (!Number.isInteger(port) || port < 1 || port + portsUsed > 65_536)
    return context.fail(`PORT is ${value ?? ''}: it must be a number from 1 to ${65_536 - portsUsed}.`);
  return { port, folder: given === undefined || given === '' ? '.nijo' : given };
}

/** The stopped trial's database and settings, for one command. */
export async function openTrial(context: Pick<CliContext, 'fail'>, environment: Environment) {
  const place = trialPlace(context, environment);
  const { openStoppedTrial } = await withoutRuntimeNotice(() => import('../trial/folder.ts'));
  const { TrialRefusedError } = await import('../trial/refused.ts');
  return openStoppedTrial(place).catch((error: unknown) => {
    if (error instanceof TrialRefusedError) return context.fail(error.message);
    throw error;
  });
}

/** Resolves on the first stop signal; another one more than a second later ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // One Ctrl+C arrives twice: from the terminal, and passed on by npm.
        if (asked !== undefined && performance.now() - asked > 1000) process.exit(130);
        asked ??= performance.now();
        resolve();
      });
    }
  });
}

/** Loads what the trial alone needs: no other command needs it, and it may be absent. */
async function loadTrial(context: Pick<CliContext, 'fail'>) {
  try {
    const [{ startTrial }, { welcome }, { TrialRefusedError }] = await Promise.all([
      withoutRuntimeNotice(() => import('../trial/trial.ts')),
      import('../trial/words.ts'),
      import('../trial/refused.ts'),
    ]);
    return { startTrial, welcome, TrialRefusedError };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return context.fail('The trial needs the development packages too: run `npm ci` without `--omit=dev`.');
  }
}

/**
 * `nijo trial` (`npm start`): runs everything needed to try Nijo on this machine. PORT sets the
 * identity provider's port, and the other ports follow it; NIJO_DATA names the data folder.
 */
export function trialCommand(
  context: Pick<CliContext, 'out' | 'fail'>,
  environment: Environment = process.env,
): Command {
  return new Command('trial')
    .description('try it on this machine: demo accounts, two demo services, a mailbox (PORT, NIJO_DATA)')
    .action(async () => {
      const { port, folder } = trialPlace(context, environment);
      const stopped = untilStopped();
      const { startTrial, welcome, TrialRefusedError } = await loadTrial(context);
      const trial = await startTrial({ port, folder }).catch((error: unknown) => {
        if (error instanceof TrialRefusedError) return context.fail(error.message);
        throw error;
      });
      context.out(welcome(port, folder));
      await stopped;
      context.out('Stopping.');
      await trial.stop();
    });
}

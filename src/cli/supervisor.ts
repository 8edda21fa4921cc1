import cluster, { type Worker } from 'node:cluster';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../observe/logger.ts';
import { createSupervisorMetrics } from '../observe/supervisor-metrics.ts';
import type { FromWorker, ToWorker } from './worker-link.ts';

/** The processes of one node, and their state. */
export interface Supervisor {
  /** Keeps the workers running until `stop`. @returns the exit code, when the last one has ended. */
  run(): Promise<number>;
  /** Stops all workers gracefully; those that have not ended `killAfterMs` later are killed. */
  stop(): void;
  /** Kills all workers at once. */
  kill(): void;
  /** Whether at least one worker is ready for logins. */
  ready(): Promise<boolean>;
  /** The sum of the workers' metrics in Prometheus's text format. */
  metrics(): Promise<string>;
}

interface Report {
  ready: boolean;
  metrics: Extract<FromWorker, { kind: 'report' }>['metrics'];
}

/** How a worker ended. */
interface End {
  code: number | null;
  signal: string | null;
  /** Undefined when it never served. */
  servedMs: number | undefined;
}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
// A worker that served this long is not affected by what ended its predecessor.
const healthyMs = 60_000;
const reportMs = 2000;

/**
 * Runs `count` workers that behave as one process: if the node cannot start, all end with 1; a worker that
 * dies is replaced (after growing pauses if it happens repeatedly); and a stop ends all.
 */
export function createSupervisor(options: {
  count: number;
  killAfterMs: number;
  logger: Logger;
}): Supervisor {
  const { count, killAfterMs, logger } = options;
  const stopping = new AbortController();
  const serving = new Set<Worker>();
  const alive = new Set<Worker>();
  const asked = new Map<number, (report: Report) => void>();
  const ownMetrics = createSupervisorMetrics(() => serving.size);
  let questions = 0;
  let exitCode = 0;
  let startedOnce = false;

  function tell(worker: Worker, message: ToWorker): void {
    if (worker.isConnected()) worker.send(message, () => undefined);
  }

  function killAll(): void {
    for (const worker of alive) worker.process.kill('SIGKILL');
  }

  function stop(): void {
    if (stopping.signal.aborted) return;
    stopping.abort();
    for (const worker of alive) tell(worker, { kind: 'stop' });
    setTimeout(() => {
      if (alive.size === 0) return;
      exitCode = 1;
      logger.error({ event: 'workers.killed', left: alive.size }, 'workers that do not end are killed');
      killAll();
    }, killAfterMs).unref();
  }

  /** Starts a worker. @param onServing called when it serves. @returns how it ended. */
  function live(onServing: () => void): Promise<End> {
    const worker = cluster.fork();
    alive.add(worker);
    let servingSince: number | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'serving') {
        servingSince = performance.now();
        serving.add(worker);
        onServing();
      } else asked.get(message.id)?.(message);
    });
    return new Promise((resolve) => {
      const over = (code: number | null, signal: string | null): void => {
        alive.delete(worker);
        serving.delete(worker);
        const servedMs = servingSince === undefined ? undefined : performance.now() - servingSince;
        resolve({ code, signal, servedMs });
      };
      worker.once('exit', over);
      worker.once('error', (error) => {
        logger.error({ event: 'worker.error', err: error }, 'a worker cannot be started or reached');
        // A worker that never started emits no exit event.
        if (worker.process.pid === undefined) over(1, null);
      });
    });
  }

  /** Whether this end means that the node cannot run, rather than that one worker crashed. */
  const cannotRun = ({ servedMs, signal }: End): boolean =>
    servedMs === undefined && signal === null && (!startedOnce || serving.size === 0);

  /** Keeps one worker running. */
  async function keep(onServing: () => void): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const end = await live(onServing);
      const { code, signal, servedMs } = end;
      if (stopping.signal.aborted) {
        if (code !== 0 && signal !== 'SIGTERM') exitCode = 1;
        return;
      }
      if (cannotRun(end)) {
        // The worker has already said why.
        exitCode = 1;
        stop();
        return;
      }
      failures = (servedMs ?? 0) >= healthyMs ? 1 : failures + 1;
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
      ownMetrics.workerEnded();
      logger.error(
        { event: 'worker.ended', code, signal, pauseMs },
        'a worker has ended; another one follows',
      );
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  /** Asks each serving worker for its report; undefined for one that does not answer in time. */
  function ask(): Promise<Report | undefined>[] {
    return [...serving].map((worker) => {
      questions += 1;
      const id = questions;
      const answer = new Promise<Report>((resolve) => {
        asked.set(id, resolve);
      });
      tell(worker, { kind: 'report', id });
      const late = pause(reportMs, undefined, { ref: false });
      return Promise.race([answer, late]).finally(() => asked.delete(id));
    });
  }

  /** The reports that arrive in time; a stuck worker must not keep monitoring waiting. */
  const reports = async (): Promise<Report[]> =>
    (await Promise.all(ask())).filter((report) => report !== undefined);

  /** The first yes is enough: a stuck worker delays nobody. */
  const anyReady = (): Promise<boolean> =>
    Promise.any(
      ask().map(async (report) => (await report)?.ready === true || Promise.reject(new Error())),
    ).catch(() => false);

  return {
    async run() {
      let up = 0;
      const onServing = (): void => {
        up += 1;
        startedOnce ||= up >= count;
      };
      // One worker starts first, so that an error that prevents the start is reported only once.
      let firstServes = (): void => undefined;
      const firstIsUp = new Promise<void>((resolve) => {
        firstServes = resolve;
      });
      const first = keep(() => {
        onServing();
        firstServes();
      });
      await Promise.race([firstIsUp, first]);
      const others = Array.from({ length: count - 1 }, () => keep(onServing));
      await Promise.all([first, ...others]);
      return exitCode;
    },
    stop,
    kill: killAll,
    ready: async () => !stopping.signal.aborted && (await anyReady()),
    metrics: async () => ownMetrics.text((await reports()).map(({ metrics }) => metrics)),
  };
}

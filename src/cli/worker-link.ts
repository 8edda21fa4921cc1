import type { Nijo } from '../app/app.ts';
import type { MetricsSnapshot } from '../observe/metrics.ts';

/** What the supervisor says to a worker. */
export type ToWorker = { kind: 'stop' } | { kind: 'report'; id: number };

/** What a worker says to its supervisor. */
export type FromWorker =
  | { kind: 'serving' }
  | { kind: 'report'; id: number; ready: boolean; metrics: MetricsSnapshot };

/** The worker's end of the channel to its supervisor. */
export interface SupervisorLink {
  /** Resolves when the supervisor tells this worker to stop. */
  stop: Promise<void>;
  /** Reports that this worker serves; from then on it answers requests for readiness and metrics. */
  serving(node: Nijo): void;
}

/** The caller must also release the link (`process.channel`): an open one keeps the process alive. */
export function openSupervisorLink(): SupervisorLink {
  let node: Nijo | undefined;
  const say = (message: FromWorker): void => {
    // The supervisor may just have ended; then this process does too.
    if (process.connected) process.send?.(message, () => undefined);
  };
  const stop = new Promise<void>((resolve) => {
    process.on('message', (message: ToWorker) => {
      if (message.kind === 'stop') resolve();
      else if (node !== undefined) {
        const { id } = message;
        const ready = node.ready();
        void node.metrics.snapshot().then((metrics) => say({ kind: 'report', id, ready, metrics }));
      }
    });
  });
  return {
    stop,
    serving(started) {
      node = started;
      say({ kind: 'serving' });
    },
  };
}

import { setTimeout as pause } from 'node:timers/promises';

/** A bounded number of workers; the database is their queue, nothing waits in memory. */
export interface Workers {
  /** Takes this item, or a due one, if a worker is free; otherwise the next free one looks for due items. */
  start(id?: string): void;
  /** Takes no new items from now on. */
  close(): void;
  idle(): Promise<void>;
  /** Whether all was finished within this time. */
  idleWithin(milliseconds: number): Promise<boolean>;
}

export function workersOf<Item>(job: {
  capacity: number;
  take: (id?: string) => Promise<Item | undefined>;
  work: (item: Item) => Promise<void>;
  /** Receives what `take` or `work` threw. */
  report: (error: unknown) => void;
}): Workers {
  const running = new Set<Promise<void>>();
  let closed = false;
  // `start` was called while all were busy: the first free worker looks at everything that is due.
  let asked = false;

  async function run(id: string | undefined): Promise<void> {
    const named = id !== undefined;
    let item = await job.take(id);
    while (item !== undefined) {
      // More items may be due.
      if (!named) start();
      await job.work(item);
      if (named || closed) return;
      item = await job.take();
    }
  }

  function start(id?: string): void {
    if (closed) return;
    if (running.size >= job.capacity) {
      asked = true;
      return;
    }
    const worker: Promise<void> = run(id)
      .catch(job.report)
      .finally(() => {
        running.delete(worker);
        if (!asked) return;
        asked = false;
        start();
      });
    running.add(worker);
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    start,
    close() {
      closed = true;
    },
    idle,
    async idleWithin(milliseconds) {
      const timer = new AbortController();
      const late = pause(milliseconds, false, { signal: timer.signal }).catch(() => false);
      const done = await Promise.race([idle().then(() => true), late]);
      timer.abort();
      return done;
    },
  };
}

/** Retries `write` after each pause. @returns undefined when it never succeeded; `giveUp` is then called. */
export async function withRetries<Value>(
  write: () => Promise<Value>,
  pausesMs: readonly number[],
  giveUp: (error: unknown) => void,
): Promise<Value | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const wait = pausesMs[attempt];
      if (wait === undefined) {
        giveUp(error);
        return undefined;
      }
      await pause(wait);
    }
  }
}

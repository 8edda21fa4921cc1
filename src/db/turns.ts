import { NijoError } from '../base/errors.ts';
import { type Lane, type Traveller, traveller } from '../base/lanes.ts';

/** Slots for a resource, assigned in a fair order. */
export interface Turns {
  /**
   * Waits for a slot. @returns the function that frees it.
   * @throws NijoError('server_busy') when the queue is full, or the wait has been too long.
   * @throws what `stalled` makes when the database makes no progress meanwhile.
   */
  take(): Promise<() => void>;
  /** A statement was answered: the queue moves, so waiting in it is worthwhile. */
  progressed(): void;
  waiting(): number;
}

export interface TurnsOptions {
  places: number;
  /** The maximum length of the queue. */
  mostWaiting: number;
  /** How old a request may be while it still waits. */
  patienceMs: number;
  /** How long without progress until waiting requests fail; also the patience of background work. */
  stallMs: number;
  stalled: () => Error;
}

interface Waiting {
  who: Traveller;
  since: number;
  go: (giveBack: () => void) => void;
  fail: (error: Error) => void;
}

const lanes: readonly Lane[] = ['probe', 'back-channel', 'page', 'background'];
// Priority is not exclusive: after this many others, one of this lane gets a slot.
const passedOverAtMost: Readonly<Record<Lane, number>> = {
  probe: 0,
  'back-channel': 0,
  page: 8,
  background: 16,
};
const lookEveryMs = 100;

/**
 * A queue in which the more urgent lane goes first, and within a lane the oldest request: a request that has
 * begun finishes before new ones take its connections, and none starves. Its length and the wait are bounded.
 */
export function createTurns(options: TurnsOptions): Turns {
  const queues = new Map<Lane, Waiting[]>(lanes.map((lane) => [lane, []]));
  const passedOver = new Map<Lane, number>();
  let free = options.places;
  let length = 0;
  let lastProgress = performance.now();
  let timer: NodeJS.Timeout | undefined;

  const queueOf = (lane: Lane): Waiting[] => queues.get(lane) ?? [];

  /** The request that asks. Work that outlives its request, such as sending mails, is background work. */
  function present(): Traveller {
    const who = traveller();
    const now = performance.now();
    return now - who.since < options.patienceMs ? who : { ...who, lane: 'background', since: now };
  }

  function next(): Waiting | undefined {
    const inOrder = lanes.filter((lane) => queueOf(lane).length > 0);
    const overdue = inOrder.find(
      (lane) => passedOverAtMost[lane] > 0 && (passedOver.get(lane) ?? 0) >= passedOverAtMost[lane],
    );
    const chosen = overdue ?? inOrder[0];
    if (chosen === undefined) return undefined;
    for (const lane of inOrder) passedOver.set(lane, lane === chosen ? 0 : (passedOver.get(lane) ?? 0) + 1);
    length -= 1;
    return queueOf(chosen).shift();
  }

  /** Which request a full queue drops for a new one: the newest of the network with the most waiting. */
  function tooMany(newcomer: Traveller): Waiting | undefined {
    const counts = new Map<string, number>();
    for (const { who } of [...queues.values()].flat())
      if (who.source !== '') counts.set(who.source, (counts.get(who.source) ?? 0) + 1);
    const [heaviest, most] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one), ['', 0]);
    if ((counts.get(newcomer.source) ?? 0) + 1 >= most) return undefined;
    for (const lane of lanes.toReversed()) {
      const queue = queueOf(lane);
      const at = queue.findLastIndex(({ who }) => who.source === heaviest);
      if (at >= 0) return queue.splice(at, 1)[0];
    }
    return undefined;
  }

  function giveBackOnce(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const following = next();
      if (following === undefined) free += 1;
      else following.go(giveBackOnce());
    };
  }

  /** Fails the requests that have waited too long. */
  function look(): void {
    const now = performance.now();
    for (const lane of lanes) {
      const staying = queueOf(lane).filter(({ who, since, fail }) => {
        const late = now - who.since >= options.patienceMs;
        // Nobody waits for background work: it is retried by itself.
        const progress = lane === 'background' ? 0 : lastProgress;
        const stuck = now - Math.max(since, progress) >= options.stallMs;
        if (!late && !stuck) return true;
        length -= 1;
        fail(stuck ? options.stalled() : new NijoError('server_busy'));
        return false;
      });
      queues.set(lane, staying);
    }
    if (length > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    async take() {
      if (free > 0) {
        free -= 1;
        return giveBackOnce();
      }
      const who = present();
      if (length >= options.mostWaiting && who.lane !== 'probe') {
        const leaving = tooMany(who);
        if (leaving === undefined) throw new NijoError('server_busy');
        length -= 1;
        leaving.fail(new NijoError('server_busy'));
      }
      return new Promise((go, fail) => {
        const queue = queueOf(who.lane);
        // Nearly always the end of the queue; a request that began early may ask again later.
        const at = queue.findLastIndex((other) => other.who.since <= who.since) + 1;
        queue.splice(at, 0, { who, since: performance.now(), go, fail });
        length += 1;
        timer ??= setInterval(look, lookEveryMs);
      });
    },
    progressed() {
      lastProgress = performance.now();
    },
    waiting: () => length,
  };
}

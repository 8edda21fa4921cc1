/**
 * The time of this process, synchronised with the database's clock (S26). The system's clock is read once, at
 * the start; then the monotonic clock continues from the database's time, so that a system clock that is
 * wrong, or is set while the process runs, affects no time that leaves this node.
 */
export interface NodeClock {
  /** The time in milliseconds, by the database's clock. */
  now(): number;
  /** Takes a reading of the database's clock, made between two readings of `performance.now()`. */
  learn(databaseMs: number, askedAt: number, answeredAt: number): void;
  /** Milliseconds by which the system's clock is ahead of `now()` (negative: behind). */
  offset(): number;
}

/** @param systemNow the system's clock, which may be wrong. */
export function createNodeClock(systemNow: () => number): NodeClock {
  // The database's time at the monotonic clock's zero.
  let zero = systemNow() - performance.now();
  let led = false;
  return {
    now: () => zero + performance.now(),
    learn(databaseMs, askedAt, answeredAt) {
      if (!Number.isFinite(databaseMs)) return;
      // It was read after the query was sent and before the answer arrived: any moment between is as good.
      const earliest = databaseMs - answeredAt;
      const latest = databaseMs - askedAt;
      zero = led ? Math.min(Math.max(zero, earliest), latest) : (earliest + latest) / 2;
      led = true;
    },
    offset: () => systemNow() - (zero + performance.now()),
  };
}

/**
 * Makes `Date` show this clock in the whole process. The protocol library, the JOSE library and the log read
 * the time only from `Date`; no narrower hook reaches all of them (docs/decisions.md).
 * @returns what restores the system's clock.
 */
export function leadDateBy(clock: NodeClock): () => void {
  const SystemDate = globalThis.Date;
  const CorrectedDate = new Proxy(SystemDate, {
    construct: (target, values: unknown[], newTarget) =>
      Reflect.construct(target, values.length === 0 ? [clock.now()] : values, newTarget) as object,
    apply: () => new SystemDate(clock.now()).toString(),
    get: (target, name, receiver) =>
      name === 'now' ? () => Math.floor(clock.now()) : (Reflect.get(target, name, receiver) as unknown),
  });
  globalThis.Date = CorrectedDate;
  return () => {
    globalThis.Date = SystemDate;
  };
}

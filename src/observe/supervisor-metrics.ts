import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot } from './metrics.ts';

/** What monitoring sees of a node that runs as several processes. */
export interface SupervisorMetrics {
  workerEnded(): void;
  /** The workers' combined metrics and the supervisor's own, in Prometheus's text format. */
  text(workers: readonly MetricsSnapshot[]): Promise<string>;
}

/** @param serving how many workers serve now. */
export function createSupervisorMetrics(serving: () => number): SupervisorMetrics {
  const registry = new Registry();
  const registers = [registry];
  const ended = new Counter({
    name: 'nijo_workers_ended_total',
    help: 'Workers that ended without being told to',
    registers,
  });
  const gauge: Gauge = new Gauge({
    name: 'nijo_workers_serving',
    help: 'Workers that serve',
    registers,
    collect: () => {
      gauge.set(serving());
    },
  });
  return {
    workerEnded: () => ended.inc(),
    async text(workers) {
      const sum = AggregatorRegistry.aggregate([...workers]);
      return `${await sum.metrics()}\n${await registry.metrics()}`;
    },
  };
}

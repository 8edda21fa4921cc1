import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one process as data, to be added to those of others. */
export type MetricsSnapshot = object[];

/** What monitoring sees of this node. Every label has a small, fixed set of values. */
export interface Metrics {
  /** The content type of an answer with `text()`. */
  readonly contentType: string;
  /** Everything in Prometheus's text format. */
  text(): Promise<string>;
  snapshot(): Promise<MetricsSnapshot>;
  /** `route` is the route's pattern, never the path: a path may hold an identifier. */
  httpRequest(route: string, method: string, status: number, seconds: number): void;
  signIn(acr: string, result: 'success' | 'failure' | 'cancelled'): void;
  /** Seconds by which the deletion of the oldest expired row of a kind is late. */
  cleaningBehind(kind: string, seconds: number): void;
  /** Of the node itself, once a second. */
  readonly health: {
    clockOffset(seconds: number): void;
    ready(yes: boolean): void;
  };
  readonly mail: {
    mail(kind: string, state: 'handed-over' | 'retried' | 'refused' | 'expired'): void;
    /** Seconds from writing the mail to the server's accepting it. */
    handOver(domain: string, seconds: number): void;
    /** The relay refused a mail for reasons of its own: an alarm. */
    relayTrouble(reply: 'none' | '4yz' | '5yz'): void;
  };
}

// Recipients choose their domain: only these get their own series, all others are "other".
const largeMailDomains: readonly string[] = [
  'gmail.com',
  'outlook.com',
  'outlook.jp',
  'hotmail.com',
  'yahoo.co.jp',
  'yahoo.com',
  'icloud.com',
  'docomo.ne.jp',
  'ezweb.ne.jp',
  'au.com',
  'softbank.ne.jp',
  'qq.com',
  '163.com',
];

const httpMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * The metrics of one node, in a registry of their own (so that two nodes fit in one process).
 * @param options.mailDomains recipient domains that are counted separately; by default large mail services
 */
export function createMetrics(options: { mailDomains?: readonly string[] } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const domains = new Set(options.mailDomains ?? largeMailDomains);

  const requests = new Histogram({
    name: 'nijo_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const behind = new Gauge({
    name: 'nijo_cleaning_behind_seconds',
    help: 'How late the oldest expired row of a kind is to be deleted',
    labelNames: ['kind'],
    aggregator: 'max',
    registers,
  });
  const signIns = new Counter({
    name: 'nijo_sign_ins_total',
    help: 'Logins that came to an end, by the level they reached',
    labelNames: ['acr', 'result'],
    registers,
  });
  const mails = new Counter({
    name: 'nijo_mails_total',
    help: 'What became of mails: handed over, tried again, refused for good, or too late',
    labelNames: ['kind', 'state'],
    registers,
  });
  const handOvers = new Histogram({
    name: 'nijo_mail_handover_seconds',
    help: 'Time from the writing of a mail until the mail server took it',
    labelNames: ['domain'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
    registers,
  });
  const relayTroubles = new Counter({
    name: 'nijo_mail_relay_trouble_total',
    help: 'Mails that our mail server did not take for a reason that is not the recipient, by the class of its reply',
    labelNames: ['reply'],
    registers,
  });

  const clockOffset = new Gauge({
    name: 'nijo_clock_offset_seconds',
    help: 'How far the clock of this machine is ahead of the database’s (negative: behind)',
    aggregator: 'average',
    registers,
  });
  const readiness = new Gauge({
    name: 'nijo_ready',
    help: 'Whether this node would be sent logins: 1 or 0',
    aggregator: 'min',
    registers,
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    httpRequest(route, method, status, seconds) {
      const known = httpMethods.includes(method) ? method : 'other';
      requests.observe({ route, method: known, status: String(status) }, seconds);
    },
    signIn: (acr, result) => signIns.inc({ acr, result }),
    cleaningBehind: (kind, seconds) => behind.set({ kind }, seconds),
    health: {
      clockOffset: (seconds) => clockOffset.set(seconds),
      ready: (yes) => readiness.set(yes ? 1 : 0),
    },
    mail: {
      mail: (kind, state) => mails.inc({ kind, state }),
      handOver: (domain, seconds) =>
        handOvers.observe({ domain: domains.has(domain) ? domain : 'other' }, seconds),
      relayTrouble: (reply) => relayTroubles.inc({ reply }),
    },
  };
}

import type { Logger } from 'pino';
import type { Db } from '../db/open.ts';
import {
  type ClaimedMail,
  claimMail,
  release,
  recordHandedOver,
  recordRefusal,
  recordRetry,
} from './claims.ts';
import { faultOf, oneLine } from './fault.ts';
import { domainOf } from './recipient.ts';
import type { MailKind, MailModels, MailRenderer } from './render.ts';
import { withRetries, type Workers, workersOf } from '../base/workers.ts';
import type { MailTransport, OutgoingMail } from './transport.ts';

/** What the sender counts; `observe/metrics` implements it. */
export interface MailMetrics {
  mail(kind: string, state: 'handed-over' | 'retried' | 'refused' | 'expired'): void;
  handOver(domain: string, seconds: number): void;
  /** Our own mail system did not accept a mail, for a reason unrelated to the recipient. */
  relayTrouble(reply: 'none' | '4yz' | '5yz'): void;
}

export interface MailSenderParts {
  db: Db;
  transport: MailTransport;
  renderer: MailRenderer;
  /** The code of a challenge, derived; it is in memory only while its mail is handed over. */
  codeFor: (challengeId: string) => string;
  /** The URL of a link "this was not me", from its id; it too is in memory only during the hand-over. */
  linkFor: (linkId: string) => string;
  logger: Logger;
  metrics?: MailMetrics;
  /**
   * Called when a mail did not reach an address and the server's reply was about that address: the mail
   * was refused permanently, or a code expired before it could be handed over. No request waits for it.
   */
  onUndelivered?: (address: string, reason: 'refused' | 'expired') => Promise<unknown>;
  /** Called when a mail was accepted: earlier refusals of its address are outdated. */
  onDelivered?: (mailId: string) => Promise<unknown>;
}

/** All in milliseconds. */
export interface MailSenderTimes {
  /** A hand-over is given up after this; the default is the transport's value. */
  handOverMs: number;
  /** How long no other node takes a claimed mail; must be longer than a hand-over. */
  leaseMs: number;
  /** Pauses after the first, second, … temporary failure; the last one repeats, and grows for notices. */
  retryMs: readonly number[];
  /** How often a node looks for mails that are due, on average. */
  pollMs: number;
  /** How long `stop` waits for what is in flight before it breaks off. */
  stopMs: number;
  /** Pauses between attempts to record the outcome of a mail. */
  recordMs: readonly number[];
}

export interface MailSender {
  /** Hands a mail over now, in the background; call it after the commit. Never throws, never waits. */
  readonly wake: (id: string) => void;
  /** Looks for mails that are due: retries, and mails of nodes that stopped. */
  readonly start: () => void;
  /** Finishes what is in flight, or gives it back for another node. The transport stays open. */
  readonly stop: () => Promise<void>;
  /** Resolves when this node is handing nothing over. */
  readonly idle: () => Promise<void>;
}

/** Hands the mails of the outbox to SMTP. Every node has one; the database decides who sends what. */
export function createMailSender(parts: MailSenderParts, times: Partial<MailSenderTimes> = {}): MailSender {
  const { db, transport, renderer, logger, metrics } = parts;
  const handOverMs = times.handOverMs ?? transport.handOverMs;
  const { leaseMs, retryMs, pollMs, stopMs, recordMs }: Omit<MailSenderTimes, 'handOverMs'> = {
    leaseMs: handOverMs + 10_000,
    retryMs: [5_000, 15_000, 45_000, 60_000],
    pollMs: 1_500,
    stopMs: handOverMs + 1_000,
    recordMs: [250, 1_000, 3_000],
    ...times,
  };
  if (leaseMs <= handOverMs)
    throw new Error('leaseMs must be longer than handOverMs: two nodes would send one mail');
  const onTheirWay = new Set<AbortController>();
  let brokenOff = false;

  function render(mail: ClaimedMail, derived: { code?: string; notMe?: string }) {
    const model = { ...mail.model, ...derived };
    return renderer.render<MailKind>(
      mail.kind as MailKind,
      model as unknown as MailModels[MailKind],
      mail.locale,
    );
  }

  async function handOver(mail: ClaimedMail): Promise<void> {
    const facts = { mail: mail.id, kind: mail.kind, domain: domainOf(mail.to), attempt: mail.attempt };
    if (mail.expired) {
      metrics?.mail(mail.kind, 'expired');
      logger.info({ event: 'mail.expired', ...facts });
      return;
    }
    const secrets = [mail.to];
    let reply: string;
    try {
      const { link } = mail.model;
      const derived = {
        ...(mail.challengeId === null ? {} : { code: parts.codeFor(mail.challengeId) }),
        ...(typeof link === 'string' ? { notMe: parts.linkFor(link) } : {}),
      };
      // Only the last part of the link is secret.
      secrets.push(...Object.values(derived).map((value) => value.slice(value.lastIndexOf('/') + 1)));
      reply = oneLine(await deliver({ ...mail, ...render(mail, derived) }), secrets);
    } catch (error) {
      await failed(mail, error, secrets, facts);
      return;
    }
    await handedOver(mail, reply, facts);
    const { onDelivered } = parts;
    if (onDelivered !== undefined) await record(() => onDelivered(mail.id), facts);
  }

  /** Ends within `handOverMs`, however slowly a server answers. */
  async function deliver(mail: OutgoingMail): Promise<string> {
    const controller = new AbortController();
    const late = setTimeout(() => controller.abort(), handOverMs);
    onTheirWay.add(controller);
    try {
      return await transport.deliver(mail, controller.signal);
    } finally {
      clearTimeout(late);
      onTheirWay.delete(controller);
    }
  }

  async function handedOver(mail: ClaimedMail, reply: string, facts: object): Promise<void> {
    metrics?.mail(mail.kind, 'handed-over');
    // If this is not recorded, the mail is sent a second time when its lease ends.
    const seconds = await record(() => recordHandedOver(db, mail, reply), facts);
    if (seconds !== undefined) metrics?.handOver(domainOf(mail.to), seconds);
    logger.info({ event: 'mail.handed-over', ...facts, seconds, reply });
  }

  async function failed(mail: ClaimedMail, error: unknown, secrets: string[], facts: object): Promise<void> {
    const { temporary, relay, unconfirmed, recipient, status, reply } = faultOf(error, secrets);
    if (unconfirmed && mail.unconfirmed > 0) {
      // The server has received it twice without an answer: a third copy would help nobody.
      await handedOver(mail, `unconfirmed: ${reply}`, facts);
      return;
    }
    if (brokenOff) {
      await record(() => release(db, mail, unconfirmed), facts);
      return;
    }
    if (!temporary) {
      metrics?.mail(mail.kind, 'refused');
      logger.warn({ event: 'mail.refused', ...facts, reply });
      await record(() => recordRefusal(db, mail, reply), facts);
      if (recipient) await undelivered(mail, 'refused', facts);
      return;
    }
    const pauseMs = pauseAfter(mail, retryMs);
    const state = await record(() => recordRetry(db, mail, { reply, unconfirmed, pauseMs }), facts);
    metrics?.mail(mail.kind, state === 'expired' ? 'expired' : 'retried');
    if (relay) metrics?.relayTrouble(status >= 500 ? '5yz' : status >= 400 ? '4yz' : 'none');
    const event = state === 'expired' ? 'mail.expired' : relay ? 'mail.relay-trouble' : 'mail.retried';
    // Only an operator can fix the relay, and until then nobody can sign in by mail.
    logger[relay ? 'error' : 'warn']({ event, ...facts, relay, reply });
    if (state === 'expired' && recipient && mail.challengeId !== null)
      await undelivered(mail, 'expired', facts);
  }

  async function undelivered(mail: ClaimedMail, reason: 'refused' | 'expired', facts: object): Promise<void> {
    const { onUndelivered } = parts;
    if (onUndelivered !== undefined) await record(() => onUndelivered(mail.to, reason), facts);
  }

  function record<Value>(write: () => Promise<Value>, facts: object): Promise<Value | undefined> {
    return withRetries(write, recordMs, (error) =>
      logger.error({ event: 'mail.not-recorded', ...facts, err: error }),
    );
  }

  const workers: Workers = workersOf<ClaimedMail>({
    capacity: transport.capacity,
    take: (id) => claimMail(db, leaseMs, id),
    work: handOver,
    report: (error) => logger.error({ event: 'mail.outbox-unreachable', err: error }),
  });
  let poll: NodeJS.Timeout | undefined;

  function pollAgain(): void {
    // Randomized, so that nodes started together do not poll together.
    poll = setTimeout(
      () => {
        workers.start();
        pollAgain();
      },
      pollMs * (0.75 + Math.random() / 2),
    );
    poll.unref();
  }

  return {
    wake: (id) => workers.start(id),
    start() {
      if (poll !== undefined) return;
      workers.start();
      pollAgain();
    },
    async stop() {
      clearTimeout(poll);
      workers.close();
      if (await workers.idleWithin(stopMs)) return;
      brokenOff = true;
      for (const controller of onTheirWay) controller.abort();
      await workers.idleWithin(stopMs);
    },
    idle: () => workers.idle(),
  };
}

/** A code is useful for minutes only; other mails are retried after growing pauses, up to 15 minutes. */
function pauseAfter(mail: ClaimedMail, retryMs: readonly number[]): number {
  const last = retryMs.at(-1) ?? 60_000;
  const beyond = Math.max(0, mail.attempt - retryMs.length);
  const longest = Math.max(last, 900_000);
  const pause =
    retryMs[mail.attempt - 1] ??
    (mail.challengeId === null ? Math.min(last * 2 ** Math.min(beyond, 10), longest) : last);
  return pause * (1 + Math.random() / 10);
}

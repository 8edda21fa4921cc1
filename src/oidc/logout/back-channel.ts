import type Provider from 'oidc-provider';
import type { Sealer } from '../../base/sealing.ts';
import { workersOf } from '../../base/workers.ts';
import type { Db } from '../../db/open.ts';
import type { Logger } from '../../observe/logger.ts';
import {
  claimEndedSession,
  type EndedSession,
  forgetEndedSession,
  recordTold,
  tellAgainLater,
} from './ended-sessions.ts';
import { sendLogoutToken } from './logout-tokens.ts';
import { createPayloadSeal } from '../storage/payload-seal.ts';

export interface BackChannelDeps {
  db: Db;
  sealer: Sealer;
  logger: Logger;
  /** The current provider. */
  current(): Provider;
  /** Runs something outside the present request. */
  outside<Result>(work: () => Result): Result;
}

/** All in milliseconds. */
export interface BackChannelTimes {
  /** How often a node looks for ended sessions, on average; less than a second (C50). */
  pollMs: number;
  /** How long a session is leased to one node; longer than the library's timeout (2.5 s). */
  leaseMs: number;
  /** Pauses after the first, second, … attempt; the last one repeats. */
  retryMs: readonly number[];
  /** A service that has not answered by then is given up. */
  giveUpMs: number;
  /** How long `stop` waits for notifications in flight. */
  stopMs: number;
}

/** Sends logout notifications for ended sessions. Every node has one; the database picks the sender. */
export interface BackChannel {
  /** Looks now, in the background; call it after the commit. Never throws, never waits. */
  wake(): void;
  start(): void;
  stop(): Promise<void>;
}

/** Sessions that one node handles at a time: a slow service occupies one slot, and the others continue. */
const capacity = 32;

interface EndedPayload {
  accountId?: string;
  authorizations?: Record<string, { sid?: string }>;
}

export function createBackChannel(deps: BackChannelDeps, times: Partial<BackChannelTimes> = {}): BackChannel {
  const { db, logger } = deps;
  const seal = createPayloadSeal(deps.sealer);
  const { pollMs, leaseMs, retryMs, giveUpMs, stopMs }: BackChannelTimes = {
    pollMs: 700,
    leaseMs: 15_000,
    retryMs: [1_000, 3_000, 10_000, 30_000, 60_000],
    giveUpMs: 600_000,
    stopMs: 4_000,
    ...times,
  };

  /** The services of a session; none when its payload cannot be read any more. */
  function read(ended: EndedSession): EndedPayload {
    try {
      return JSON.parse(seal.open('Session', ended.id, ended.payload)) as EndedPayload;
    } catch (error) {
      logger.error({ event: 'oidc.backchannel-logout-unreadable', err: error });
      return {};
    }
  }

  /** @returns whether the service needs no further notification. */
  async function tell(
    ended: EndedSession,
    accountId: string,
    clientId: string,
    sid: string | undefined,
  ): Promise<boolean> {
    const facts = { client_id: clientId, attempt: ended.attempt };
    try {
      if (!(await sendLogoutToken(deps.current(), clientId, accountId, sid))) return true;
    } catch (error) {
      logger.warn({ event: 'oidc.backchannel-logout-failed', ...facts, err: error });
      return false;
    }
    await recordTold(db, ended.id, clientId);
    logger.info({ event: 'oidc.backchannel-logout-sent', ...facts });
    return true;
  }

  async function work(ended: EndedSession): Promise<void> {
    const { accountId, authorizations = {} } = read(ended);
    const left = Object.entries(authorizations).filter(([clientId]) => !ended.told.includes(clientId));
    const told =
      accountId === undefined
        ? []
        : await Promise.all(left.map(([clientId, { sid }]) => tell(ended, accountId, clientId, sid)));
    const pauseMs = (retryMs[ended.attempt - 1] ?? retryMs.at(-1) ?? 60_000) * (1 + Math.random() / 10);
    if (told.every(Boolean)) {
      await forgetEndedSession(db, ended);
    } else if (ended.ago * 1000 + pauseMs < giveUpMs) {
      await tellAgainLater(db, ended, pauseMs);
    } else {
      logger.error({ event: 'oidc.backchannel-logout-given-up', attempt: ended.attempt });
      await forgetEndedSession(db, ended);
    }
  }

  const workers = workersOf<EndedSession>({
    capacity,
    take: () => claimEndedSession(db, leaseMs),
    work,
    report: (error) => logger.warn({ event: 'oidc.backchannel-logout-unreachable', err: error }),
  });
  let poll: NodeJS.Timeout | undefined;

  function pollAgain(): void {
    // Jittered, so that nodes started together do not poll together.
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
    wake: () => deps.outside(() => workers.start()),
    start() {
      if (poll === undefined) deps.outside(pollAgain);
    },
    async stop() {
      clearTimeout(poll);
      workers.close();
      await workers.idleWithin(stopMs);
    },
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { RequestOrigin } from '../audit/audit.ts';
import type { Sealer } from '../base/sealing.ts';
import type { Configuration } from '../config/schema.ts';
import type { Db } from '../db/open.ts';
import type { EnrolledFactors } from '../factors/assurance.ts';
import type { Logger } from '../observe/logger.ts';
import { type BackChannel, type BackChannelTimes, createBackChannel } from './logout/back-channel.ts';
import { type ClientCache, createClientCache } from './clients/cache.ts';
import type { guardedFetch } from './provider/guarded-fetch.ts';
import { ensureSigningKeys, loadKeySet } from './keys.ts';
import { loadPairwiseSubject } from './provider/pairwise.ts';
import type { OidcPages } from './pages.ts';
import { createProvider } from './provider/provider.ts';
import type { RequestingBrowser } from './provider/resume-check.ts';
import { endSessions } from './ports/sessions.ts';
import type { BrowserTrust } from './trust.ts';
import { createUnitsOfWork, type UnitsOfWork } from './storage/units.ts';

export interface ProviderHandleDeps {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  logger: Logger;
  /** The origin of the request, for the audit trail; the outer application knows it by the request. */
  originOf(req: IncomingMessage): RequestOrigin | undefined;
  /** The factors that an account has enrolled. */
  enrolledFactorsOf(accountId: string): Promise<EnrolledFactors>;
  trust: BrowserTrust;
  browser: RequestingBrowser;
  pages: OidcPages;
  /** Milliseconds between two checks of the signing keys; at most ten seconds in production (F11). */
  keyPollMs?: number;
  /** Milliseconds that a client's settings stay in memory. */
  clientCacheMs?: number;
  /** How the provider reaches services without its guard: for tests with services on this machine. */
  fetch?: typeof guardedFetch;
  backChannelTimes?: Partial<BackChannelTimes>;
}

/** The current provider. */
export interface ProviderHandle {
  current(): Provider;
  /** Answers a request of the protocol with the current provider. */
  answer(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** The login that the provider would resume in this request, read from its own cookie. */
  resumes(req: IncomingMessage, res: ServerResponse): string | undefined;
  db: Db;
  sealer: Sealer;
  clients: ClientCache;
  units: UnitsOfWork;
  trust: BrowserTrust;
  /** Ends a session when another user signs in with the same browser, and notifies its services. */
  endSession: (accountId: string, uidDigests: readonly string[], req: IncomingMessage) => Promise<void>;
  /** Sends logout notifications for ended sessions, once it is started. */
  backChannel: BackChannel;
  /** Checks the signing keys now. */
  refresh(): Promise<void>;
  /** Stops checking keys and sending notifications; requests in flight continue. */
  stop(): Promise<void>;
}

const defaultPollMs = 10_000;

/**
 * Makes the signing keys if there are none, builds the provider, and builds a new one whenever the set of
 * keys changes: the old provider finishes the requests it has begun, so no request is dropped.
 */
export async function createProviderHandle(deps: ProviderHandleDeps): Promise<ProviderHandle> {
  const { db, sealer, logger } = deps;
  const pollMs = deps.keyPollMs ?? defaultPollMs;
  const clients = createClientCache(db, sealer, deps.config.issuer, deps.clientCacheMs);
  const units = createUnitsOfWork(db, sealer, () => backChannel.wake());
  await ensureSigningKeys(db, sealer);
  const pairwiseSubject = await loadPairwiseSubject(db, sealer);

  type Running = { provider: Provider; callback: ReturnType<Provider['callback']>; fingerprint: string };
  let nextChangeMs: number | undefined;
  async function build(previous?: Running): Promise<Running> {
    const { keys, fingerprint, changesInMs } = await loadKeySet(db, sealer);
    nextChangeMs = changesInMs;
    if (previous?.fingerprint === fingerprint) return previous;
    const provider = createProvider({ ...deps, clients, units, pairwiseSubject }, keys);
    return { provider, callback: provider.callback(), fingerprint };
  }

  let running = await build();
  const backChannel = createBackChannel(
    { db, sealer, logger, current: () => running.provider, outside: (work) => units.outside(work) },
    deps.backChannelTimes,
  );
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function refresh(): Promise<void> {
    const before = running.fingerprint;
    running = await build(running);
    if (running.fingerprint !== before) logger.info({ event: 'oidc.keys-changed' });
  }
  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => void poll(), Math.max(50, Math.min(pollMs, nextChangeMs ?? pollMs)));
    timer.unref();
  }
  async function poll(): Promise<void> {
    try {
      await refresh();
    } catch (error) {
      // The keys in memory stay in use; the next check may succeed.
      logger.warn({ event: 'oidc.keys-unreadable', err: error });
      nextChangeMs = undefined;
    }
    schedule();
  }
  schedule();

  return {
    current: () => running.provider,
    answer: async (req, res) => {
      await running.callback(req, res);
    },
    resumes(req, res) {
      const { provider } = running;
      return provider.createContext(req, res).cookies.get(provider.cookieName('resume'), { signed: true });
    },
    db,
    sealer,
    clients,
    units,
    trust: deps.trust,
    async endSession(accountId, uidDigests, req) {
      const ended = await endSessions(db, accountId, { switchedFrom: uidDigests }, deps.originOf(req));
      if (ended > 0) backChannel.wake();
    },
    backChannel,
    refresh,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await backChannel.stop();
    },
  };
}

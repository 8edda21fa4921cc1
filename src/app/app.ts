import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import path from 'node:path';
import { toString as qrToString } from 'qrcode';
import { setAccountLocale } from '../accounts/directory.ts';
import { startEnding } from '../accounts/ended-accounts.ts';
import { createPasswords } from '../accounts/passwords.ts';
import type { RequestOrigin } from '../audit/audit.ts';
import { createAuditChain } from '../audit/chain.ts';
import type { NodeClock } from '../base/node-clock.ts';
import { createSealer } from '../base/sealing.ts';
import { brandingOf } from './branding.ts';
import { placeOf } from '../config/places.ts';
import type { Configuration } from '../config/schema.ts';
import { secretGenerations } from '../config/secret-generations.ts';
import type { Db } from '../db/open.ts';
import { forgiveAddressFailures, noteAddressFailure } from '../factors/mail/address-health.ts';
import { mailCodeOf } from '../factors/mail/code-value.ts';
import { noticeToken } from '../factors/notices/links.ts';
import { createSecondFactor } from '../factors/second-factor.ts';
import { forgotten } from './purging.ts';
import type { Locale } from '../i18n/locale.ts';
import { describeDevice } from '../i18n/device.ts';
import { translator } from '../i18n/translate.ts';
import { networkOf } from '../limits/network.ts';
import { createVisitLimit } from '../limits/visit-limit.ts';
import { loginRoutes } from '../login/routes.ts';
import { createMailRenderer } from '../mail/render.ts';
import { createMailSender } from '../mail/sender.ts';
import { createMailTransport } from '../mail/transport.ts';
import { createHealth } from '../observe/health.ts';
import { internalHandler } from '../observe/internal.ts';
import type { Logger } from '../observe/logger.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { startCleaning } from './cleanup.ts';
import { createActivity } from '../oidc/ports/activity.ts';
import { createInteractions } from '../oidc/ports/interactions.ts';
import { resumedUid } from '../oidc/endpoints.ts';
import { mountProvider } from '../oidc/mount.ts';
import { createOwnSessions } from '../oidc/ports/own-session.ts';
import { createProviderHandle } from '../oidc/provider-handle.ts';
import { addressesOf, finishRequests, openListeners } from './listeners.ts';
import { notMeRoutes } from '../help/not-me.ts';
import { portalRoutes } from '../portal/routes.ts';
import { middlewareOf, type Routers, routeTableOf } from './routes.ts';
import { recordSignIn } from './sign-in-outcome.ts';
import { createSupportCentre } from './support-centre.ts';
import { createApplication } from '../web/application.ts';
import { loadAssets } from '../web/assets.ts';
import { createNetworkTest } from '../web/client-address.ts';
import { createCookies } from '../web/cookies.ts';
import { createBrowserBinding } from '../web/forms.ts';
import { createKnownBrowser } from '../web/known-browser.ts';
import { createLanguage } from '../web/language.ts';
import { createProtocolPages } from '../web/protocol-pages.ts';
import { createRenderer } from '../web/render.ts';
import { createRequestingBrowser } from '../web/requesting-browser.ts';
import { createResponder } from '../web/respond.ts';
import { createResumeBinding, guardResume } from '../web/resume-binding.ts';
import type { RouteTable } from '../web/route-table.ts';
import { healthRoutes, homeRoutes } from '../web/server-routes.ts';
import { createTrustCookie } from '../web/trust-cookie.ts';
import { createUnreadableRequests } from '../web/unreadable-request.ts';

/** A running node. */
export interface Nijo {
  /** Where this node listens. */
  url: string;
  internalUrl: string | undefined;
  /** Everything that this node answers. */
  routes: RouteTable;
  ready(): boolean;
  metrics: Metrics;
  /** Ends in order: no new logins, those in flight finish, mails are handed back, then everything closes. */
  stop(): Promise<void>;
}

export interface NijoOptions {
  config: Configuration;
  /** A migrated database; the caller closes it after `stop`. */
  db: Db;
  logger: Logger;
  /** A connection for health checks only, which no load delays, and the clock that it synchronises. */
  health?: { db: Db; clock: NodeClock; growing: boolean };
  /** One of several processes on one port; their supervisor answers on the internal port for all. */
  worker?: boolean;
}

const viewsFolder = path.join(import.meta.dirname, '../../views');

/** Assembles a node and starts it. All wiring is here. */
export async function startNijo({ config, db, logger, ...options }: NijoOptions): Promise<Nijo> {
  const node = config.server.node_name ?? hostname();
  const sealer = createSealer(secretGenerations(config.secrets));
  const metrics = createMetrics();
  const branding = brandingOf(config);
  const words = { en: translator('en'), ja: translator('ja') };

  const assets = loadAssets(path.join(viewsFolder, 'assets'));
  const cookies = createCookies({ issuer: config.issuer, keys: sealer.keys('cookie') });
  const browsers = createBrowserBinding({ cookies, keys: sealer.keys('form-token') });
  const resumeBinding = createResumeBinding({ cookies, browsers });
  const language = createLanguage({ cookies, fallback: config.locale.default });
  const responder = createResponder({
    renderer: createRenderer({ viewsFolder, assets, branding }),
    language,
  });

  const transport = createMailTransport(config.mail, {
    senderName: config.mail.from_name ?? config.branding.organisation,
    issuer: config.issuer,
  });
  const sender = createMailSender({
    db,
    transport,
    renderer: createMailRenderer({ viewsFolder, branding }),
    codeFor: (challengeId) => mailCodeOf(sealer, challengeId),
    linkFor: (linkId) => `${config.issuer}/not-me/${noticeToken(sealer, linkId)}`,
    logger,
    metrics: metrics.mail,
    onUndelivered: (address, reason) => noteAddressFailure(db, address, reason),
    onDelivered: (mailId) => forgiveAddressFailures(db, mailId),
  });

  const passwords = createPasswords({ db, config, sealer, logger });

  // The protocol library sees only the raw request, which is the key to the request's origin.
  const origins = new WeakMap<IncomingMessage, RequestOrigin>();
  const secondFactor = createSecondFactor({
    db,
    sealer,
    config,
    handOver: sender.wake,
    logger,
    openCase: (...about) => centre.desk.requests.fileNotMe(...about),
  });
  const trustCookies = createTrustCookie({ cookies, keys: sealer.keys('cookie') });
  const isShared = createNetworkTest(config.trusted_browsers.never_from);
  const provider = await createProviderHandle({
    db,
    config,
    sealer,
    logger,
    originOf: (request) => origins.get(request),
    enrolledFactorsOf: (accountId) => secondFactor.holderOf(accountId),
    trust: {
      allowedFrom: (request) => {
        const origin = origins.get(request);
        return config.trusted_browsers.enabled && origin !== undefined && !isShared(origin.address);
      },
      holds: async (request, accountId, days) => {
        const value = trustCookies.readRaw(request, accountId);
        return value !== undefined && (await secondFactor.trustedBrowsers.holds(accountId, value, days));
      },
      holdsAny: async (accountId, days) =>
        config.trusted_browsers.enabled && (await secondFactor.trustedBrowsers.holdsAny(accountId, days)),
    },
    browser: createRequestingBrowser({ browsers, binding: resumeBinding, language }),
    pages: createProtocolPages({ responder, language }),
  });

  const aboutPeople = {
    describeDevice: (userAgent: string, locale: Locale) => describeDevice(userAgent, words[locale]),
    defaultDeviceName: (locale: Locale) => words[locale]('setUpApp.deviceDefault'),
    qrSvg: (text: string) => qrToString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 }),
  };
  const visitors = { responder, language, browsers, countVisit: createVisitLimit() };
  const knownBrowser = createKnownBrowser(cookies);
  const shared = { ...visitors, cookies, knownBrowser, ...aboutPeople };
  const centre = createSupportCentre({ ...shared, db, config, sealer, logger, secondFactor, provider });
  const notMe = notMeRoutes({
    ...visitors,
    notMe: secondFactor.notMe,
    opening: () => centre.help.opening(),
    timeZone: config.locale.time_zone,
    centreTold: config.branding.support_centre.email !== undefined,
  });
  const portal = portalRoutes({
    ...shared,
    opening: () => centre.help.opening(),
    staffHomeOf: (accountId) => centre.staffHomeOf(accountId),
    sessions: createOwnSessions({ ...provider, config }),
    activity: createActivity(provider),
    secondFactor,
    forbidden: config.addresses.forbidden,
    timeZone: config.locale.time_zone,
    placeOf: (address, locale) => placeOf(config.places, address)?.[locale],
  });
  const login = loginRoutes({
    ...aboutPeople,
    interactions: createInteractions(provider),
    support: centre.help,
    responder,
    language,
    resumeBinding,
    browsers,
    logger,
    switches: { mailSatisfiesMfa: config.assurance.mail_satisfies_mfa },
    forbidden: config.addresses.forbidden,
    secondFactor,
    trustCookies,
    knownBrowser,
    accountUrl: `${config.issuer}/account`,
    verifyPassword: (attempt) => passwords.verify(attempt),
    rememberLocale: (accountId, locale) => setAccountLocale(db, accountId, locale),
    recordOutcome: (outcome) => recordSignIn(db, metrics, outcome),
  });

  const health = createHealth({
    db,
    logger,
    metrics: metrics.health,
    clockLimitMs: config.server.clock_limit_seconds * 1000,
    ...options.health,
  });
  const routers: Routers = {
    health: healthRoutes(health.ready),
    login,
    notMe,
    portal,
    ...centre.routes,
    home: homeRoutes({ responder, language }),
  };
  const routes = routeTableOf(routers);
  const application = createApplication({
    issuer: config.issuer,
    trustedProxies: config.server.trusted_proxies,
    node,
    logger,
    responder,
    assets,
    routes,
    networkOf,
    remember: (request, origin) => origins.set(request, origin),
    observe: (route, method, status, seconds) => metrics.httpRequest(route, method, status, seconds),
    pages: middlewareOf(routers),
    resumeGuard: guardResume({
      binding: resumeBinding,
      uidOf: resumedUid,
      resumes: ({ req, res }) => provider.resumes(req, res),
    }),
    protocol: mountProvider(provider),
  });

  await centre.start();
  await passwords.start();
  await health.start();
  const handle = application.callback();
  const observe = (status: number) => metrics.httpRequest('unreadable', 'other', status, 0);
  const unreadable = createUnreadableRequests({ config, branding, logger, observe });
  const listeners = await openListeners(config, options.worker === true, {
    public: (request, response) => void handle(request, response),
    unreadable: unreadable.answer,
    internal: internalHandler({ ready: health.ready, metrics: () => metrics.text() }),
  });
  const chain = createAuditChain({ db, sealer, logger });
  chain.start();
  sender.start();
  provider.backChannel.start();
  const ending = startEnding({ db, logger, timeZone: config.locale.time_zone });
  const cleaning = startCleaning({
    db,
    logger,
    also: [...forgotten, ...centre.cleaners],
    onBehind: (kind, seconds) => metrics.cleaningBehind(kind, seconds),
  });
  logger.info({ event: 'started', port: listeners.public.port, issuer: config.issuer }, 'Nijo is listening');

  return {
    ...addressesOf(config, listeners),
    ready: health.ready,
    metrics,
    routes,
    async stop() {
      health.drain();
      logger.info({ event: 'draining', seconds: config.server.drain_seconds }, 'no new logins from here on');
      await finishRequests(config, listeners);
      health.stop();
      await Promise.all([sender.stop(), cleaning.stop(), ending.stop(), provider.stop()]);
      // The events that these wrote get their place in the chain before the node ends.
      await chain.stop();
      transport.close();
      await listeners.internal?.close(1000);
      logger.info({ event: 'stopped' }, 'Nijo has stopped');
    },
  };
}

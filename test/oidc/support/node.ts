import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { Sealer } from '../../../src/base/sealing.ts';
import { checkConfiguration } from '../../../src/config/load.ts';
import type { Configuration, ConfigurationInput } from '../../../src/config/schema.ts';
import type { Db } from '../../../src/db/open.ts';
import { acrOf, amrOf, type Factor } from '../../../src/factors/assurance.ts';
import { findHolder } from '../../../src/factors/enrolled/factors-of.ts';
import { openSignIn } from '../../../src/factors/sign-in/sign-ins.ts';
import { NijoError } from '../../../src/base/errors.ts';
import type { InteractionDetails, InteractionResult } from '../../../src/login/ports.ts';
import type { Logger } from '../../../src/observe/logger.ts';
import type { BackChannelTimes } from '../../../src/oidc/logout/back-channel.ts';
import type { guardedFetch } from '../../../src/oidc/provider/guarded-fetch.ts';
import { createActivity } from '../../../src/oidc/ports/activity.ts';
import { createOwnSessions } from '../../../src/oidc/ports/own-session.ts';
import type { Activity } from '../../../src/portal/ports.ts';
import { createInteractions } from '../../../src/oidc/ports/interactions.ts';
import { mountProvider } from '../../../src/oidc/mount.ts';
import { createProviderHandle, type ProviderHandle } from '../../../src/oidc/provider-handle.ts';
import { silentLogger } from '../../support/logger.ts';
import { testSealer } from '../../support/sealer.ts';
import type { OwnSessions } from '../../../src/web/own-session.ts';

export const issuer = 'https://idp.example';

export function testConfiguration(input: Partial<ConfigurationInput> = {}): Configuration {
  return checkConfiguration({
    issuer,
    database: { url: 'postgres://not-used/by-this' },
    secrets: { current: 'Zq8-tests-only-4kPvR1mWc7yXbN2dLhTs' },
    mail: { smtp_url: 'smtp://127.0.0.1:1', from_address: 'idp@mail.example' },
    ...input,
  });
}

/** What the test's login page answers with. */
export type Decide = (details: InteractionDetails) => InteractionResult | Promise<InteractionResult>;

/** The result of a login with a password and, if given, a factor. */
export function signedIn(
  accountId: string,
  factor?: Factor,
  authTime = Math.floor(Date.now() / 1000),
): InteractionResult {
  const switches = { mailSatisfiesMfa: false };
  return {
    kind: 'signed-in',
    accountId,
    acr: acrOf({ factor }, switches),
    amr: amrOf({ factor }, switches),
    authTime,
  };
}

/** A node: the provider in a small outer application, with a login page that decides at once. */
export interface TestNode {
  url: string;
  handle: ProviderHandle;
  /** Details that the login page was asked for, newest last. */
  seen: InteractionDetails[];
  decide: Decide;
  /** What the own page stands on; `/account` answers with the session that it sees. */
  own: OwnSessions;
  activity: Activity;
  close(): Promise<void>;
}

export interface NodeOptions {
  db: Db;
  sealer?: Sealer;
  config?: Configuration;
  logger?: Logger;
  keyPollMs?: number;
  clientCacheMs?: number;
  decide?: Decide;
  /** How services are reached, for those that listen on this machine. */
  fetch?: typeof guardedFetch;
  backChannelTimes?: Partial<BackChannelTimes>;
}

const page = (name: string, content: unknown): string =>
  `<main data-page="${name}">${JSON.stringify(content)}</main>`;

export async function startNode(options: NodeOptions): Promise<TestNode> {
  const { db, config = testConfiguration(), sealer = testSealer(), logger = silentLogger() } = options;
  const handle = await createProviderHandle({
    db,
    config,
    sealer,
    logger,
    originOf: (request) => ({
      requestId: 'test-request',
      address: '192.0.2.1',
      node: 'test',
      userAgent: request.headers['user-agent'] ?? '',
    }),
    enrolledFactorsOf: (accountId) => findHolder(db, accountId),
    trust: { allowedFrom: () => false, holds: async () => false },
    // One browser, unless a test says which one it is.
    browser: {
      digestOf: (ctx) => ctx.get('x-test-browser') || 'b',
      // Logins that are begun count for nobody.
      ensureDigest: () => randomUUID(),
      mayResume: () => true,
      forgetLogin: () => undefined,
    },
    pages: {
      error: async (ctx, fault) => {
        ctx.type = 'html';
        ctx.body = page('error', fault);
      },
      signOut: async (ctx, model) => {
        ctx.type = 'html';
        ctx.body = page('sign-out', model);
      },
      goOn: async (ctx, model) => {
        ctx.type = 'html';
        ctx.body = page('continue', model);
      },
      signedOut: async (ctx, model) => {
        ctx.type = 'html';
        ctx.body = page('signed-out', model);
      },
    },
    ...(options.keyPollMs === undefined ? {} : { keyPollMs: options.keyPollMs }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.backChannelTimes === undefined ? {} : { backChannelTimes: options.backChannelTimes }),
    clientCacheMs: options.clientCacheMs ?? 1000,
  });
  const interactions = createInteractions(handle);
  const own = createOwnSessions({ ...handle, config });
  const node: TestNode = {
    url: '',
    handle,
    own,
    activity: createActivity(handle),
    seen: [],
    decide:
      options.decide ?? (() => ({ kind: 'refused', error: 'access_denied', description: 'nobody decides' })),
    close: async () => {
      await handle.stop();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  const app = new Koa();
  app.use(async (ctx, next) => {
    ctx.set(
      'Content-Security-Policy',
      "default-src 'none'; script-src 'self'; form-action 'self'; frame-ancestors 'none'",
    );
    ctx.set('X-Outer', 'kept');
    await next();
  });
  app.use(mountProvider(handle));
  app.use(async (ctx) => {
    if (ctx.path === '/account') ctx.body = (await own.read(ctx.req, ctx.res)) ?? {};
    if (ctx.path === '/account/signed-in') {
      const { state } = ctx.query;
      ctx.body = { path: own.returnPath(typeof state === 'string' ? state : undefined) ?? null };
    }
    const uid = /^\/interaction\/([^/]+)$/.exec(ctx.path)?.[1];
    if (uid === undefined) return;
    try {
      const details = await interactions.details(ctx.req, ctx.res, uid);
      node.seen.push(details);
      const result = await node.decide(details);
      if (result.kind === 'signed-in') {
        // As the login's pages do after the password.
        const { accountId } = result;
        const clientId = details.client.id;
        const login = { interaction: uid, accountId, clientId, browser: 'b', steppedUpFrom: undefined };
        await openSignIn(db, { ...login, lifetimeSeconds: 600 });
      }
      ctx.status = 303;
      ctx.set(
        'Location',
        await interactions.finish(ctx.req, ctx.res, result, ctx.get('x-test-browser') || 'b'),
      );
    } catch (error) {
      if (!(error instanceof NijoError)) throw error;
      ctx.status = error.status;
      const over = error.code.startsWith('interaction_');
      ctx.body = { fault: error.code, ...(over ? { startAgain: await interactions.startAgain(uid) } : {}) };
    }
  });
  app.silent = true;
  const server: Server = createServer((req, res) => void app.callback()(req, res));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return node;
}

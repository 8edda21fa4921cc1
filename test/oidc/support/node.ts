import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { Sealer } from '../../../src/base/sealing.ts';
import { checkConfiguration } from '../../../src/config/load.ts';
import type { Configuration, ConfigurationInput } from '../../../src/config/schema.ts';
import type { Db } from '../../../src/db/open.ts';
import { acrOf, amrOf, type Factor } from '../../../src/factors/assurance.ts';
import { findHolder } from '../../../src/factors/holders.ts';
import { NijoError } from '../../../src/base/errors.ts';
import type { InteractionDetails, InteractionResult } from '../../../src/login/ports.ts';
import type { Logger } from '../../../src/observe/logger.ts';
import { createInteractions } from '../../../src/oidc/interactions.ts';
import { mountProvider } from '../../../src/oidc/mount.ts';
import { createProviderHandle, type ProviderHandle } from '../../../src/oidc/provider-handle.ts';
import { silentLogger } from '../../support/logger.ts';
import { testSealer } from '../../support/sealer.ts';

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
    originOf: () => ({ requestId: 'test-request', address: '192.0.2.1', node: 'test' }),
    waysOf: (accountId) => findHolder(db, accountId),
    pages: {
      error: async (ctx, fault) => {
        ctx.type = 'html';
        ctx.body = page('error', fault);
      },
      signOut: async (ctx, model) => {
        ctx.type = 'html';
        ctx.body = page('sign-out', model);
      },
      signedOut: async (ctx, model) => {
        ctx.type = 'html';
        ctx.body = page('signed-out', model);
      },
    },
    ...(options.keyPollMs === undefined ? {} : { keyPollMs: options.keyPollMs }),
    clientCacheMs: options.clientCacheMs ?? 1000,
  });
  const interactions = createInteractions(handle);
  const node: TestNode = {
    url: '',
    handle,
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
    const uid = /^\/interaction\/([^/]+)$/.exec(ctx.path)?.[1];
    if (uid === undefined) return;
    try {
      const details = await interactions.details(ctx.req, ctx.res, uid);
      node.seen.push(details);
      ctx.status = 303;
      ctx.set('Location', await interactions.finish(ctx.req, ctx.res, await node.decide(details)));
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

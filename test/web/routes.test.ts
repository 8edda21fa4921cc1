import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Route } from '../../src/web/route-table.ts';
import { createRouteTable } from '../../src/web/route-table.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { openTestEmbedded, type TestDatabase } from '../support/databases.ts';
import { collectingLogger } from '../support/logger.ts';
import { rawRequest } from '../support/raw-request.ts';

describe('S1: one table decides what a path is', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  let routes: readonly Route[];
  const log = collectingLogger();
  beforeAll(async () => {
    database = await openTestEmbedded();
    cluster = await startCluster(database, { logger: log.logger });
    routes = cluster.nodes[0]!.nijo.routes.all;
  });
  afterAll(async () => {
    await cluster.close();
    await database.close();
  });

  const real = (pattern: string): string => pattern.replaceAll(/:\w+/g, 'x'.repeat(21));
  const ask = (method: string, address: string) => {
    const posts = method === 'POST';
    return rawRequest(
      cluster.nodes[0]!.url,
      [
        `${method} ${address} HTTP/1.1`,
        `Host: ${new URL(cluster.issuer).host}`,
        ...(posts
          ? [
              'Origin: https://evil.example',
              'Sec-Fetch-Site: cross-site',
              'Content-Type: application/x-www-form-urlencoded',
              'Content-Length: 3',
            ]
          : []),
      ],
      posts ? 'a=b' : '',
    );
  };
  const pageOf = (body: string): string | undefined => /data-error="([a-z_]+)"/.exec(body)?.[1];

  test('it has every route of every router, and says which need no sign-in', () => {
    const open = routes.filter(({ needsSignIn }) => !needsSignIn).map(({ pattern }) => pattern);
    expect(open.toSorted()).toEqual(
      [
        '/',
        '/.well-known/oauth-authorization-server',
        '/.well-known/openid-configuration',
        '/account/signed-in',
        '/assets',
        '/authorize',
        '/authorize/:uid',
        '/desk/signed-in',
        '/health/live',
        '/health/ready',
        '/help/support',
        '/interaction/:uid',
        '/introspect',
        '/jwks',
        '/logout',
        '/logout/confirm',
        '/logout/success',
        '/not-me/:token',
        '/par',
        '/revoke',
        '/token',
        '/userinfo',
      ].toSorted(),
    );
    expect(routes.length).toBeGreaterThan(open.length + 30);
  });

  test('another case, a slash more or an encoded letter is another address, and nothing is there', async () => {
    const wrong: unknown[] = [];
    for (const { pattern } of routes.filter(
      (route) => route.pattern !== '/' && route.pattern !== '/assets',
    )) {
      const address = real(pattern);
      const name = /[a-z]/.exec(address)?.index ?? 1;
      const variants = [
        address.toUpperCase(),
        `${address.slice(0, name)}${address.charAt(name).toUpperCase()}${address.slice(name + 1)}`,
        `${address}/`,
        `${address}//`,
        `/${address}`,
        `${address.slice(0, name)}%${address.charCodeAt(name).toString(16)}${address.slice(name + 1)}`,
      ];
      for (const variant of variants) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const { status, head, body } = await ask(method, variant);
          const fault = method === 'HEAD' ? 'not_found' : pageOf(body);
          if (status !== 404 || fault !== 'not_found' || /^(location|set-cookie):/im.test(head))
            wrong.push([method, variant, status, fault]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('no page takes a form that another site sends, spelled in whatever way', async () => {
    const forms = routes.filter(({ post, methods }) => methods.includes('POST') && post.endsWith('page'));
    expect(forms.length).toBeGreaterThan(20);
    for (const { pattern } of forms) {
      const { status, body } = await ask('POST', real(pattern));
      expect([pattern, status, pageOf(body)]).toEqual([pattern, 403, 'cross_site_request']);
    }
  });

  test('the log calls each request by its route', async () => {
    const before = log.lines().length;
    await ask('GET', '/account/remove/app/0123456789');
    await ask('GET', '/ACCOUNT/remove/app/0123456789');
    await ask('GET', '/authorize/~');
    const named = log
      .lines()
      .slice(before)
      .filter(({ event }) => event === 'request')
      .map(({ route }) => route);
    expect(named).toEqual(['/account/remove/app', 'other', 'other']);
  });

  test('two routes of one pattern are a mistake that is seen at the start', () => {
    const route = routes[0]!;
    expect(() => createRouteTable([route], [route])).toThrow('two routes');
  });

  test('no router is made in another way than the strict one', () => {
    const root = path.join(import.meta.dirname, '../..');
    const makers = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
      /\bnew Router\b/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(makers).toEqual(['src/web/page-router.ts']);
  });
});

import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import Koa from 'koa';
import { newSecret } from '../../src/base/ids.ts';
import type { NijoContext } from '../../src/web/context.ts';
import { createCookies } from '../../src/web/cookies.ts';
import { createTrustCookie } from '../../src/web/trust-cookie.ts';

const issuer = 'https://idp.example';
let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => {
    if (server === undefined) resolve(undefined);
    else server.close(resolve);
  });
  server = undefined;
});

/** A browser that keeps what it is sent, in front of a server that does one thing with the cookies. */
function browser() {
  const jar = new Map<string, string>();
  return {
    jar,
    visit: async (work: (ctx: NijoContext) => unknown): Promise<string[]> => {
      const app = new Koa();
      app.use((ctx) => {
        ctx.body = work(ctx) ?? '';
      });
      const handle = app.callback();
      server ??= createServer();
      server.removeAllListeners('request');
      server.on('request', (request, response) => void handle(request, response));
      if (!server.listening)
        await new Promise<void>((resolve) => {
          server?.listen(0, '127.0.0.1', resolve);
        });
      const { port } = server.address() as AddressInfo;
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
      expect(answer.status).toBe(200);
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.delete(name);
        if (value !== '') jar.set(name, value);
      }
      return answer.headers.getSetCookie();
    },
  };
}
const trustOn = (keys: readonly Buffer[]) =>
  createTrustCookie({ cookies: createCookies({ issuer, keys }), keys });
const value = (): string => newSecret(16) + newSecret(32);

test('C22, R31: the cookie is prefixed, Secure, HttpOnly, Lax and signed, and its name tells no account', async () => {
  const keys = [randomBytes(32)];
  const cookie = trustOn(keys);
  const { visit, jar } = browser();
  const [line] = await visit((ctx) => cookie.write(ctx, 'anna', value()));
  expect(line).toMatch(/^__Host-nijo-trust-[\w-]{12}=[\w-]{65}\.[\w-]{43}; path=\/; /);
  for (const flag of ['secure', 'httponly', 'samesite=lax']) expect(line).toContain(flag);
  expect(line).toMatch(/expires=/);
  expect(line).not.toContain('anna');
  await visit((ctx) => cookie.write(ctx, 'ben', value()));
  expect(jar.size).toBe(2);
});

test('R31: each account finds its own, also from the raw request, also when the secret has changed', async () => {
  const [older, newer] = [randomBytes(32), randomBytes(32)];
  const { visit, jar } = browser();
  const annas = value();
  await visit((ctx) => trustOn([older]).write(ctx, 'anna', annas));
  const both = trustOn([newer, older]);
  await visit((ctx) => {
    expect([both.read(ctx, 'anna'), both.readRaw(ctx.req, 'anna')]).toEqual([annas, annas]);
    expect([both.read(ctx, 'ben'), both.readRaw(ctx.req, 'ben')]).toEqual([undefined, undefined]);
    expect(trustOn([newer]).read(ctx, 'anna')).toBeUndefined();
  });
  // What is written anew goes under the new name, and takes the old one away.
  await visit((ctx) => both.write(ctx, 'anna', annas));
  expect(jar.size).toBe(1);
  await visit((ctx) => expect(trustOn([newer]).read(ctx, 'anna')).toBe(annas));
  await visit((ctx) => trustOn([newer]).clear(ctx, 'anna'));
  expect(jar.size).toBe(0);
});

test('R31: a shared computer keeps the ten newest, so that its requests never grow too large', async () => {
  const keys = [randomBytes(32)];
  const cookie = trustOn(keys);
  const { visit, jar } = browser();
  jar.set('other', 'kept');
  for (let user = 0; user < 25; user += 1) await visit((ctx) => cookie.write(ctx, `user${user}`, value()));
  expect(jar.size).toBe(11);
  await visit((ctx) => {
    const users = Array.from({ length: 25 }, (_, user) => cookie.read(ctx, `user${user}`) !== undefined);
    expect(users).toEqual(Array.from({ length: 25 }, (_, user) => user >= 15));
    expect(ctx.cookies.get('other')).toBe('kept');
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ProbeResult, probeLogin } from '../../src/cli/probe-login.ts';

const secrets = {
  clientSecret: 'the secret of the client',
  password: 'the password',
  totpSecret: 'JBSWY3DPEHPK3PXP',
};

describe('nijo probe against a server that is not well', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A provider of which only discovery is well. */
  async function serveProvider(answer: RequestListener): Promise<string> {
    const issuer: string = await serve((req, res) => {
      if (req.url !== '/.well-known/openid-configuration') return answer(req, res);
      res.setHeader('content-type', 'application/json');
      res.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
        }),
      );
    });
    return issuer;
  }

  async function probe(issuer: string): Promise<ProbeResult> {
    const result = await probeLogin({
      issuer,
      clientId: 'probe',
      redirectUri: 'https://probe.example/callback',
      loginId: 'probe0001',
      expectedAcr: 'https://refeds.org/profile/mfa',
      timeoutMs: 500,
      ...secrets,
    });
    for (const secret of Object.values(secrets)) expect(JSON.stringify(result)).not.toContain(secret);
    expect(result.ok).toBe(false);
    return result;
  }

  test('nobody listens', async () => {
    const issuer = await serve(() => undefined);
    await new Promise((resolve) => {
      servers.pop()?.close(resolve);
    });
    const { failed, steps } = await probe(issuer);
    expect(failed).toMatchObject({ step: 'discovery', problem: expect.stringContaining('ECONNREFUSED') });
    expect(steps.map(({ step }) => step)).toEqual(['discovery']);
  });

  test('it accepts and does not answer', async () => {
    const { failed, steps } = await probe(await serveProvider(() => undefined));
    expect(failed).toEqual({ step: 'authorize', problem: 'got no answer in time' });
    expect(steps[1]?.ms).toBeLessThan(5000);
  });

  test('something else answers in its place', async () => {
    const issuer = await serveProvider((_req, res) => {
      res.writeHead(502).end('<h1>Bad gateway</h1>');
    });
    const { failed } = await probe(issuer);
    expect(failed?.step).toBe('authorize');
    expect(failed?.problem).toContain('status 502 from /authorize, which is no page of Nijo');
  });

  test('it refuses the request', async () => {
    const issuer = await serveProvider((req, res) => {
      const { searchParams } = new URL(req.url ?? '', issuer);
      const back = `error=temporarily_unavailable&state=${searchParams.get('state') ?? ''}`;
      res.writeHead(303, { location: `https://probe.example/callback?${back}` }).end();
    });
    expect((await probe(issuer)).failed).toMatchObject({
      step: 'authorize',
      problem: expect.stringContaining('temporarily_unavailable'),
    });
  });

  test('it sends the browser round in circles', async () => {
    const issuer = await serveProvider((_req, res) => {
      res.writeHead(303, { location: '/authorize' }).end();
    });
    expect((await probe(issuer)).failed).toMatchObject({ step: 'authorize' });
  });
});

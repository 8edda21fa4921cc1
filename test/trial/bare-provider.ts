import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** A bare provider of the library, which signs everybody in as who `login_hint` says, or refuses `nobody`. */
export interface BareProvider {
  issuer: string;
  close(): Promise<void>;
}

export async function startBareProvider(
  clients: { clientId: string; clientSecret: string; url: string }[],
  port = 0,
): Promise<BareProvider> {
  let handle: (req: IncomingMessage, res: ServerResponse) => Promise<unknown> = () => Promise.resolve();
  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) => {
      res.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: clients.map(({ clientId, clientSecret, url }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [`${url}/callback`],
      post_logout_redirect_uris: [`${url}/`],
    })),
    cookies: { keys: ['a key of the tests'] },
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], profile: ['name', 'ui_locales'] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form;
        },
      },
    },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `<b>${sub}</b> & co` }),
    }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        accountId: ctx.oidc.session?.accountId,
        clientId: ctx.oidc.client?.clientId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  });
  const answer = provider.callback();
  handle = async (req, res) => {
    if (req.url?.startsWith('/interaction/') !== true) return answer(req, res);
    const { params } = await provider.interactionDetails(req, res);
    const hint = typeof params.login_hint === 'string' ? params.login_hint : 'somebody';
    const result =
      hint === 'nobody'
        ? { error: 'access_denied', error_description: 'the user <did> not want to' }
        : { login: { accountId: hint, acr: 'urn:nijo:acr:mail-otp', amr: ['pwd', 'mca'] } };
    return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
  };
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { verify } from '@node-rs/argon2';
import { Provider } from 'oidc-provider';
import { generateSync } from 'otplib';
import pg from 'pg';
import { contend } from './contender.ts';
import { floorAdapter } from './floor-adapter.ts';

/**
 * What one would write in a day with the same library: password, then TOTP, and nothing of audit,
 * limits, policy, mail or languages. Nijo is measured against it.
 */
await contend(async ({ databaseUrl, port, issuer, client }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  pool.on('error', () => process.exit(1));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    adapter: floorAdapter(pool),
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [client.redirectUri] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'floor', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['a key of the floor'] },
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    ttl: {
      AccessToken: 900,
      AuthorizationCode: 60,
      Grant: 43_200,
      IdToken: 900,
      Interaction: 3600,
      Session: 43_200,
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    async findAccount(_ctx, sub) {
      const { rows } = await pool.query<{ name: string }>({
        name: 'account',
        text: 'select name from accounts where login_id = $1',
        values: [sub],
      });
      const [row] = rows;
      return row === undefined ? undefined : { accountId: sub, claims: () => ({ sub, name: row.name }) };
    },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        accountId: ctx.oidc.session?.accountId,
        clientId: ctx.oidc.client?.clientId,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });

  const form = (field: string): string =>
    `<!doctype html><form method="post"><input name="${field}"><input name="password"><button>Go on</button></form>`;

  async function bodyOf(req: IncomingMessage): Promise<URLSearchParams> {
    let text = '';
    for await (const chunk of req.setEncoding('utf8')) text += String(chunk);
    return new URLSearchParams(text);
  }

  async function checkPassword(loginId: string, password: string): Promise<boolean> {
    const { rows } = await pool.query<{ phc: string }>({
      name: 'password',
      text: 'select phc from accounts where login_id = $1',
      values: [loginId],
    });
    return rows[0] !== undefined && (await verify(rows[0].phc, password));
  }

  async function consumeCode(loginId: string, code: string): Promise<boolean> {
    const { rows } = await pool.query<{ totp_secret: string }>({
      name: 'secret',
      text: 'select totp_secret from accounts where login_id = $1',
      values: [loginId],
    });
    const present = Math.floor(Date.now() / 30_000);
    const secret = rows[0]?.totp_secret ?? '';
    const step = [present, present - 1, present + 1].find(
      (candidate) => generateSync({ secret, epoch: candidate * 30 }) === code,
    );
    if (step === undefined) return false;
    const { rowCount } = await pool.query({
      name: 'consume-code',
      text: 'update accounts set last_step = $2 where login_id = $1 and last_step < $2',
      values: [loginId, step],
    });
    return rowCount === 1;
  }

  async function interact(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const interaction = await provider.interactionDetails(req, res);
    const page = (html: string, status = 200): void => {
      res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    };
    const loginId = interaction.lastSubmission?.passwordOf;
    if (req.method !== 'POST') return page(form(typeof loginId === 'string' ? 'code' : 'login_id'));
    const body = await bodyOf(req);
    if (typeof loginId !== 'string') {
      const given = body.get('login_id') ?? '';
      if (!(await checkPassword(given, body.get('password') ?? ''))) return page(form('login_id'), 422);
      interaction.result = { passwordOf: given };
      interaction.lastSubmission = { passwordOf: given };
      await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
      return page(form('code'));
    }
    if (!(await consumeCode(loginId, body.get('code') ?? ''))) return page(form('code'), 422);
    const login = { accountId: loginId, acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] };
    return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
  }

  const protocol = provider.callback();
  const server = createServer((req, res) => {
    const answered = req.url?.startsWith('/interaction/') === true ? interact(req, res) : protocol(req, res);
    answered.catch((error: unknown) => {
      if (!res.headersSent) res.writeHead(500);
      res.end(String(error));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
});

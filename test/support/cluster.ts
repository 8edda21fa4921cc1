import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { generateSync } from 'otplib';
import { importAccounts } from '../../src/accounts/import.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { type Nijo, startNijo } from '../../src/app/app.ts';
import { createSealer, type Sealer } from '../../src/base/sealing.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import type { Configuration, ConfigurationInput } from '../../src/config/schema.ts';
import { secretGenerations } from '../../src/config/secret-generations.ts';
import type { Db } from '../../src/db/open.ts';
import type { Logger } from '../../src/observe/logger.ts';
import { applyClients } from '../../src/oidc/clients/clients.ts';
import type { TestDatabase } from './databases.ts';
import { freePort } from './free-port.ts';
import { silentLogger } from './logger.ts';
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts';

/** Of every test account. */
export const testPassword = 'correct-Horse-Battery-7';
/** Of every test account that has an app. */
export const testAppSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** Where the test service waits for codes; nothing listens there, the test client stops at it. */
export const redirectUri = 'http://127.0.0.1:9/callback';

/** Nodes of one identity provider on one database, with a mail server and accounts in every state. */
export interface Cluster {
  issuer: string;
  nodes: readonly { url: string; db: Db; nijo: Nijo }[];
  config: Configuration;
  sealer: Sealer;
  smtp: SmtpSink;
  /** Adds accounts; see `accountCsv` for the columns. */
  addAccounts(lines: readonly string[]): Promise<void>;
  /** The newest code mailed to an address, once it has arrived; fails after a few seconds. */
  mailedCode(address: string, after?: number): Promise<string>;
  /** Waits until every mail that was written has left: a notice of an earlier step may leave a moment later. */
  mailsSettled(): Promise<void>;
  close(): Promise<void>;
}

const header = 'login_id,kind,name_en,name_ja,locale,password,factor_email,totp_secret';

/** One line of the accounts' CSV. */
export function accountLine(account: {
  loginId: string;
  mail?: string;
  app?: boolean;
  kind?: string;
  locale?: string;
}): string {
  const { loginId, mail = '', app = false, kind = 'sps', locale = 'en' } = account;
  return [
    loginId,
    kind,
    `Name ${loginId}`,
    `名前 ${loginId}`,
    locale,
    testPassword,
    mail,
    app ? testAppSecret : '',
  ].join(',');
}

/** `new1…` nothing set up, `mail1…` mail, `app1…` app, `both1…` both. */
const standardAccounts = [1, 2, 3].flatMap((number) => [
  accountLine({ loginId: `new${number}` }),
  accountLine({ loginId: `mail${number}`, mail: `mail${number}@mail.example` }),
  accountLine({ loginId: `app${number}`, app: true }),
  accountLine({ loginId: `both${number}`, mail: `both${number}@mail.example`, app: true }),
]);

export const testClients = [
  { client_id: 'important', second_factor: 'required' },
  { client_id: 'optional', second_factor: 'optional' },
  { client_id: 'ordinary', second_factor: 'off' },
].map((client) => ({
  ...client,
  client_secret: `${client.client_id}-secret-with-enough-characters-0123456789`,
  client_name: `The ${client.client_id} service`,
  'client_name#ja': `${client.client_id} サービス`,
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: ['http://127.0.0.1:9/'],
  initiate_login_uri: 'http://127.0.0.1:9/start',
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
}));

/**
 * Starts `nodes` nodes on a database, as they run behind a balancer: all have the issuer of the first,
 * and a request to another one carries the issuer's Host. Hashing is cheap, so that tests are quick.
 */
export async function startCluster(
  database: TestDatabase,
  options: {
    nodes?: number;
    config?: Partial<ConfigurationInput>;
    logger?: Logger;
    /** A handle for each node, in place of the database's own: for nodes behind a fault proxy. */
    handles?: readonly Db[];
    clients?: readonly Record<string, unknown>[];
    /** An issuer other than the first node's address, such as an https one in front of a proxy. */
    issuer?: string;
    /** The name of this machine in the issuer: passkeys need one, and an address is none. */
    host?: 'localhost';
  } = {},
): Promise<Cluster> {
  const smtp = await startSmtpSink();
  const secret = randomBytes(48).toString('base64');
  const ports = await Promise.all(Array.from({ length: options.nodes ?? 1 }, freePort));
  const issuer = options.issuer ?? `http://${options.host ?? '127.0.0.1'}:${ports[0] ?? 0}`;
  const configFor = (port: number): Configuration =>
    checkConfiguration(
      {
        issuer,
        mail: { smtp_url: smtp.url, from_address: 'no-reply@idp.example' },
        passwords: { memory_kib: 7168, passes: 1, max_queue: 1000 },
        addresses: {
          forbidden: [
            { domain: 'st.kyoto-u.ac.jp', label: 'KUMOI' },
            { domain: 'kyoto-u.ac.jp', label: 'KUMail' },
            { domain: 'ms.c.kyoto-u.ac.jp' },
            { domain: 'uni.example' },
          ],
        },
        locale: { default: 'en' },
        ...options.config,
        secrets: { current: secret, ...options.config?.secrets },
        server: {
          host: '127.0.0.1',
          port,
          internal_port: 0,
          drain_seconds: 0,
          shutdown_seconds: 5,
          node_name: `node-${port}`,
          ...options.config?.server,
        },
      },
      [],
      { embedded: true },
    );
  const config = configFor(ports[0] ?? 0);
  const sealer = createSealer(secretGenerations(config.secrets));
  const addAccounts = async (lines: readonly string[]): Promise<void> => {
    const report = await importAccounts({
      db: database.db,
      hasher: createPasswordHasher(config.passwords),
      sealer,
      canonicalAddress: (input) => ({ address: input }),
      source: Readable.from([`${header}\n${lines.join('\n')}\n`]),
      actor: 'test',
    });
    if (report.bad.length > 0) throw new Error(JSON.stringify(report.bad));
  };
  await addAccounts(standardAccounts);
  await applyClients(database.db, sealer, { clients: options.clients ?? testClients }, 'test');

  const nodes = await Promise.all(
    ports.map(async (port, index) => {
      const db = options.handles?.[index] ?? (index === 0 ? database.db : await database.connect());
      const nijo = await startNijo({ config: configFor(port), db, logger: options.logger ?? silentLogger() });
      return { url: `http://127.0.0.1:${port}`, db, nijo };
    }),
  );
  return {
    issuer,
    nodes,
    config,
    sealer,
    smtp,
    addAccounts,
    async mailedCode(address, after = 0) {
      for (let attempt = 0; attempt < 400; attempt += 1) {
        const mails = smtp.mails.slice(after).filter((candidate) => candidate.to.includes(address));
        const texts = await Promise.all(mails.map(async ({ parsed }) => (await parsed).text ?? ''));
        // A notice may come at any time between codes; it has none.
        const code = texts.flatMap((text) => /\b\d{8}\b/.exec(text)?.[0] ?? []).at(-1);
        if (code !== undefined) return code;
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
      }
      throw new Error(`no code was mailed to ${address}`);
    },
    async mailsSettled() {
      for (let attempt = 0; attempt < 400; attempt += 1) {
        const waiting = await database.db
          .selectFrom('mails')
          .select('id')
          .where('state', '=', 'waiting')
          .limit(1)
          .execute();
        if (waiting.length === 0) return;
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
      }
      throw new Error('a mail does not leave');
    },
    async close() {
      await Promise.all(nodes.map(({ nijo }) => nijo.stop()));
      await smtp.close();
    },
  };
}

/** The app's code now, or `steps` steps of 30 s from now. */
export function appCode(steps = 0, secret = testAppSecret): string {
  return generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
}

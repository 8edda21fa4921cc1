import { randomBytes } from 'node:crypto';
import { generateSecret, generateSync } from 'otplib';
import { newId } from '../../src/base/ids.ts';
import type { Sealer } from '../../src/base/sealing.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import type { Configuration } from '../../src/config/schema.ts';
import type { Db } from '../../src/db/open.ts';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { mailCodeOf } from '../../src/factors/mail/code-value.ts';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import type { TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

/** A person with an account of their own, so that one test touches no other. */
export interface Someone {
  id: string;
  loginId: string;
  address: string;
  secret: string;
}

/** Second factors of two nodes on one database, without the pages around them. */
export interface TwoNodes {
  db: Db;
  config: Configuration;
  sealer: Sealer;
  nodes: readonly [SecondFactor, SecondFactor];
  /** Adds an account with these ways set up. */
  someone(ways: { mail?: boolean; app?: boolean; enrolled?: boolean }): Promise<Someone>;
  /** A login after the right password. */
  signIn(who: Someone, more?: { browser?: string }): Promise<SignIn>;
  /** The login as it stands now. @throws when it has ended */
  now(signIn: SignIn): Promise<SignIn>;
  /** Mails a code for this login. @returns the login with its code */
  withCode(
    signIn: SignIn,
    purpose: 'sign-in' | 'set-up' | 'reset',
    address: string,
  ): Promise<{ signIn: SignIn; digits: string }>;
}

export const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a' };

export async function twoNodes(database: TestDatabase): Promise<TwoNodes> {
  const { db } = database;
  const sealer = testSealer();
  const config = checkConfiguration({
    issuer: 'https://idp.example',
    database: { url: 'postgres://unused' },
    secrets: { current: randomBytes(48).toString('base64') },
    mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
    locale: { default: 'en' },
  });
  const node = (handle: Db): SecondFactor =>
    createSecondFactor({ db: handle, sealer, config, handOver: () => undefined });
  const nodes = [node(db), node(await database.connect())] as const;

  const now = async (signIn: Pick<SignIn, 'interaction'>): Promise<SignIn> => {
    const found = await nodes[0].findSignIn(signIn.interaction);
    if (found === undefined) throw new Error('the login has ended');
    return found;
  };

  return {
    db,
    config,
    sealer,
    nodes,
    now,
    async someone({ mail = false, app = false, enrolled = mail || app }) {
      const loginId = `p${randomBytes(5).toString('hex')}`;
      const who = {
        id: newId(),
        loginId,
        address: `${loginId}@mail.example`,
        secret: generateSecret({ length: 20 }),
      };
      await db
        .insertInto('accounts')
        .values({
          id: who.id,
          login_id: loginId,
          kind: 'sps',
          first_enrolled_at: enrolled ? new Date() : null,
        })
        .execute();
      if (mail)
        await db
          .insertInto('mail_factors')
          .values({ id: newId(), account_id: who.id, address: who.address })
          .execute();
      if (app) {
        const id = newId();
        await db
          .insertInto('app_factors')
          .values({
            id,
            account_id: who.id,
            name: 'a phone',
            secret_sealed: sealer.seal(who.secret, appSecretPlace(id, who.id)),
            last_step: 0,
          })
          .execute();
      }
      return who;
    },
    async signIn(who, { browser = 'browser-1' } = {}) {
      const interaction = newId();
      await nodes[0].openSignIn({
        interaction,
        accountId: who.id,
        clientId: 'library',
        browser,
        steppedUpFrom: undefined,
        lifetimeSeconds: 600,
      });
      return now({ interaction });
    },
    async withCode(signIn, purpose, address) {
      const context = { locale: 'en' as const, service: 'The library', device: 'a browser' };
      const sent = await nodes[0].sendCode(signIn, purpose, address, context, origin);
      if (sent.outcome !== 'sent') throw new Error(`no code was sent: ${sent.outcome}`);
      const waiting = await now(signIn);
      return { signIn: waiting, digits: mailCodeOf(sealer, waiting.challenge?.id ?? '') };
    },
  };
}

/** The present code of an app. */
export function codeOf(secret: string): string {
  return generateSync({ secret });
}

/** The events of an account with their details, oldest first. */
export async function auditOf(
  db: Db,
  accountId: string,
  event?: string,
): Promise<{ event: string; details: unknown }[]> {
  const rows = await db
    .selectFrom('audit_events')
    .select(['event', 'details'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.filter((row) => event === undefined || row.event === event);
}

/** The notices that were written for an account, oldest first. */
export async function noticesOf(db: Db, accountId: string): Promise<Record<string, unknown>[]> {
  const rows = await db
    .selectFrom('mails')
    .select(['model', 'to_address'])
    .where('account_id', '=', accountId)
    .where('kind', '=', 'notice')
    .orderBy('created_at')
    .execute();
  return rows.map(({ model, to_address }) => ({
    ...model,
    to: to_address,
  }));
}

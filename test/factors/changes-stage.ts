import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { generateSync } from 'otplib';
import { newId } from '../../src/base/ids.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import type { ConfigurationInput } from '../../src/config/schema.ts';
import type { Db } from '../../src/db/open.ts';
import { appSecretPlace, newAppSecret } from '../../src/factors/app/codes.ts';
import { mailCodeOf } from '../../src/factors/mail/code-value.ts';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import type { TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import type { AccountUser } from '../../src/factors/account-user.ts';

/** An account with what its owner has at hand. */
export interface Owner {
  accountId: string;
  address: string;
  /** The secrets of the apps, in the order in which they were set up. */
  apps: { id: string; secret: string }[];
  changer: AccountUser;
}

/** The second factor as two nodes have it, on one database. */
export interface ChangeStage {
  db: Db;
  nodes: readonly SecondFactor[];
  /** Mails that were handed over after a commit. */
  handedOver: string[];
  owner(ways?: { mail?: boolean; apps?: number; locale?: 'en' | 'ja'; email?: string }): Promise<Owner>;
  /** The code of the newest mail that the holder with this id waits for. */
  codeOf(id: string): Promise<string>;
}

const sealer = testSealer();

/** A code of an app that is good for one use: later steps are taken one after the other. */
export function appCodeOf(secret: string, steps = 0): string {
  return generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
}

/** Digits that are not this code. */
export function otherThan(code: string, offset = 1): string {
  return String((Number(code) + offset) % 10 ** code.length).padStart(code.length, '0');
}

export async function openChangeStage(
  database: TestDatabase,
  config: Partial<ConfigurationInput> = {},
): Promise<ChangeStage> {
  const { db } = database;
  const checked = checkConfiguration(
    {
      issuer: 'https://idp.example.ac.jp',
      secrets: { current: randomBytes(48).toString('base64') },
      mail: { smtp_url: 'smtp://127.0.0.1:9', from_address: 'no-reply@idp.example' },
      addresses: { forbidden: [{ domain: 'uni.example', include_subdomains: true }] },
      ...config,
    },
    [],
    { embedded: true },
  );
  const handedOver: string[] = [];
  const handles = [db, await database.connect()];
  const nodes = handles.map((handle) =>
    createSecondFactor({ db: handle, sealer, config: checked, handOver: (id) => handedOver.push(id) }),
  );
  return {
    db,
    nodes,
    handedOver,
    async owner({ mail = false, apps = 0, locale = 'en', email } = {}) {
      const accountId = newId();
      const loginId = `u${accountId.slice(0, 8)}`;
      const address = `${loginId}@mail.example`;
      await db
        .insertInto('accounts')
        .values({
          id: accountId,
          login_id: loginId,
          kind: 'sps',
          locale,
          ...(email === undefined ? {} : { email }),
          first_enrolled_at: sql<Date>`now()`,
        })
        .execute();
      if (mail)
        await db.insertInto('mail_factors').values({ id: newId(), account_id: accountId, address }).execute();
      const secrets: Owner['apps'] = [];
      for (let number = 1; number <= apps; number += 1) {
        const app = { id: newId(), secret: newAppSecret() };
        secrets.push(app);
        await db
          .insertInto('app_factors')
          .values({
            id: app.id,
            account_id: accountId,
            name: `Phone ${number}`,
            secret_sealed: sealer.seal(app.secret, appSecretPlace(app.id, accountId)),
            last_step: 0,
          })
          .execute();
      }
      const changer = {
        accountId,
        browser: `browser of ${loginId}`,
        sessionUid: `session of ${loginId}`,
        origin: { requestId: 'request-1', address: '192.0.2.7', node: 'node-a' },
        locale,
        device: 'Chrome on Windows',
      };
      return { accountId, address, apps: secrets, changer };
    },
    async codeOf(id) {
      const challenge = await db
        .selectFrom('challenges')
        .select('id')
        .where('interaction', '=', id)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      return mailCodeOf(sealer, challenge.id);
    },
  };
}

/** What an account has set up now, whichever table it is in. */
export async function standing(db: Db, { accountId }: Owner) {
  const rows = async (table: 'mail_factors' | 'app_factors', column: 'address' | 'name') => {
    const found = await sql<{ what: string }>`
      select ${sql.ref(column)} as what from ${sql.table(table)}
      where account_id = ${accountId} and state = 'active' order by proven_at, id`.execute(db);
    return found.rows.map(({ what }) => what);
  };
  return { mail: await rows('mail_factors', 'address'), apps: await rows('app_factors', 'name') };
}

/** Changes in the audit trail, oldest first (I3). */
export async function changesOf(db: Db, { accountId }: Owner): Promise<string[]> {
  const rows = await db
    .selectFrom('audit_events')
    .select('event')
    .where('account_id', '=', accountId)
    .where((is) => is.or([is('event', 'like', 'factor.%'), is('event', 'like', 'passkey.%')]))
    .orderBy('id')
    .execute();
  return rows.map(({ event }) => event);
}

/** The mails that tell of a change: what, to whom and in which language. */
export async function noticesOf(db: Db, { accountId }: Owner): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', model ->> 'notice', to_address, locale) as line from mails
    where account_id = ${accountId} and kind = 'notice' order by created_at, to_address`.execute(db);
  return rows.map(({ line }) => line);
}

/** The fault that a promise ends with. */
export async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    return `no fault but ${JSON.stringify(await work)}`;
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Makes the mails of an account older, so that the cooldown of a resend is over. */
export async function letCooldownPass(db: Db, { accountId }: Owner, seconds = 31): Promise<void> {
  await sql`update mails set created_at = created_at - make_interval(secs => ${seconds})
    where account_id = ${accountId}`.execute(db);
}

import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { generateSecret } from 'otplib';
import { newId } from '../../src/base/ids.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import type { ConfigurationInput } from '../../src/config/schema.ts';
import type { Db } from '../../src/db/open.ts';
import type { Role, StaffActor } from '../../src/desk/actor.ts';
import { createSupportDesk, type SupportDesk } from '../../src/desk/support-desk.ts';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { createSecondFactor, type SecondFactor } from '../../src/factors/second-factor.ts';
import { openAlways } from '../factors/pass-stage.ts';
import type { TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';
import { testSealer } from '../support/sealer.ts';

/** Somebody whom the desk may help. */
export interface Person {
  id: string;
  loginId: string;
  address: string;
  secret: string;
}

/** The support centre of two nodes on one database, always open unless a test closes it. */
export interface DeskStage {
  db: Db;
  nodes: readonly [SupportDesk, SupportDesk];
  desk: SupportDesk;
  factors: SecondFactor;
  /** Adds an account, by default with a mail factor and an app. */
  person(more?: {
    mail?: boolean;
    app?: boolean;
    roles?: Role[];
    affiliation?: string;
    loginId?: string;
    disabled?: boolean;
    email?: string;
  }): Promise<Person>;
  /** A member of staff at the desk. */
  staff(...roles: Role[]): Promise<StaffActor>;
  /** A case of a person, opened by staff. */
  opened(who: Person, by: StaffActor): Promise<string>;
  /** The same, with an identity check. */
  checked(who: Person, by: StaffActor): Promise<string>;
  /** What a page of the case has seen now. */
  seen(caseId: string, actor: StaffActor): Promise<string>;
  /** Closed for today and tomorrow while `work` runs. */
  whileClosed<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Makes checks and approvals of a case so much older. */
  age(caseId: string, interval: string): Promise<void>;
  stateOf(caseId: string): Promise<string>;
}

export const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a' };
export const check = 'in-person:university-card';

export async function deskStage(
  database: TestDatabase,
  desk: ConfigurationInput['desk'] = {},
): Promise<DeskStage> {
  const { db } = database;
  const sealer = testSealer();
  const config = checkConfiguration({
    issuer: 'https://idp.example',
    database: { url: 'postgres://unused' },
    secrets: { current: randomBytes(48).toString('base64') },
    mail: { smtp_url: 'smtp://127.0.0.1', from_address: 'idp@idp.example' },
    locale: { default: 'en' },
    desk,
  });
  await openAlways(db);
  const node = (handle: Db) => {
    const secondFactor = createSecondFactor({ db: handle, sealer, config, handOver: () => undefined });
    const { notices } = secondFactor;
    const made = createSupportDesk({
      db: handle,
      config,
      sealer,
      notices,
      secondFactor,
      logger: silentLogger(),
    });
    return { secondFactor, made };
  };
  const [one, two] = [node(db), node(await database.connect())];
  const [first] = [one.made];

  const stage: DeskStage = {
    db,
    nodes: [one.made, two.made],
    desk: first,
    factors: one.secondFactor,

    async person({ mail = true, app = true, roles = [], disabled = false, ...more } = {}) {
      const id = newId();
      const loginId = more.loginId ?? `p${randomBytes(5).toString('hex')}`;
      const who = { id, loginId, address: `${loginId}@mail.example`, secret: generateSecret({ length: 20 }) };
      await db
        .insertInto('accounts')
        .values({
          id,
          login_id: loginId,
          kind: 'sps',
          name_en: `Name of ${loginId}`,
          name_ja: `名前 ${loginId}`,
          roles,
          status: disabled ? 'disabled' : 'active',
          affiliation: more.affiliation ?? null,
          email: more.email ?? null,
          first_enrolled_at: mail || app ? new Date() : null,
        })
        .execute();
      if (mail)
        await db
          .insertInto('mail_factors')
          .values({ id: newId(), account_id: id, address: who.address })
          .execute();
      const factor = newId();
      if (app)
        await db
          .insertInto('app_factors')
          .values({
            id: factor,
            account_id: id,
            name: `${loginId}@device.example`,
            secret_sealed: sealer.seal(who.secret, appSecretPlace(factor, id)),
            last_step: 0,
          })
          .execute();
      return who;
    },

    async staff(...roles) {
      const given: Role[] = roles.length === 0 ? ['desk'] : roles;
      const { id, loginId } = await stage.person({ mail: false, app: false, roles: given });
      return { accountId: id, loginId, roles: given, origin, locale: 'en' };
    },

    opened: async (who, by) => (await first.cases.open(by, who.id, 'lost-device')).id,

    async checked(who, by) {
      const caseId = await stage.opened(who, by);
      await first.cases.check(by, caseId, await stage.seen(caseId, by), { check, note: '' });
      return caseId;
    },

    async seen(caseId, actor) {
      const sheet = await first.cases.find(actor, caseId);
      if (sheet === undefined) throw new Error('there is no such case');
      return sheet.seen;
    },

    async whileClosed(work) {
      await sql`insert into desk_days (day, source, kind, name_en, name_ja, changed_by)
        select to_char((now() at time zone time_zone)::date + n, 'YYYY-MM-DD'), 'operator', 'closed', 'x', 'x', 'test'
        from desk_calendar, generate_series(0, 1) n`.execute(db);
      try {
        return await work();
      } finally {
        await sql`delete from desk_days`.execute(db);
      }
    },

    async age(caseId, interval) {
      await db.transaction().execute(async (trx) => {
        for (const [table, column] of [
          ['identity_checks', 'checked_at'],
          ['desk_approvals', 'approved_at'],
        ] as const) {
          const name = sql.table(table);
          await sql`grant update on ${name} to current_user`.execute(trx);
          await sql`alter table ${name} disable trigger user`.execute(trx);
          await sql`update ${name} set ${sql.ref(column)} = ${sql.ref(column)} - ${interval}::interval
            where case_id = ${caseId}`.execute(trx);
          await sql`alter table ${name} enable trigger user`.execute(trx);
        }
      });
    },

    async stateOf(caseId) {
      const row = await db
        .selectFrom('desk_cases')
        .select('state')
        .where('id', '=', caseId)
        .executeTakeFirstOrThrow();
      return row.state;
    },
  };
  return stage;
}

/** The events about an account or a case, oldest first. */
export async function eventsAbout(db: Db, about: { accountId?: string; caseId?: string }) {
  const rows = await db
    .selectFrom('audit_events')
    .select(['event', 'result', 'actor', 'account_id', 'details'])
    .orderBy('id')
    .execute();
  return rows.filter(
    ({ account_id, details }) =>
      (about.accountId !== undefined && account_id === about.accountId) ||
      (about.caseId !== undefined && details['case'] === about.caseId),
  );
}

/** The code of a refusal; fails where there was none. */
export async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
  return 'done';
}

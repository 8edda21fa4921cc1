import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { forgotten } from '../../src/app/purging.ts';
import { deleteExpired, expiringKinds, startCleaning } from '../../src/app/cleanup.ts';
import { describeOnEveryDatabase, openTestPostgres, type TestDatabase } from '../support/databases.ts';
import { explainGeneric, stockSession } from '../support/explain.ts';
import { collectingLogger, silentLogger } from '../support/logger.ts';
import { recordingHandle } from '../support/recorded-statements.ts';

describeOnEveryDatabase('cleaning', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
    await sql`insert into oidc_payloads (model, id, payload, expires_at)
      select 'AccessToken', 'old' || n, '\\x00', now() - interval '1 minute' from generate_series(1, 250) n`.execute(
      database.db,
    );
    await sql`insert into oidc_payloads (model, id, payload, expires_at) values
      ('AccessToken', 'live', '\\x00', now() + interval '1 hour'),
      ('Interaction', 'recent', '\\x00', now() - interval '1 hour'),
      ('Interaction', 'ancient', '\\x00', now() - interval '25 hours')`.execute(database.db);
  });
  afterAll(() => database.close());
  const left = async (): Promise<string[]> =>
    (await database.db.selectFrom('oidc_payloads').select('id').execute()).map(({ id }) => id).sort();

  test('expired rows go batch by batch; what lives, and a login of the last day, stays', async () => {
    expect(await deleteExpired(database.db, 100)).toBe(100);
    const other = await database.connect();
    const cleaners = [database.db, other].map((db) =>
      startCleaning({ db, logger: silentLogger(), everyMs: 10, batch: 100 }),
    );
    for (let tries = 0; tries < 100 && (await left()).length > 2; tries += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    await Promise.all(cleaners.map((cleaner) => cleaner.stop()));
    expect(await left()).toEqual(['live', 'recent']);
  });

  test('S24, F14: what is more than a round takes is gone on with at once, and not after a pause', async () => {
    await sql`insert into oidc_payloads (model, id, payload, expires_at)
      select 'AccessToken', 'many' || n, '\\x00', now() - interval '1 minute' from generate_series(1, 1800) n`.execute(
      database.db,
    );
    const everyMs = 1234;
    const timers = jest.spyOn(globalThis, 'setTimeout');
    let rounds = 0;
    await new Promise<void>((resolve) => {
      const cleaning = startCleaning({
        db: database.db,
        logger: silentLogger(),
        everyMs,
        // Fifty batches are a round: it takes four.
        batch: 10,
        onBehind: (kind) => {
          if (kind === 'tokens') rounds += 1;
          if (kind === 'tokens' && rounds === 4) resolve(cleaning.stop());
        },
      });
    });
    const pauses = timers.mock.calls.filter(([, ms]) => ms === everyMs);
    timers.mockRestore();
    // The one before the first round.
    expect(pauses).toHaveLength(1);
    expect(await left()).toEqual(['live', 'recent']);
  });

  test('what was kept of sessions and changes goes with them, and no sooner', async () => {
    const { db } = database;
    await sql`insert into accounts (id, login_id, kind) values ('acc', 'a0000001', 'ecs')`.execute(db);
    await sql`insert into oidc_payloads (model, id, payload, session_uid, account_id, expires_at)
      values ('Session', 'session', '\\x00', 'quiet', 'acc', now() + interval '1 hour')`.execute(db);
    await sql`insert into browser_sessions (session_uid, account_id, user_agent, address, last_seen_at)
      select uid, 'acc', '', '', now() - ago from (values ('quiet', interval '2 days'), ('gone', interval '2 days'),
        ('new', interval '1 hour')) v (uid, ago)`.execute(db);
    await sql`insert into ended_sessions (id, payload, ended_at) values
      ('old', '\\x00', now() - interval '25 hours'), ('new', '\\x00', now())`.execute(db);
    await sql`insert into factor_changes (id, account_id, kind, browser, session_uid, expires_at)
      select 'change ' || ago, 'acc', 'app', '', '', now() - ago from unnest(array['25 hours', '1 hour']::interval[]) ago`.execute(
      db,
    );
    await deleteExpired(db);
    const kept = await sql<{ id: string }>`select session_uid as id from browser_sessions
      union all select id from ended_sessions union all select 'change' from factor_changes`.execute(db);
    expect(kept.rows.map(({ id }) => id).toSorted()).toEqual(['change', 'new', 'new', 'quiet']);
    await sql`delete from oidc_payloads where id = 'session'`.execute(db);
  });

  test('S24: every kind tells by how much its oldest row is late, and nothing where none is', async () => {
    const { db } = database;
    const kinds = [...expiringKinds, ...forgotten];
    const late = async (): Promise<Record<string, number>> => {
      const found: Record<string, number> = {};
      for (const { name, behind } of kinds) found[name] = Math.round((await behind?.(db)) ?? Number.NaN);
      return found;
    };
    while ((await deleteExpired(db)) > 0);
    const before = await late();
    expect(Object.values(before)).toEqual(kinds.map(() => 0));
    await sql`insert into accounts (id, login_id, kind) values ('late', 'a0000009', 'ecs')`.execute(db);
    await sql`insert into mails (id, account_id, kind, locale, to_address, model, state, created_at, expires_at) values
      ('late', 'late', 'notice', 'en', 'a@mail.example', '{}', 'handed-over', now() - interval '26 hours', now()),
      ('kept', 'late', 'notice', 'en', 'a@mail.example', '{}', 'waiting', now() - interval '5 days', now() + interval '1 hour')`.execute(
      db,
    );
    await sql`insert into sign_ins (interaction, account_id, client_id, browser, expires_at)
      values ('late', 'late', 'c', 'b', now() - interval '26 hours')`.execute(db);
    await sql`insert into notice_links (id, account_id, event, expires_at)
      values ('late', 'late', 'new-browser', now() - interval '2 hours')`.execute(db);
    await sql`insert into known_browsers (account_id, browser, user_agent, network, last_seen_at)
      values ('late', 'b', '', '', now() - interval '180 days 2 hours')`.execute(db);
    await sql`insert into trusted_browsers (id, account_id, secret_digest, user_agent, address, expires_at)
      values ('late', 'late', 'x', '', '', now() - interval '26 hours')`.execute(db);
    await sql`insert into passkey_challenges (id, purpose, bound_to, account_id, expires_at)
      values ('late', 'sign-in', 's', 'late', now() - interval '2 hours')`.execute(db);
    const after = await late();
    // To ten minutes: the rows were made a moment ago.
    const tens = ['sign_ins', ...forgotten.map(({ name }) => name)].map((name) => [
      name,
      Math.floor((after[name] ?? 0) / 600),
    ]);
    expect(tens).toEqual(tens.map(([name]) => [name, 12]));
    await db.transaction().execute(async (trx) => {
      for (const { clean } of kinds) await clean(trx, 10);
    });
    expect(await late()).toEqual(before);
    await sql`delete from accounts where id = 'late'`.execute(db);
  });
});

describe('S24: cleaning on a large database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestPostgres();
    // Logins that ended within the last day, which are kept, beside what is to go.
    await sql`insert into oidc_payloads (model, id, payload, expires_at)
      select 'Interaction', 'i' || n, '\\x00', now() - interval '23 hours' + n * interval '10 milliseconds'
      from generate_series(1, 300000) n`.execute(database.db);
    await sql`insert into oidc_payloads (model, id, payload, expires_at)
      select 'AccessToken', 't' || n, '\\x00', now() - interval '2 hours' from generate_series(1, 5000) n`.execute(
      database.db,
    );
    await sql`insert into oidc_payloads (model, id, payload, expires_at)
      select 'Interaction', 'over' || n, '\\x00', now() - interval '30 hours' from generate_series(1, 3000) n`.execute(
      database.db,
    );
    await sql`analyze oidc_payloads`.execute(database.db);
  }, 60_000);
  afterAll(() => database.close());
  const count = async (which: string): Promise<number> => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from oidc_payloads where id like ${which}`.execute(database.db);
    return rows[0]?.count ?? -1;
  };

  test('S24: every kind is found by an index, and nothing that stays is looked at', async () => {
    const handle = recordingHandle(String(database.url));
    const session = await stockSession(String(database.url));
    await handle.db.connection().execute(async (connection) => {
      for (const { clean, behind } of [...expiringKinds, ...forgotten]) {
        await clean(connection, 100);
        await behind?.(connection);
      }
    });
    const sent = handle.take();
    expect(sent.length).toBeGreaterThanOrEqual(20);
    await session.query('set enable_seqscan = off');
    const whole: string[] = [];
    for (const statement of sent)
      for (const { table } of (await explainGeneric(session, statement)).readWhole)
        whole.push(`${table}: ${statement}`);
    expect(whole).toEqual([]);
    // Of 300,000 logins that stay, the search for tokens and for older logins touches none.
    const plan = await session.query<{ 'QUERY PLAN': string }>(`explain (analyze, buffers)
      select ctid from oidc_payloads where expires_at < now() and model <> 'Interaction' order by expires_at limit 100`);
    expect(plan.rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('oidc_payloads_over');
    await session.end();
    await handle.db.destroy();
  });

  test('S24: a kind that fails stops no other, and tokens go beside logins that stay', async () => {
    const late: [string, number][] = [];
    const log = collectingLogger();
    // A row that cannot be deleted: each batch of this kind fails.
    await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`.execute(
      database.db,
    );
    await sql`create trigger refuse before delete on oidc_payloads for each row
      when (old.model = 'AccessToken' and old.id = 't4999') execute function refuse()`.execute(database.db);
    const start = () =>
      startCleaning({
        db: database.db,
        logger: log.logger,
        everyMs: 10,
        onBehind: (kind, seconds) => late.push([kind, seconds]),
      });
    let cleaning = start();
    for (let tries = 0; tries < 400 && (await count('over%')) > 0; tries += 1)
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    expect(await count('over%')).toBe(0);
    await cleaning.stop();
    // Two hours late is an alarm, told once, and a number for monitoring.
    expect(late.some(([kind, seconds]) => kind === 'tokens' && seconds > 7000)).toBe(true);
    expect(
      log.lines().filter(({ event, kind }) => event === 'cleanup.behind' && kind === 'tokens'),
    ).toHaveLength(1);
    expect(log.lines().some(({ event, kind }) => event === 'cleanup.failed' && kind === 'tokens')).toBe(true);
    await sql`drop trigger refuse on oidc_payloads`.execute(database.db);
    late.length = 0;
    cleaning = start();
    for (let tries = 0; tries < 400 && (await count('t%')) > 0; tries += 1)
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    await cleaning.stop();
    expect(await count('t%')).toBe(0);
    expect(await count('i%')).toBe(300_000);
  }, 60_000);
});

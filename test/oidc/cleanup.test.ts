import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { deleteExpired, startCleaning } from '../../src/oidc/cleanup.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/logger.ts';

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
});

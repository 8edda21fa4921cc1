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
});

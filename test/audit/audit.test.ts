import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { recordAudit, type RequestOrigin } from '../../src/audit/audit.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

const origin: RequestOrigin = { requestId: 'r-1', address: '192.0.2.7', node: 'node-a' };

describeOnEveryDatabase('the audit log', (open) => {
  let database: TestDatabase;
  let db: Db;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    await recordAudit(db, origin, {
      event: 'mail-code.verified',
      result: 'success',
      accountId: 'account-1',
      clientId: 'library',
      method: 'mail',
      details: { reference: 'KQ7', attempts: 2 },
    });
  });
  afterAll(() => database.close());

  const count = async (): Promise<number> =>
    (await db.selectFrom('audit_events').select('id').execute()).length;

  test('keeps who, whom, how, what came of it, where from and when', async () => {
    const [row] = await db.selectFrom('audit_events').selectAll().execute();
    expect(row).toMatchObject({
      event: 'mail-code.verified',
      result: 'success',
      actor: 'account-1',
      account_id: 'account-1',
      client_id: 'library',
      method: 'mail',
      request_id: 'r-1',
      address: '192.0.2.7',
      node: 'node-a',
      details: { reference: 'KQ7', attempts: 2 },
    });
    expect(Math.abs(Number(row?.at) - Date.now())).toBeLessThan(60_000);
  });

  test('keeps several events in order, and those of the system without an origin', async () => {
    const before = await count();
    await recordAudit(
      db,
      undefined,
      { event: 'key.rotated', result: 'success', actor: 'system' },
      { event: 'client.applied', result: 'failure', actor: 'cli:root', clientId: 'library' },
    );
    await recordAudit(db, origin);
    const rows = await db
      .selectFrom('audit_events')
      .select(['event', 'actor', 'node', 'details'])
      .orderBy('id')
      .offset(before)
      .limit(9)
      .execute();
    expect(rows).toEqual([
      { event: 'key.rotated', actor: 'system', node: null, details: {} },
      { event: 'client.applied', actor: 'cli:root', node: null, details: {} },
    ]);
  });

  test.each([
    ['changed', sql`update audit_events set result = 'failure'`],
    ['changed by nothing at all', sql`update audit_events set event = event`],
    ['deleted', sql`delete from audit_events`],
    ['truncated', sql`truncate audit_events`],
    ['truncated with others', sql`truncate audit_events, limits cascade`],
  ])('C42: an event cannot be %s: the database itself refuses', async (_, statement) => {
    const before = await count();
    await expect(statement.execute(db)).rejects.toThrow('audit_events is append-only');
    expect(await count()).toBe(before);
  });

  test('C42: an event cannot be given the number of another one', async () => {
    await expect(
      sql`insert into audit_events (id, event, result) values (1, 'key.rotated', 'success')`.execute(db),
    ).rejects.toThrow(/cannot insert a non-DEFAULT value|duplicate key/);
  });

  test('C42: an account that is removed leaves its events behind', async () => {
    await db.insertInto('accounts').values({ id: 'account-2', login_id: 'a2', kind: 'sps' }).execute();
    await recordAudit(db, origin, { event: 'account.imported', result: 'success', accountId: 'account-2' });
    const before = await count();
    await db.deleteFrom('accounts').where('id', '=', 'account-2').execute();
    expect(await count()).toBe(before);
  });

  test('I3: an event lives and dies with the transaction of what it tells of', async () => {
    const before = await count();
    await expect(
      db.transaction().execute(async (trx) => {
        await recordAudit(trx, origin, {
          event: 'factor.mail-enrolled',
          result: 'success',
          accountId: 'account-1',
        });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await count()).toBe(before);
  });
});

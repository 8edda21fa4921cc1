import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { newId } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';
import {
  closeSignIn,
  findSignIn,
  type NewSignIn,
  openSignIn,
  recordSignInEnd,
} from '../../src/factors/sign-in/sign-ins.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';

const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a' };

describeOnEveryDatabase('a login in progress', (open) => {
  let database: TestDatabase;
  let db: Db;
  let interaction: string;
  beforeAll(async () => {
    database = await open();
    ({ db } = database);
    for (const id of ['anna', 'ben'])
      await db.insertInto('accounts').values({ id, login_id: id, kind: 'sps' }).execute();
  });
  afterAll(() => database.close());
  beforeEach(() => {
    interaction = newId();
  });

  const opened = async (more: Partial<NewSignIn> = {}) => {
    await openSignIn(db, {
      interaction,
      accountId: 'anna',
      clientId: 'library',
      browser: 'browser-1',
      steppedUpFrom: undefined,
      lifetimeSeconds: 600,
      ...more,
    });
    return findSignIn(db, interaction);
  };
  const prove = async (): Promise<void> => {
    await db
      .updateTable('sign_ins')
      .set({ factor: 'app', way: 'app', set_up: 'mail' })
      .where('interaction', '=', interaction)
      .execute();
  };

  test('A27: the password of another account starts anew: what the first one proved counts for nobody', async () => {
    await opened();
    await prove();
    expect(await opened({ accountId: 'ben' })).toMatchObject({
      account: { id: 'ben' },
      factor: undefined,
      way: undefined,
      setUp: undefined,
      stepUp: false,
    });
  });

  test.each([
    ['another browser', { browser: 'browser-2' }],
    ['another service', { clientId: 'archive' }],
  ])('C21: the same account from %s starts anew too', async (_, more) => {
    await opened();
    await prove();
    expect((await opened(more))?.factor).toBeUndefined();
  });

  test('the same password again (a double click) changes nothing', async () => {
    const first = await opened();
    await prove();
    expect(await opened()).toEqual({ ...first, factor: 'app', way: 'app', setUp: 'mail' });
  });

  test('a step-up takes its time from the session, and never the place of a login with a password', async () => {
    expect(await opened({ steppedUpFrom: 1_700_000_000 })).toMatchObject({
      stepUp: true,
      passwordAt: new Date(1_700_000_000_000),
    });
    // A password given in the same interaction is more than the session's.
    expect(await opened()).toMatchObject({ stepUp: false });
    expect(await opened({ steppedUpFrom: 1_700_000_000, accountId: 'ben' })).toMatchObject({
      stepUp: false,
      account: { id: 'anna' },
    });
  });

  test('it is over when its time is over, or when it is closed', async () => {
    expect(await opened({ lifetimeSeconds: -1 })).toBeUndefined();
    interaction = newId();
    expect(await opened()).toBeDefined();
    await closeSignIn(db, interaction);
    expect(await findSignIn(db, interaction)).toBeUndefined();
  });

  test('C42: its end is recorded once, by any number of requests at once; an end before any password too', async () => {
    await opened();
    const event = { event: 'sign-in.finished', result: 'success', accountId: 'anna' } as const;
    const other = await database.connect();
    const recorded = await Promise.all(
      [db, other, db, other].map((handle) => recordSignInEnd(handle, interaction, origin, event)),
    );
    expect(recorded.filter(Boolean)).toHaveLength(1);
    const rows = await db
      .selectFrom('audit_events')
      .select(['event', 'result', 'actor', 'account_id', 'request_id', 'node', 'details'])
      .where('account_id', '=', 'anna')
      .execute();
    const told = { result: 'success', actor: 'anna', request_id: 'request-1', node: 'node-a', details: {} };
    expect(rows).toEqual([{ event: 'sign-in.finished', account_id: 'anna', ...told }]);
    expect(
      await recordSignInEnd(db, newId(), origin, { event: 'sign-in.cancelled', result: 'failure' }),
    ).toBe(true);
  });
});

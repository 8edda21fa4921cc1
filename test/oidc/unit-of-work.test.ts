import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createSealer } from '../../src/base/sealing.ts';
import { createAdapter } from '../../src/oidc/storage/adapter.ts';
import { createPayloadSeal } from '../../src/oidc/storage/payload-seal.ts';
import { WriteConflict } from '../../src/oidc/storage/payload-store.ts';
import { createUnitOfWork, type NewPayload, type UnitOfWork } from '../../src/oidc/storage/unit-of-work.ts';
import { createUnitsOfWork } from '../../src/oidc/storage/units.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { testSealer } from '../support/sealer.ts';
import { addAccount } from './support/seed.ts';

describeOnEveryDatabase('a unit of work', (open) => {
  let database: TestDatabase;
  const sealer = testSealer();
  const seal = createPayloadSeal(sealer);
  let next = 0;
  const unit = (): UnitOfWork => createUnitOfWork(database.db, seal);
  const payload = (given: Partial<NewPayload> = {}): NewPayload => {
    next += 1;
    return {
      model: 'AuthorizationCode',
      id: `id-${next}`,
      text: '{"a":1}',
      ttl: 60,
      grantId: undefined,
      sessionUid: undefined,
      accountId: undefined,
      ...given,
    };
  };
  async function keep(given: Partial<NewPayload> = {}): Promise<NewPayload> {
    const kept = payload(given);
    const first = unit();
    first.store(kept);
    await first.flush();
    return kept;
  }
  const rows = async (): Promise<number> =>
    (await database.db.selectFrom('oidc_payloads').select('id').execute()).length;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('what was written is read before it is flushed, and what was removed is gone', async () => {
    const at = unit();
    const one = payload();
    at.store(one);
    expect((await at.find(one.model, one.id))?.text).toBe('{"a":1}');
    at.store({ ...one, text: '{"a":2}' });
    at.consume(one.model, one.id);
    expect(await at.find(one.model, one.id)).toMatchObject({
      text: '{"a":2}',
      consumedAt: expect.anything(),
    });
    at.remove(one.model, one.id);
    expect(await at.find(one.model, one.id)).toBeUndefined();
    await at.flush();
    expect(await unit().find(one.model, one.id)).toBeUndefined();
  });

  test('all or nothing: a unit that loses one guard writes nothing of the rest', async () => {
    const [code, session] = [await keep(), await keep({ model: 'Session', sessionUid: 'uid-1' })];
    const [first, second] = [unit(), unit()];
    for (const at of [first, second]) {
      await at.find(code.model, code.id);
      await at.find('Session', session.id);
      at.consume(code.model, code.id);
    }
    await first.flush();
    const before = await rows();
    second.store(payload({ model: 'AccessToken' }));
    second.store({ ...session, text: '{"changed":true}' });
    second.remove('Grant', 'some-grant');
    await expect(second.flush()).rejects.toBeInstanceOf(WriteConflict);
    expect(await rows()).toBe(before);
    expect((await unit().find('Session', session.id))?.text).toBe('{"a":1}');
  });

  test('writing back never un-consumes, and never brings back what was ended meanwhile', async () => {
    const code = await keep();
    const used = unit();
    used.consume(code.model, code.id);
    await used.flush();
    await keep(code);
    expect((await unit().find(code.model, code.id))?.consumedAt).toBeDefined();

    for (const model of ['Session', 'Grant', 'Interaction']) {
      const kept = await keep({ model });
      const [slow, ending] = [unit(), unit()];
      await slow.find(model, kept.id);
      ending.remove(model, kept.id);
      await ending.flush();
      slow.store({ ...kept, text: '{"back":true}' });
      await expect(slow.flush()).rejects.toBeInstanceOf(WriteConflict);
      expect(await unit().find(model, kept.id)).toBeUndefined();
    }
  });

  test('a session that takes another id has to have been there still', async () => {
    const old = await keep({ model: 'Session', sessionUid: 'uid-2' });
    const [slow, ending] = [unit(), unit()];
    await slow.find('Session', old.id);
    ending.remove('Session', old.id);
    await ending.flush();
    slow.remove('Session', old.id);
    slow.store(payload({ model: 'Session', sessionUid: 'uid-2' }));
    await expect(slow.flush()).rejects.toBeInstanceOf(WriteConflict);
    expect(await unit().findSession('uid-2')).toBeUndefined();
  });

  test('a revocation takes everything of the grant, each row once', async () => {
    const tokens = await Promise.all(
      ['AccessToken', 'RefreshToken', 'AuthorizationCode'].map((model) =>
        keep({ model, grantId: 'grant-1' }),
      ),
    );
    const other = await keep({ model: 'AccessToken', grantId: 'grant-2' });
    const at = unit();
    at.store(payload({ model: 'AccessToken', grantId: 'grant-1' }));
    for (const token of tokens) at.remove(token.model, token.id);
    for (const { model } of tokens) at.revoke(model, 'grant-1');
    await at.flush();
    for (const token of tokens) expect(await unit().find(token.model, token.id)).toBeUndefined();
    expect(await unit().find(other.model, other.id)).toBeDefined();
  });

  test('expired rows are never found, by the database’s clock', async () => {
    const brief = await keep({ ttl: 60, model: 'Session', sessionUid: 'uid-3' });
    await sql`update oidc_payloads set expires_at = now() - interval '1 second' where id = ${seal.digest(brief.id)}`.execute(
      database.db,
    );
    expect(await unit().find('Session', brief.id)).toBeUndefined();
    expect(await unit().findSession('uid-3')).toBeUndefined();
    const used = unit();
    used.consume('Session', brief.id);
    await expect(used.flush()).rejects.toBeInstanceOf(WriteConflict);
  });

  test('a token brings its grant, its session and its account along; nothing of it serves a disabled account', async () => {
    const accountId = await addAccount(database.db, `unit-${database.kind}`);
    await keep({ model: 'Grant', id: 'grant-3', accountId });
    await keep({ model: 'Session', sessionUid: 'uid-4', accountId });
    const token = await keep({ model: 'AccessToken', grantId: 'grant-3', sessionUid: 'uid-4', accountId });
    const at = unit();
    expect(await at.find('AccessToken', token.id)).toBeDefined();
    expect(at.account(accountId)?.id).toBe(accountId);
    await database.db
      .updateTable('accounts')
      .set({ status: 'disabled' })
      .where('id', '=', accountId)
      .execute();
    // Read once, a request goes on with it; the next one finds nothing.
    expect(await at.find('Grant', 'grant-3')).toBeDefined();
    expect(await at.findSession('uid-4')).toBeDefined();
    expect(await unit().find('AccessToken', token.id)).toBeUndefined();
    expect(await unit().find('Grant', 'grant-3')).toBeUndefined();
    expect(await unit().findSession('uid-4')).toBeUndefined();
  });

  test('outside of a unit everything is written at once, and a second use is refused', async () => {
    const units = createUnitsOfWork(database.db, sealer);
    const adapter = createAdapter('RefreshToken', units, { find: async () => undefined });
    await adapter.upsert('rt', { kind: 'RefreshToken', grantId: 'g' }, 60);
    await adapter.consume('rt');
    await expect(adapter.consume('rt')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(await adapter.find('rt')).toMatchObject({ consumed: expect.anything() });
    const replay = createAdapter('ReplayDetection', units, { find: async () => undefined });
    await replay.upsert('jti', { kind: 'ReplayDetection' }, 60);
    await expect(replay.upsert('jti', { kind: 'ReplayDetection' }, 60)).rejects.toMatchObject({
      error: 'invalid_client',
    });
  });

  test('what was stored under an earlier secret is found, changed and revoked under the new one', async () => {
    const earlier = await keep({ model: 'RefreshToken', grantId: 'grant-5' });
    await keep({ model: 'Session', sessionUid: 'uid-5' });
    const rotated = createPayloadSeal(
      createSealer([
        { id: 'new', secret: 'a newer secret of the tests, also 32 characters long' },
        { id: 'test', secret: 'a fixed secret of the tests, 32 characters or more' },
      ]),
    );
    const at = createUnitOfWork(database.db, rotated);
    expect((await at.find('RefreshToken', earlier.id))?.text).toBe('{"a":1}');
    expect(await at.findSession('uid-5')).toBeDefined();
    at.consume('RefreshToken', earlier.id);
    await at.flush();
    const revoking = createUnitOfWork(database.db, rotated);
    revoking.revoke('RefreshToken', 'grant-5');
    await revoking.flush();
    expect(await unit().find('RefreshToken', earlier.id)).toBeUndefined();
  });

  test('the payload of one row does not open in another', async () => {
    const [one, two] = [await keep(), await keep()];
    await sql`update oidc_payloads set payload = (select payload from oidc_payloads where id = ${seal.digest(one.id)})
      where id = ${seal.digest(two.id)}`.execute(database.db);
    await expect(unit().find(two.model, two.id)).rejects.toThrow();
  });
});

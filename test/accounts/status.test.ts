import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { findAccountById, findAccountByLoginId, setAccountLocale } from '../../src/accounts/directory.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { newId } from '../../src/base/ids.ts';
import type { Db } from '../../src/db/open.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { addAccount, cheapHashing } from './helpers.ts';

const later = sql<Date>`now() + interval '1 hour'`;

describeOnEveryDatabase('the state of an account', (open) => {
  let database: TestDatabase;
  let db: Db;
  const hasher = createPasswordHasher(cheapHashing);

  /** A session, a login in progress, an unused code and a used one. */
  async function signIn(accountId: string): Promise<void> {
    const payload = Buffer.from('sealed');
    await db
      .insertInto('oidc_payloads')
      .values({ model: 'Session', id: newId(), payload, account_id: accountId, expires_at: later })
      .execute();
    await db
      .insertInto('sign_ins')
      .values({
        interaction: newId(),
        account_id: accountId,
        client_id: 'c',
        browser: 'b',
        expires_at: later,
      })
      .execute();
    for (const consumed_at of [null, new Date()]) {
      await db
        .insertInto('challenges')
        .values({
          id: newId(),
          interaction: newId(),
          account_id: accountId,
          purpose: 'sign-in',
          address: 'a@mail.example',
          reference: 'KQ7',
          expires_at: later,
          consumed_at,
        })
        .execute();
    }
  }

  async function goingOn(accountId: string): Promise<[number, number, number]> {
    const payloads = await db
      .selectFrom('oidc_payloads')
      .select('id')
      .where('account_id', '=', accountId)
      .execute();
    const signIns = await db
      .selectFrom('sign_ins')
      .select('browser')
      .where('account_id', '=', accountId)
      .execute();
    const codes = await db
      .selectFrom('challenges')
      .select('id')
      .where('account_id', '=', accountId)
      .where('consumed_at', 'is', null)
      .where('voided_at', 'is', null)
      .execute();
    return [payloads.length, signIns.length, codes.length];
  }

  const eventsOf = async (accountId: string) =>
    (
      await db
        .selectFrom('audit_events')
        .select(['event', 'actor'])
        .where('account_id', '=', accountId)
        .orderBy('id')
        .execute()
    ).map(({ event, actor }) => `${event} by ${actor}`);

  beforeAll(async () => {
    database = await open();
    db = database.db;
  });
  afterAll(() => database.close());

  test('R2: found by ID in any spelling and by id; nobody for anything else', async () => {
    const id = await addAccount(db, hasher, { loginId: 'a0000001', kind: 'ecs' });
    expect(await findAccountByLoginId(db, ' Ａ0000001　')).toMatchObject({
      id,
      kind: 'ecs',
      status: 'active',
    });
    expect(await findAccountById(db, id)).toMatchObject({
      id,
      loginId: 'a0000001',
      firstEnrolledAt: undefined,
    });
    expect(await findAccountByLoginId(db, 'a0000001\0')).toBeUndefined();
    expect(await findAccountById(db, newId())).toBeUndefined();
  });

  test('R2: one ID belongs to one account, of whichever kind', async () => {
    await addAccount(db, hasher, { loginId: 'b0000001', kind: 'ecs' });
    await expect(addAccount(db, hasher, { loginId: 'b0000001', kind: 'sps' })).rejects.toMatchObject({
      code: '23505',
    });
  });

  test('A55, R56: disabling ends everything of that account and of no other, with one audit row', async () => {
    const leaver = await addAccount(db, hasher, { loginId: 'c0000001' });
    const other = await addAccount(db, hasher, { loginId: 'c0000002' });
    await signIn(leaver);
    await signIn(other);
    expect(await goingOn(leaver)).toEqual([1, 1, 1]);
    expect(await disableAccount(db, leaver, 'cli:test')).toBe('changed');
    expect(await goingOn(leaver)).toEqual([0, 0, 0]);
    expect(await goingOn(other)).toEqual([1, 1, 1]);
    expect(await findAccountById(db, leaver)).toMatchObject({ status: 'disabled' });
    expect(await disableAccount(db, leaver, 'cli:test')).toBe('unchanged');
    expect(await enableAccount(db, leaver, 'cli:test')).toBe('changed');
    expect(await enableAccount(db, leaver, 'cli:test')).toBe('unchanged');
    expect(await findAccountById(db, leaver)).toMatchObject({ status: 'active' });
    expect(await eventsOf(leaver)).toEqual(['account.disabled by cli:test', 'account.enabled by cli:test']);
    expect(await disableAccount(db, newId(), 'cli:test')).toBe('unknown-account');
  });

  test('C19: a new password replaces the old one and ends what was signed in with it', async () => {
    const accountId = await addAccount(db, hasher, { loginId: 'd0000001' });
    await signIn(accountId);
    const plain = 'a new password 22';
    const set = (given: string, id = accountId) =>
      setPassword(db, hasher, { accountId: id, loginId: 'd0000001', plain: given, actor: 'cli:test' });
    expect(await set('short')).toMatchObject({ outcome: 'refused' });
    expect(await set('')).toMatchObject({ outcome: 'refused' });
    expect(await set('iloveyou')).toMatchObject({ outcome: 'refused' });
    expect(await goingOn(accountId)).toEqual([1, 1, 1]);
    expect(await set(plain)).toEqual({ outcome: 'set' });
    expect(await goingOn(accountId)).toEqual([0, 0, 0]);
    const { phc } = await db
      .selectFrom('passwords')
      .select('phc')
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    expect(await hasher.verify(phc, plain)).toBe(true);
    expect(await eventsOf(accountId)).toEqual(['password.set by cli:test']);
    expect(await set(plain, newId())).toEqual({ outcome: 'unknown-account' });
  });

  test('the chosen language is kept', async () => {
    const id = await addAccount(db, hasher, { loginId: 'e0000001', phc: null });
    await setAccountLocale(db, id, 'en');
    expect(await findAccountById(db, id)).toMatchObject({ locale: 'en' });
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { appSecretPlace } from '../../src/factors/app/codes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { auditOf, codeOf, noticesOf, origin, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

describeOnEveryDatabase('offers in a login', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
  });
  afterAll(() => database.close());

  /** A login by mail or app, and the page that it is offered. */
  const login = async (who: Someone, way: 'mail' | 'app'): Promise<SignIn> => {
    const [node] = stage.nodes;
    const signIn = await stage.signIn(who);
    if (way === 'mail') {
      const { signIn: waiting, digits } = await stage.withCode(signIn, 'sign-in', who.address);
      expect(await node.proving.verifyMailCode(waiting, digits, origin)).toEqual({ outcome: 'proven' });
    } else {
      await stage.db
        .updateTable('app_factors')
        .set({ last_step: 0 })
        .where('account_id', '=', who.id)
        .execute();
      expect(await node.proving.verifyAppCode(signIn, codeOf(who.secret), origin)).toEqual({
        outcome: 'proven',
      });
    }
    return stage.now(signIn);
  };
  const offered = async (who: Someone, way: 'mail' | 'app') => (await login(who, way)).detour;

  /** Lets days pass for what an account has and was shown. */
  const passDays = async (who: Someone, days: number): Promise<void> => {
    const ago = sql`make_interval(days => ${days})`;
    await sql`update offers set due_at = due_at - ${ago}, shown_at = shown_at - ${ago}
      where account_id = ${who.id}`.execute(stage.db);
    await sql`update app_factors set proven_at = proven_at - ${ago} where account_id = ${who.id}`.execute(
      stage.db,
    );
    await sql`update accounts set address_frozen_until = address_frozen_until - ${ago},
      ends_at = ends_at - ${ago} where id = ${who.id}`.execute(stage.db);
  };
  const setUpByMail = async (): Promise<Someone> => {
    const who = await stage.someone({});
    const { signIn, digits } = await stage.withCode(await stage.signIn(who), 'set-up', who.address);
    const context = { locale: 'en' as const, service: 'The library', device: 'a browser' };
    expect(await stage.nodes[0].enrolment.enrolMail(signIn, digits, context, origin)).toEqual({
      outcome: 'enrolled',
    });
    expect((await stage.now(signIn)).detour).toBeUndefined();
    return who;
  };

  test('R20: after an initial setup by mail the login goes straight on; the next one offers the app, once', async () => {
    const who = await setUpByMail();
    expect(await offered(who, 'mail')).toBe('offer-app');
    expect(await offered(who, 'mail')).toBeUndefined();
    await passDays(who, 400);
    expect(await offered(who, 'mail')).toBeUndefined();
  });

  test('R20: no offer of what is there, nor for factors that an import brought', async () => {
    const imported = await stage.someone({ mail: true });
    expect(await offered(imported, 'mail')).toBeUndefined();
    const who = await setUpByMail();
    const id = `app-${who.id}`;
    await stage.db
      .insertInto('app_factors')
      .values({
        id,
        account_id: who.id,
        name: 'a phone',
        secret_sealed: stage.sealer.seal(who.secret, appSecretPlace(id, who.id)),
        last_step: 0,
      })
      .execute();
    expect(await offered(who, 'mail')).toBeUndefined();
  });

  test('R20: an offer is skipped once, by any number of clicks, and the login goes on', async () => {
    const who = await setUpByMail();
    const signIn = await login(who, 'mail');
    await Promise.all([0, 1, 0].map((node) => stage.nodes[node === 0 ? 0 : 1].offers.skip(signIn, origin)));
    expect(await stage.now(signIn)).toMatchObject({ detour: undefined, factor: 'mail' });
    expect(await auditOf(stage.db, who.id, 'offer.skipped')).toEqual([
      { event: 'offer.skipped', details: { offer: 'offer-app' } },
    ]);
    // What is no offer cannot be skipped.
    const reset = await stage.signIn(who);
    await stage.nodes[0].detours.turnTo(reset, 'reset');
    await stage.nodes[0].offers.skip(reset, origin);
    expect((await stage.now(reset)).detour).toBe('reset');
  });

  test('R24: whoever has the app alone is reminded of an address after 90 days, and then once in 90', async () => {
    const who = await stage.someone({ app: true });
    expect(await offered(who, 'app')).toBeUndefined();
    await passDays(who, 89);
    expect(await offered(who, 'app')).toBeUndefined();
    await passDays(who, 2);
    // Of logins at once one shows it.
    const logins = await Promise.all([stage.signIn(who), stage.signIn(who), stage.signIn(who)]);
    await Promise.all(
      logins.map((signIn, index) =>
        stage.db
          .transaction()
          .execute((trx) => stage.nodes[index === 0 ? 0 : 1].offers.claim(trx, signIn, 'app')),
      ),
    );
    const detours = await Promise.all(logins.map(async (signIn) => (await stage.now(signIn)).detour));
    expect(detours.filter((detour) => detour === 'offer-mail')).toHaveLength(1);
    expect(detours.filter((detour) => detour === undefined)).toHaveLength(2);
    await passDays(who, 89);
    expect(await offered(who, 'app')).toBeUndefined();
    await passDays(who, 2);
    expect(await offered(who, 'app')).toBe('offer-mail');
    const withAddress = await stage.someone({ mail: true, app: true });
    await passDays(withAddress, 200);
    expect(await offered(withAddress, 'app')).toBeUndefined();
  });

  test('D5: an address that failed twice is asked about while the old way works, at most once in 30 days', async () => {
    const who = await stage.someone({ mail: true, app: true });
    const fail = (failures: number) =>
      stage.db.updateTable('mail_factors').set({ failures }).where('account_id', '=', who.id).execute();
    await fail(1);
    expect(await offered(who, 'app')).toBeUndefined();
    await fail(2);
    const asked = await login(who, 'app');
    expect(asked.detour).toBe('confirm-address');
    expect(await offered(who, 'app')).toBeUndefined();
    await passDays(who, 31);
    expect(await offered(who, 'app')).toBe('confirm-address');

    await stage.nodes[1].offers.confirmAddress(asked, origin);
    await stage.nodes[0].offers.confirmAddress(asked, origin);
    expect((await stage.now(asked)).detour).toBeUndefined();
    expect(await auditOf(stage.db, who.id, 'factor.address-confirmed')).toHaveLength(1);
    await passDays(who, 31);
    expect(await offered(who, 'app')).toBeUndefined();

    // A code that arrived says the same as the user's word.
    await fail(5);
    expect(await offered(who, 'mail')).toBeUndefined();
    expect(await offered(who, 'app')).toBeUndefined();
  });

  test('D5: an account that ends within 60 days is asked whether the address stays', async () => {
    const who = await stage.someone({ mail: true });
    const endsIn = (days: number) =>
      stage.db
        .updateTable('accounts')
        .set({ ends_at: sql<Date>`now() + make_interval(days => ${days})` })
        .where('id', '=', who.id)
        .execute();
    await endsIn(61);
    expect(await offered(who, 'mail')).toBeUndefined();
    await endsIn(59);
    expect(await offered(who, 'mail')).toBe('confirm-address');
    expect(await offered(who, 'mail')).toBeUndefined();
  });

  test('R37, D11: nothing is offered that would be refused, nor in the login of a reset', async () => {
    const who = await stage.someone({ mail: true, app: true });
    const freeze = (column: 'address_frozen_until' | 'changes_frozen_until') =>
      stage.db
        .updateTable('accounts')
        .set({
          address_frozen_until: null,
          changes_frozen_until: null,
          [column]: sql<Date>`now() + interval '1 day'`,
        })
        .where('id', '=', who.id)
        .execute();
    await stage.db
      .updateTable('mail_factors')
      .set({ failures: 9 })
      .where('account_id', '=', who.id)
      .execute();
    for (const column of ['address_frozen_until', 'changes_frozen_until'] as const) {
      await freeze(column);
      expect(await offered(who, 'app')).toBeUndefined();
    }
    const fresh = await setUpByMail();
    const signIn = await stage.signIn(fresh);
    await stage.nodes[0].detours.turnTo(signIn, 'reset');
    const waiting = await stage.withCode(await stage.now(signIn), 'reset', fresh.address);
    await stage.nodes[0].reset.byMail(waiting.signIn, waiting.digits, 'other', {}, origin, 'en');
    await stage.db.transaction().execute((trx) => stage.nodes[0].offers.claim(trx, waiting.signIn, 'mail'));
    expect((await stage.now(signIn)).detour).toBe('reset-done');
    expect((await noticesOf(stage.db, fresh.id)).map(({ notice }) => notice)).toEqual([
      'mail-added',
      'reset',
    ]);
    // It was not shown, so the next login shows it.
    expect(await offered(fresh, 'mail')).toBe('offer-app');
  });
});

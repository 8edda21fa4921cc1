import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import { acrOf, amrOf } from '../../src/factors/assurance.ts';
import { createPasskeys } from '../../src/factors/passkeys/passkeys.ts';
import { forgetPasskeyChallenges } from '../../src/factors/passkeys/challenges.ts';
import { flag, type Forgery } from '../support/authenticator.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { faultOf, openChangeStage } from './changes-stage.ts';
import { openPasskeyStage, origin, type PasskeyStage } from './passkeys-stage.ts';

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

describeOnEveryDatabase('passkeys', (open) => {
  let database: TestDatabase;
  let stage: PasskeyStage;
  beforeAll(async () => {
    database = await open();
    stage = await openPasskeyStage(database);
  });
  afterAll(() => database.close());

  test('C54: a passkey is a second factor, and alone stands for the password too', async () => {
    const { first, second } = stage;
    const holder = await stage.holder({ counter: 0 });
    const { passkey, accountId } = holder;
    const signIn = await stage.signIn(holder);
    expect(signIn.holder.ways).toEqual(['passkey', 'mail']);
    const options = await first.passkeys.signInOptions(signIn.interaction, accountId);
    expect(JSON.parse(options)).toMatchObject({
      rpId: 'idp.example.ac.jp',
      userVerification: 'required',
      allowCredentials: [
        { id: passkey.credentialId, type: 'public-key', transports: ['internal', 'hybrid'] },
      ],
    });
    // Some security keys do not say whose passkey it is.
    const answer = passkey.get(options, { userHandle: null });
    expect((await second.passkeys.prove(signIn, answer, origin)).outcome).toBe('proven');
    const proven = await stage.now(signIn.interaction);
    expect(proven).toMatchObject({ factor: 'passkey', withoutPassword: false });

    const interaction = newId();
    const anybody = await first.passkeys.signInOptions(interaction, undefined);
    expect((JSON.parse(anybody) as { allowCredentials: unknown[] }).allowCredentials).toEqual([]);
    expect(
      await second.passkeys.verifyPasswordless(
        interaction,
        'library',
        'b',
        600,
        passkey.get(anybody),
        origin,
      ),
    ).toEqual({ outcome: 'proven', account: { id: accountId, locale: 'en' } });
    const alone = await stage.now(interaction);
    expect(alone).toMatchObject({
      factor: 'passkey',
      withoutPassword: true,
      stepUp: false,
      clientId: 'library',
    });
    // The time of the oldest proof is that of the only one.
    const { age } = await stage.db
      .selectFrom('sign_ins')
      .select(sql<boolean>`password_at = factor_at and password_at > now() - interval '1 minute'`.as('age'))
      .where('interaction', '=', interaction)
      .executeTakeFirstOrThrow();
    expect(age).toBe(true);
    const switches = { mailSatisfiesMfa: false };
    expect(acrOf({ factor: 'passkey', withoutPassword: true }, switches)).toBe(
      'https://refeds.org/profile/mfa',
    );
    expect(amrOf({ factor: 'passkey', withoutPassword: true }, switches)).toEqual(['pop', 'user', 'mfa']);
    expect(amrOf({ factor: 'passkey' }, switches)).toEqual(['pwd', 'pop', 'user', 'mfa']);

    const stored = await stage.db
      .selectFrom('passkeys')
      .select(['name', sql<number>`counter::int`.as('counter'), 'backed_up'])
      .select(sql<boolean>`last_used_at is not null`.as('used'))
      .where('account_id', '=', accountId)
      .execute();
    expect(stored).toEqual([{ name: 'Laptop', counter: 2, backed_up: false, used: true }]);
    const trail = await stage.db
      .selectFrom('audit_events')
      .select(['event', 'details'])
      .where('account_id', '=', accountId)
      .where('event', 'like', 'passkey.%')
      .orderBy('id')
      .execute();
    expect(
      trail.map(({ event, details }) => [event, (details as { alone?: boolean }).alone ?? false]),
    ).toEqual([
      ['passkey.registered', false],
      ['passkey.verified', false],
      ['passkey.verified', true],
    ]);
  });

  test('C54: a passkey without a counter, kept by its maker, works again and again', async () => {
    const passkeyFlags = flag.present | flag.verified | flag.eligible | flag.backedUp;
    const { passkey, ...owner } = await stage.holder({ flags: passkeyFlags });
    for (let time = 1; time <= 3; time += 1) {
      const signIn = await stage.signIn(owner);
      const options = await stage.first.passkeys.signInOptions(signIn.interaction, owner.accountId);
      const proof = await stage.first.passkeys.prove(signIn, JSON.parse(passkey.get(options)), origin);
      expect(proof.outcome).toBe('proven');
    }
  });

  test('A38, A39: a challenge is for one login, one purpose and one account', async () => {
    const one = await stage.holder();
    const two = await stage.holder();
    const signIn = await stage.signIn(one);
    const { passkeys } = stage.first;
    const prove = async (options: string, passkey = one.passkey) =>
      (await passkeys.prove(signIn, passkey.get(options), origin)).outcome;
    const other = await stage.signIn(one);
    expect(await prove(await passkeys.signInOptions(other.interaction, one.accountId))).toBe('expired');
    expect(await prove(await passkeys.signInOptions(signIn.interaction, undefined))).toBe('expired');
    expect(await prove(await passkeys.signInOptions(signIn.interaction, two.accountId))).toBe('expired');
    const { options: setUp } = await passkeys.registerOptions(one.changer);
    expect(await prove(setUp)).toBe('expired');
    // Another account's passkey, rightly signed.
    expect(await prove(await passkeys.signInOptions(signIn.interaction, one.accountId), two.passkey)).toBe(
      'wrong',
    );
    expect((await stage.refusals(one.accountId)).at(-1)).toBe('credential');
    // A challenge of the second factor does not sign in alone.
    const asked = await passkeys.signInOptions(signIn.interaction, one.accountId);
    const alone = await passkeys.verifyPasswordless(
      signIn.interaction,
      'library',
      'browser-1',
      600,
      one.passkey.get(asked),
      origin,
    );
    expect(alone).toEqual({ outcome: 'refused' });
    // Too late.
    const late = await passkeys.signInOptions(signIn.interaction, one.accountId);
    await sql`update passkey_challenges set expires_at = now() - interval '1 second'
      where bound_to = ${signIn.interaction}`.execute(stage.db);
    expect(await prove(late)).toBe('expired');
    expect(await forgetPasskeyChallenges(stage.db, 100)).toBeGreaterThan(0);
    expect(await prove(await passkeys.signInOptions(signIn.interaction, one.accountId))).toBe('proven');
  });

  test('A39: of twenty answers to one challenge on two nodes one gets on', async () => {
    const { passkey, ...owner } = await stage.holder({ counter: 0 });
    const interaction = newId();
    const options = await stage.first.passkeys.signInOptions(interaction, undefined);
    const alone = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        stage.nodes[turn % 2]!.passkeys.verifyPasswordless(
          interaction,
          'library',
          'b',
          600,
          passkey.get(options),
          origin,
        ),
      ),
    );
    expect(alone.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1);

    const signIn = await stage.signIn(owner);
    const asked = await stage.first.passkeys.signInOptions(signIn.interaction, owner.accountId);
    const answer = passkey.get(asked, { counter: 100 });
    const proofs = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => stage.nodes[turn % 2]!.passkeys.prove(signIn, answer, origin)),
    );
    expect(proofs.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1);

    // Two challenges, and the same count in both answers: a copied key is caught in the act.
    const second = await stage.signIn(owner);
    const copies = await Promise.all(
      [signIn, second].map(async (login, node) => {
        const challenge = await stage.first.passkeys.signInOptions(login.interaction, owner.accountId);
        return stage.nodes[node]!.passkeys.prove(login, passkey.get(challenge, { counter: 101 }), origin);
      }),
    );
    expect(copies.map(({ outcome }) => outcome).toSorted()).toEqual(['proven', 'wrong']);
    expect((await stage.refusals(owner.accountId)).at(-1)).toBe('counter');
  });

  test('R8: wrong passkeys pause the second step like wrong codes, and a pause holds for a passkey alone', async () => {
    const { passkey, ...owner } = await stage.holder();
    const signIn = await stage.signIn(owner);
    const prove = async (forgery: Forgery) => {
      const options = await stage.first.passkeys.signInOptions(signIn.interaction, owner.accountId);
      return (await stage.first.passkeys.prove(signIn, passkey.get(options, forgery), origin)).outcome;
    };
    for (let time = 1; time <= 10; time += 1) expect(await prove({ key: stranger })).toBe('wrong');
    expect(await prove({})).toBe('paused');
    expect(await stage.now(signIn.interaction)).toBeUndefined();
    const interaction = newId();
    const options = await stage.first.passkeys.signInOptions(interaction, undefined);
    const alone = await stage.first.passkeys.verifyPasswordless(
      interaction,
      'c',
      'b',
      600,
      passkey.get(options),
      origin,
    );
    expect(alone).toEqual({ outcome: 'refused' });
  });

  test('A55: neither a disabled account nor a removed passkey signs in', async () => {
    const gone = await stage.holder();
    await sql`update passkeys set state = 'removed', ended_at = now() where account_id = ${gone.accountId}`.execute(
      stage.db,
    );
    const disabled = await stage.holder();
    const held = await stage.signIn(disabled);
    const asked = await stage.first.passkeys.signInOptions(held.interaction, disabled.accountId);
    await sql`update accounts set status = 'disabled' where id = ${disabled.accountId}`.execute(stage.db);
    for (const { passkey } of [gone, disabled]) {
      const interaction = newId();
      const options = await stage.first.passkeys.signInOptions(interaction, undefined);
      const alone = await stage.first.passkeys.verifyPasswordless(
        interaction,
        'c',
        'b',
        600,
        passkey.get(options),
        origin,
      );
      expect(alone).toEqual({ outcome: 'refused' });
    }
    const signIn = await stage.signIn(gone);
    expect(signIn.holder.ways).toEqual(['mail']);
    const options = await stage.first.passkeys.signInOptions(signIn.interaction, gone.accountId);
    expect((await stage.first.passkeys.prove(signIn, gone.passkey.get(options), origin)).outcome).toBe(
      'wrong',
    );
    expect(await faultOf(stage.first.passkeys.prove(held, disabled.passkey.get(asked), origin))).toContain(
      'sign-in changed',
    );
  });

  test('A27: a passkey of another account starts the interaction anew', async () => {
    const one = await stage.holder();
    const two = await stage.holder();
    const signIn = await stage.signIn(one);
    const options = await stage.first.passkeys.signInOptions(signIn.interaction, undefined);
    const { passkeys } = stage.first;
    await passkeys.verifyPasswordless(
      signIn.interaction,
      'library',
      'browser-1',
      600,
      two.passkey.get(options),
      origin,
    );
    const now = await stage.now(signIn.interaction);
    expect([now?.account.id, now?.withoutPassword]).toEqual([two.accountId, true]);
    const late = await passkeys.signInOptions(signIn.interaction, one.accountId);
    expect(await faultOf(passkeys.prove(signIn, one.passkey.get(late), origin))).toContain('sign-in changed');
    expect((await stage.now(signIn.interaction))?.account.id).toBe(two.accountId);
  });

  test('an address or a switch without passkeys has none', async () => {
    const { first, db } = stage;
    const none = {
      db,
      organisation: 'Example',
      proving: first.proving as never,
      changed: async () => undefined,
    };
    const claimOffer = async () => undefined;
    const made = (issuer: string, enabled = true) =>
      createPasskeys({ ...none, claimOffer, issuer, enabled }).available;
    expect(
      ['https://192.0.2.1', 'http://127.0.0.1:3000', 'https://[2001:db8::1]:8443'].map((url) => made(url)),
    ).toEqual([false, false, false]);
    expect([
      made('https://idp.example', false),
      made('https://idp.example'),
      made('http://localhost:3000'),
    ]).toEqual([false, true, true]);
    const off = createPasskeys({ ...none, claimOffer, issuer: 'https://192.0.2.1', enabled: true });
    const { changer } = await stage.owner({ mail: true });
    // What was set up before is no way any more, and takes nobody into a page that cannot work.
    const held = await stage.holder();
    const without = await openChangeStage(database, { passkeys: { enabled: false } });
    expect((await stage.first.holderOf(held.accountId)).ways).toEqual(['passkey', 'mail']);
    expect((await without.nodes[0]!.holderOf(held.accountId)).ways).toEqual(['mail']);
    expect(await faultOf(off.registerOptions(changer))).toBe('passkey_unsupported');
    expect(await faultOf(off.signInOptions('i', undefined))).toBe('passkey_unsupported');
  });
});

import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import {
  type Answer,
  createSoftwarePasskey,
  flag,
  type Forgery,
  type MadeKey,
} from '../support/authenticator.ts';
import { selfSigned } from '../support/certificate.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { changesOf, faultOf, noticesOf } from './changes-stage.ts';
import { openPasskeyStage, origin, page, type PasskeyStage } from './passkeys-stage.ts';
import type { AccountUser } from '../../src/factors/account-user.ts';

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** An attestation that verifies, by a certificate of the kind that an old security key brings. */
function byCertificate(made: MadeKey): { fmt: string; attStmt: Map<string, unknown> } {
  const maker = selfSigned('key.example');
  const { authData, clientDataHash, credentialId, point } = made;
  const signed = Buffer.concat([
    Buffer.alloc(1),
    authData.subarray(0, 32),
    clientDataHash,
    credentialId,
    point,
  ]);
  const attStmt = new Map<string, unknown>([
    ['sig', new Uint8Array(sign('sha256', signed, maker.key))],
    ['x5c', [new Uint8Array(new X509Certificate(maker.cert).raw)]],
  ]);
  return { fmt: 'fido-u2f', attStmt };
}

/** A passkey that vouches for itself: as good as none. */
function byItself({ authData, clientDataHash, privateKey }: MadeKey) {
  const sig = new Uint8Array(sign('sha256', Buffer.concat([authData, clientDataHash]), privateKey));
  return {
    fmt: 'packed',
    attStmt: new Map<string, unknown>([
      ['alg', -7],
      ['sig', sig],
    ]),
  };
}

/** Every way in which a new passkey can be wrong while everything else of it is right. */
const forged: readonly [string, Forgery, string][] = [
  ['another origin', { clientData: { origin: 'https://evil.example' } }, 'attestation'],
  ['a frame of another site', { clientData: { crossOrigin: true } }, 'attestation'],
  ['an answer of a sign-in', { clientData: { type: 'webauthn.get' } }, 'attestation'],
  ['another site’s passkey', { rpId: 'evil.example' }, 'attestation'],
  ['nobody verified', { flags: flag.present }, 'attestation'],
  ['nobody present', { flags: flag.verified }, 'attestation'],
  ['an algorithm that was not asked for', { algorithm: -47 }, 'attestation'],
  ['a certificate', { attest: byCertificate }, 'attestation'],
  ['a statement of nothing', { attest: (made) => ({ ...byItself(made), fmt: 'none' }) }, 'attestation'],
  ['another key’s word', { attest: (made) => byItself({ ...made, privateKey: stranger }) }, 'attestation'],
  ['an id that is not its own', { credentialId: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'attestation'],
  ['a challenge that nobody made', { clientData: { challenge: 'A'.repeat(43) } }, 'challenge'],
  ['no client data', { clientData: { challenge: 7 } }, 'malformed'],
  ['half an object', { afterwards: half }, 'attestation'],
  ['an empty answer', { afterwards: () => ({}) }, 'malformed'],
];

function half(answer: Answer): Answer {
  const { attestationObject } = answer.response;
  return {
    ...answer,
    response: { ...answer.response, attestationObject: String(attestationObject).slice(0, 90) },
  };
}

describeOnEveryDatabase('setting up a passkey', (open) => {
  let database: TestDatabase;
  let stage: PasskeyStage;
  beforeAll(async () => {
    database = await open();
    stage = await openPasskeyStage(database);
  });
  afterAll(() => database.close());

  const namesOf = async (accountId: string): Promise<string[]> => {
    const rows = await stage.db
      .selectFrom('passkeys')
      .select('name')
      .where('account_id', '=', accountId)
      .where('state', '=', 'active')
      .execute();
    return rows.map(({ name }) => name);
  };

  test('C54, C18: a passkey is registered with its name, told by mail, and known to the next registration', async () => {
    const owner = await stage.owner({ mail: true, locale: 'ja' });
    await sql`insert into trusted_browsers (id, account_id, secret_digest, user_agent, address, expires_at)
      values (${newId()}, ${owner.accountId}, 'x', '', '', now() + interval '1 day')`.execute(stage.db);
    const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
    expect(JSON.parse(options)).toMatchObject({
      rp: { id: 'idp.example.ac.jp' },
      user: { id: Buffer.from(owner.accountId).toString('base64url') },
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required' },
      excludeCredentials: [],
    });
    const passkey = createSoftwarePasskey(page, {
      flags: flag.present | flag.verified | flag.eligible | flag.backedUp,
    });
    const answer = passkey.create(options);
    expect(await stage.second.passkeys.register(owner.changer, id, answer, '鍵')).toBe('registered');
    // A double click does nothing.
    expect(await stage.first.passkeys.register(owner.changer, id, answer, '鍵')).toBe('expired');
    const row = await stage.db
      .selectFrom('passkeys')
      .select([
        'name',
        'credential_id',
        'transports',
        'backed_up',
        'state',
        sql<number>`counter::int`.as('counter'),
      ])
      .where('account_id', '=', owner.accountId)
      .execute();
    expect(row).toEqual([
      {
        name: '鍵',
        credential_id: passkey.credentialId,
        transports: ['internal', 'hybrid'],
        backed_up: true,
        state: 'active',
        counter: 0,
      },
    ]);
    expect(await noticesOf(stage.db, owner)).toEqual([`passkey-added ${owner.address} ja`]);
    const trusted = await stage.db
      .selectFrom('trusted_browsers')
      .select('ended_why')
      .where('account_id', '=', owner.accountId)
      .execute();
    expect(trusted).toEqual([{ ended_why: 'factor-changed' }]);
    const { excludeCredentials } = JSON.parse(
      (await stage.first.passkeys.registerOptions(owner.changer)).options,
    ) as { excludeCredentials: { id: string }[] };
    expect(excludeCredentials.map((each) => each.id)).toEqual([passkey.credentialId]);
    expect((await stage.first.overview(owner.accountId))?.passkeys).toMatchObject([
      { name: '鍵', backedUp: true },
    ]);
  });

  test('C54: whatever one thing is wrong with a new passkey, it is not set up, and its challenge is gone', async () => {
    const owner = await stage.owner({ mail: true });
    for (const [what, forgery, reason] of forged) {
      const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
      const passkey = createSoftwarePasskey(page);
      const outcome = await stage.first.passkeys.register(
        owner.changer,
        id,
        passkey.create(options, forgery),
        what,
      );
      expect([what, outcome]).toEqual([what, 'refused']);
      expect([what, (await stage.refusals(owner.accountId)).at(-1)]).toEqual([what, reason]);
      const again = await stage.first.passkeys.register(owner.changer, id, passkey.create(options), what);
      expect([what, again]).toEqual([what, 'expired']);
    }
    expect(await namesOf(owner.accountId)).toEqual([]);
    expect(await noticesOf(stage.db, owner)).toEqual([]);
    const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
    const answer = createSoftwarePasskey(page).create(options, { attest: byItself });
    expect(await stage.first.passkeys.register(owner.changer, id, answer, 'x')).toBe('registered');
  });

  test('A38: what one account, browser or session has begun no other goes on with', async () => {
    const owner = await stage.owner({ mail: true });
    const another = await stage.owner({ mail: true });
    const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
    const second = await stage.first.passkeys.registerOptions(owner.changer);
    const passkey = createSoftwarePasskey(page);
    const strangers: AccountUser[] = [
      another.changer,
      { ...another.changer, browser: owner.changer.browser, sessionUid: owner.changer.sessionUid },
      { ...owner.changer, browser: 'another browser' },
      { ...owner.changer, sessionUid: 'another session' },
    ];
    for (const other of strangers) {
      expect(await stage.first.passkeys.register(other, id, passkey.create(options), 'x')).toBe('expired');
    }
    // A challenge of one change is nothing in another.
    expect(await stage.first.passkeys.register(owner.changer, second.id, passkey.create(options), 'x')).toBe(
      'refused',
    );
    await sql`update factor_changes set expires_at = now() where account_id = ${owner.accountId}`.execute(
      stage.db,
    );
    expect(await stage.first.passkeys.register(owner.changer, id, passkey.create(options), 'x')).toBe(
      'expired',
    );
    expect(await namesOf(owner.accountId)).toEqual([]);
  });

  test('A38: a passkey that is somebody’s stays theirs', async () => {
    const holder = await stage.holder();
    const thief = await stage.owner({ mail: true });
    expect(await stage.register(thief, holder.passkey)).toBe('refused');
    expect((await stage.refusals(thief.accountId)).at(-1)).toBe('known');
    const signIn = await stage.signIn(holder);
    const options = await stage.first.passkeys.signInOptions(signIn.interaction, holder.accountId);
    const userHandle = Buffer.from(holder.accountId).toString('base64url');
    const answer = holder.passkey.get(options, { userHandle });
    expect((await stage.first.passkeys.prove(signIn, answer, origin)).outcome).toBe('proven');
  });

  test('E2: of twenty answers to one registration on two nodes one gets on, and nobody has more than ten', async () => {
    const owner = await stage.owner({ mail: true });
    const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        stage.nodes[turn % 2]!.passkeys.register(
          owner.changer,
          id,
          createSoftwarePasskey(page).create(options),
          'x',
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'registered')).toHaveLength(1);
    const begun = [];
    for (let number = 1; number <= 10; number += 1) {
      begun.push(await stage.first.passkeys.registerOptions(owner.changer));
    }
    const results = await Promise.all(
      begun.map((each, turn) =>
        faultOf(
          stage.nodes[turn % 2]!.passkeys.register(
            owner.changer,
            each.id,
            createSoftwarePasskey(page).create(each.options),
            'x',
          ),
        ),
      ),
    );
    expect(results.filter((result) => result === 'device_limit_reached')).toHaveLength(1);
    expect(await namesOf(owner.accountId)).toHaveLength(10);
    expect(await faultOf(stage.first.passkeys.registerOptions(owner.changer))).toBe('device_limit_reached');
  });

  test('D9: a passkey is tried on the own page, in the session that asks, and opens nothing', async () => {
    const { passkey, ...owner } = await stage.holder();
    const { passkeys } = stage.first;
    const other = { ...owner.changer, sessionUid: 'another session' };
    const asked = await passkeys.checkOptions(owner.changer);
    expect((await passkeys.check(other, passkey.get(asked))).outcome).toBe('expired');
    const signIn = await stage.signIn(owner);
    expect((await passkeys.prove(signIn, passkey.get(asked), origin)).outcome).toBe('expired');
    const lured = passkey.get(asked, { clientData: { origin: 'https://evil.example' } });
    expect((await passkeys.check(owner.changer, lured)).outcome).toBe('wrong');
    const again = await passkeys.checkOptions(owner.changer);
    expect(await stage.second.passkeys.check(owner.changer, passkey.get(again))).toEqual({
      outcome: 'proven',
    });
    expect((await changesOf(stage.db, owner)).slice(-2)).toEqual(['passkey.verified', 'factor.checked']);
    expect((await stage.now(signIn.interaction))?.factor).toBeUndefined();
  });

  test('D11: while changes are frozen nothing is begun or ended', async () => {
    const owner = await stage.owner({ mail: true });
    const { id, options } = await stage.first.passkeys.registerOptions(owner.changer);
    await sql`update accounts set changes_frozen_until = now() + interval '1 hour'
      where id = ${owner.accountId}`.execute(stage.db);
    const { passkeys } = stage.first;
    expect(await faultOf(passkeys.registerOptions(owner.changer))).toBe('changes_frozen');
    const answer = createSoftwarePasskey(page).create(options);
    expect(await faultOf(passkeys.register(owner.changer, id, answer, 'x'))).toBe('changes_frozen');
    expect(await namesOf(owner.accountId)).toEqual([]);
  });
});

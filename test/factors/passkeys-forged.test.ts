import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newId } from '../../src/base/ids.ts';
import { type Answer, flag, type Forgery } from '../support/authenticator.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { openPasskeyStage, origin, page, type PasskeyStage } from './passkeys-stage.ts';

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Turns one bit of a part that was signed, or of the signature. */
const flipped = (part: string) => (answer: Answer) => {
  const bytes = Buffer.from(String(answer.response[part]), 'base64url');
  const at = part === 'clientDataJSON' ? bytes.indexOf('webauthn') - 30 : bytes.length - 1;
  bytes[Math.max(at, 1)]! ^= 1;
  return { ...answer, response: { ...answer.response, [part]: bytes.toString('base64url') } };
};
const without = (part: string) => (answer: Answer) => ({
  ...answer,
  response: { ...answer.response, [part]: undefined },
});

/** Every way in which an answer can be wrong while everything else of it is right, and what the audit says. */
const forged: readonly [string, Forgery, string][] = [
  ['another origin', { clientData: { origin: 'https://idp.example.ac.jp.evil.example' } }, 'signature'],
  ['a subdomain as origin', { clientData: { origin: 'https://www.idp.example.ac.jp' } }, 'signature'],
  ['the plain http origin', { clientData: { origin: 'http://idp.example.ac.jp' } }, 'signature'],
  ['another port', { clientData: { origin: 'https://idp.example.ac.jp:8443' } }, 'signature'],
  ['a frame of another site', { clientData: { crossOrigin: true } }, 'signature'],
  ['a frame, and its site', { clientData: { crossOrigin: true, topOrigin: page.origin } }, 'signature'],
  ['the type of a new passkey', { clientData: { type: 'webauthn.create' } }, 'signature'],
  ['no type', { clientData: { type: undefined } }, 'signature'],
  ['another site’s passkey', { rpId: 'evil.example' }, 'signature'],
  ['the parent domain', { rpId: 'example.ac.jp' }, 'signature'],
  ['nobody verified', { flags: flag.present }, 'signature'],
  ['nobody present', { flags: flag.verified }, 'signature'],
  ['no flags', { flags: 0 }, 'signature'],
  ['backed up, but not to be', { flags: flag.present | flag.verified | flag.backedUp }, 'signature'],
  ['another key', { key: stranger }, 'signature'],
  ['a bit of the signature', { afterwards: flipped('signature') }, 'signature'],
  ['a bit of the authenticator’s data', { afterwards: flipped('authenticatorData') }, 'signature'],
  ['the counter of before', { counter: 5 }, 'counter'],
  ['a counter that goes back', { counter: 4 }, 'counter'],
  ['a counter of none', { counter: 0 }, 'counter'],
  ['an unknown passkey', { credentialId: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'credential'],
  [
    'the handle of another account',
    { userHandle: Buffer.from('other').toString('base64url') },
    'user-handle',
  ],
  ['no signature', { afterwards: without('signature') }, 'malformed'],
  ['no authenticator data', { afterwards: without('authenticatorData') }, 'malformed'],
  ['another type of credential', { afterwards: (answer) => ({ ...answer, type: 'password' }) }, 'malformed'],
  ['two ids', { afterwards: (answer) => ({ ...answer, rawId: 'AAAA' }) }, 'signature'],
  ['an empty answer', { afterwards: () => ({}) }, 'malformed'],
  ['a list', { afterwards: () => [] }, 'malformed'],
  ['a challenge that nobody made', { clientData: { challenge: 'A'.repeat(43) } }, 'challenge'],
  ['no challenge', { clientData: { challenge: undefined } }, 'malformed'],
];

describeOnEveryDatabase('forged passkeys', (open) => {
  let database: TestDatabase;
  let stage: PasskeyStage;
  beforeAll(async () => {
    database = await open();
    stage = await openPasskeyStage(database);
  });
  afterAll(() => database.close());

  test('C54: whatever one thing is wrong with an answer, it proves nothing, and its challenge is gone', async () => {
    const { passkey, ...owner } = await stage.holder({ counter: 5 });
    for (const [what, forgery, reason] of forged) {
      await sql`delete from limits where key = ${`factor:${owner.accountId}`}`.execute(stage.db);
      const before = (await stage.refusals(owner.accountId)).length;
      const signIn = await stage.signIn(owner);
      const options = await stage.first.passkeys.signInOptions(signIn.interaction, owner.accountId);
      const answer = passkey.get(options, { counter: 6, ...forgery });
      const proof = await stage.first.passkeys.prove(signIn, answer, origin);
      expect([what, proof.outcome]).toEqual([what, reason === 'challenge' ? 'expired' : 'wrong']);
      expect([what, (await stage.now(signIn.interaction))?.factor]).toEqual([what, undefined]);
      expect([what, (await stage.refusals(owner.accountId)).slice(before)]).toEqual([what, [reason]]);
      // One answer to a challenge, and it was this one.
      if (reason !== 'malformed' && reason !== 'challenge') {
        const right = passkey.get(options, { counter: 6 });
        expect([what, (await stage.first.passkeys.prove(signIn, right, origin)).outcome]).toEqual([
          what,
          'expired',
        ]);
      }
    }
    // The very same passkey, with nothing wrong.
    const signIn = await stage.signIn(owner);
    const options = await stage.first.passkeys.signInOptions(signIn.interaction, owner.accountId);
    const proof = await stage.first.passkeys.prove(signIn, passkey.get(options, { counter: 6 }), origin);
    expect(proof.outcome).toBe('proven');
  });

  test('C54: alone, the same forgeries open no login, and nobody outside can pause a second step by them', async () => {
    const { passkey, ...owner } = await stage.holder({ counter: 5 });
    // There the passkey itself has to say who it is.
    const silent: [string, Forgery, string] = ['no handle', { userHandle: null }, 'user-handle'];
    for (const [what, forgery] of [...forged, silent]) {
      const interaction = newId();
      const options = await stage.first.passkeys.signInOptions(interaction, undefined);
      const answer = passkey.get(options, { counter: 6, ...forgery });
      const proof = await stage.first.passkeys.verifyPasswordless(
        interaction,
        'library',
        'b',
        600,
        answer,
        origin,
      );
      expect([what, proof]).toEqual([what, { outcome: 'refused' }]);
      expect([what, await stage.now(interaction)]).toEqual([what, undefined]);
    }
    expect(await stage.first.factorPause(owner.accountId)).toEqual({ allowed: true });
    expect(await stage.refusals(undefined)).toContain('credential');
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '../../src/base/ids.ts';
import { createAppCodes } from '../../src/factors/app/codes.ts';
import { createMailCodes } from '../../src/factors/mail/codes.ts';
import { createFactorPause } from '../../src/factors/verification/pause.ts';
import { createVerification } from '../../src/factors/verification/verify.ts';
import { readRecoveryCode } from '../../src/factors/recovery/codes.ts';
import { createReset, readResetReason } from '../../src/factors/enrolment/reset.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { auditOf, codeOf, noticesOf, origin, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

describeOnEveryDatabase('a reset by mail', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
  });
  afterAll(() => database.close());

  /** Everything that a reset has to end, and what was handed out of it. */
  async function richPerson() {
    const who = await stage.someone({ mail: true, app: true });
    const { db } = stage;
    const [node] = stage.nodes;
    const { codes } = await node.recoveryCodes.make({ accountId: who.id, origin, locale: 'en' });
    await db
      .insertInto('passkeys')
      .values({
        id: newId(),
        account_id: who.id,
        name: 'a key',
        credential_id: newId(),
        public_key: Buffer.from('key'),
        counter: 0,
        backed_up: false,
        aaguid: '',
      })
      .execute();
    const trusting = await stage.signIn(who);
    await node.proving.verifyAppCode(trusting, codeOf(who.secret), origin);
    const trusted = await node.trustedBrowsers.trust(await stage.now(trusting), 30, origin, 'en');
    const soon = new Date(Date.now() + 600_000);
    for (const model of ['Session', 'Grant', 'RefreshToken', 'AccessToken'])
      await db
        .insertInto('oidc_payloads')
        .values({
          model,
          id: newId(),
          account_id: who.id,
          session_uid: model === 'Session' ? `session-of-${who.id}` : null,
          payload: Buffer.from('sealed'),
          expires_at: soon,
        })
        .execute();
    await db
      .insertInto('factor_changes')
      .values({
        id: newId(),
        account_id: who.id,
        kind: 'mail',
        browser: 'browser-1',
        session_uid: 'session',
        expires_at: soon,
      })
      .execute();
    const recoveryCode = readRecoveryCode(codes[0]);
    return { who, trusted: trusted ?? '', recoveryCode: 'code' in recoveryCode ? recoveryCode.code : '' };
  }

  /** Whatever the database holds about an account, but for the audit log. */
  async function everythingOf(who: Someone): Promise<string> {
    const { db } = stage;
    const tables = [
      'app_factors',
      'mail_factors',
      'passkeys',
      'recovery_sheets',
      'recovery_codes',
      'trusted_browsers',
      'oidc_payloads',
      'factor_changes',
      'sign_ins',
      'challenges',
      'mails',
      'audit_events',
    ] as const;
    const rows: unknown[] = [await db.selectFrom('accounts').selectAll().where('id', '=', who.id).execute()];
    for (const table of tables)
      rows.push(
        (await db.selectFrom(table).selectAll().where('account_id', '=', who.id).execute())
          .map((row) => JSON.stringify(row))
          .toSorted(),
      );
    return JSON.stringify(rows);
  }

  const waiting = async (who: Someone, browser = 'browser-1') => {
    const signIn = await stage.signIn(who, { browser });
    await stage.nodes[0].detours.turnTo(signIn, 'reset');
    return stage.withCode(await stage.now(signIn), 'reset', who.address);
  };
  const reset = (signIn: SignIn, digits: string, node = 0) =>
    stage.nodes[node === 0 ? 0 : 1].reset.byMail(signIn, digits, 'device-failure', {}, origin, 'en');
  const ways = async (who: Someone) => (await stage.nodes[1].holderOf(who.id)).ways;

  test('R35, R37: one right code takes away all but the address, holds the address, records why and tells', async () => {
    const { who, trusted } = await richPerson();
    const { signIn: other, digits: otherCode } = await stage.withCode(
      await stage.signIn(who, { browser: 'browser-2' }),
      'sign-in',
      who.address,
    );
    const { signIn, digits } = await waiting(who);
    expect(await ways(who)).toEqual(['app', 'passkey', 'mail', 'recovery-code']);
    expect(await reset(signIn, digits)).toEqual({ outcome: 'proven' });

    expect(await ways(who)).toEqual(['mail']);
    expect(await stage.now(signIn)).toMatchObject({ factor: 'mail', detour: 'reset-done', way: undefined });
    expect((await stage.now(signIn)).resetAt).toBeInstanceOf(Date);
    // This login goes on; every other one, and all that stood on one, has ended.
    expect(await stage.nodes[1].findSignIn(other.interaction)).toBeUndefined();
    await expect(stage.nodes[1].proving.verifyMailCode(other, otherCode, origin)).resolves.toEqual({
      outcome: 'expired',
    });
    for (const table of ['oidc_payloads', 'recovery_codes'] as const)
      expect(await stage.db.selectFrom(table).selectAll().where('account_id', '=', who.id).execute()).toEqual(
        [],
      );
    expect(await stage.nodes[1].trustedBrowsers.holds(who.id, trusted, 30)).toBe(false);
    expect(
      await stage.db
        .selectFrom('trusted_browsers')
        .select('ended_why')
        .where('account_id', '=', who.id)
        .execute(),
    ).toEqual([{ ended_why: 'reset' }]);
    expect(
      await stage.db.selectFrom('passkeys').select('state').where('account_id', '=', who.id).execute(),
    ).toEqual([{ state: 'removed' }]);
    expect(await auditOf(stage.db, who.id, 'factor.reset')).toEqual([
      {
        event: 'factor.reset',
        details: { reason: 'device-failure', apps: 1, passkeys: 1, recoveryCodes: true },
      },
    ]);
    expect((await noticesOf(stage.db, who.id)).at(-1)).toMatchObject({ notice: 'reset', to: who.address });
    expect(await auditOf(stage.db, who.id, 'browser.trust-ended')).toHaveLength(1);
    const changer = {
      accountId: who.id,
      browser: 'browser-1',
      sessionUid: 'session',
      origin,
      locale: 'en' as const,
      device: 'a browser',
    };
    await expect(stage.nodes[1].changes.beginMail(changer, `new-${who.address}`)).rejects.toMatchObject({
      code: 'address_frozen',
    });
    const overview = await stage.nodes[1].overview(who.id);
    const held = (overview?.frozen.addressUntil?.getTime() ?? 0) - Date.now();
    expect(held).toBeGreaterThan(23.9 * 3_600_000);
    expect(held).toBeLessThan(24.1 * 3_600_000);
  });

  test('A40: what worked before is refused on the other node', async () => {
    const { who, trusted, recoveryCode } = await richPerson();
    const stuck = await stage.signIn(who, { browser: 'browser-2' });
    const { signIn, digits } = await waiting(who);
    await reset(signIn, digits);
    const [, node] = stage.nodes;
    for (const login of [stuck, await stage.signIn(who, { browser: 'browser-3' })]) {
      expect((await node.proving.verifyAppCode(login, codeOf(who.secret), origin)).outcome).toBe('wrong');
      expect((await node.recoveryCodes.prove(login, recoveryCode, origin, 'en')).outcome).toBe('wrong');
    }
    expect((await node.trustedBrowsers.use(who.id, trusted, 30, origin, 'en')).outcome).toBe('unknown');
    expect((await reset(signIn, digits, 1)).outcome).toBe('used');
    expect(await auditOf(stage.db, who.id, 'factor.reset')).toHaveLength(1);
  });

  test('R35: in parallel, of one login on two nodes or of two logins, there is one effect and one audit row', async () => {
    for (const logins of [1, 2]) {
      const who = await stage.someone({ mail: true, app: true });
      const first = await waiting(who);
      const second = logins === 1 ? first : await waiting(who, 'browser-2');
      const outcomes = await Promise.all(
        [first, second, first, second].map(({ signIn, digits }, index) => reset(signIn, digits, index % 2)),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1);
      expect(await auditOf(stage.db, who.id, 'factor.reset')).toHaveLength(1);
      expect((await noticesOf(stage.db, who.id)).filter(({ notice }) => notice === 'reset')).toHaveLength(1);
      const left = await stage.db
        .selectFrom('sign_ins')
        .select('detour')
        .where('account_id', '=', who.id)
        .execute();
      expect(left).toEqual([{ detour: 'reset-done' }]);
    }
  });

  test('A40: a reset at the very moment when an app’s code is accepted leaves no login that the app proved', async () => {
    for (let round = 0; round < 8; round += 1) {
      const who = await stage.someone({ mail: true, app: true });
      const { signIn, digits } = await waiting(who);
      const others = await Promise.all(
        ['browser-2', 'browser-3'].map((browser) => stage.signIn(who, { browser })),
      );
      const code = codeOf(who.secret);
      const [done] = await Promise.all([
        reset(signIn, digits, round % 2),
        ...others.map((login, index) =>
          stage.nodes[index === 0 ? 0 : 1].proving
            .verifyAppCode(login, code, origin)
            .catch((error: unknown) => ({ outcome: (error as Error).name })),
        ),
      ]);
      expect(done).toEqual({ outcome: 'proven' });
      const left = await stage.db
        .selectFrom('sign_ins')
        .select(['interaction', 'factor'])
        .where('account_id', '=', who.id)
        .execute();
      expect(left).toEqual([{ interaction: signIn.interaction, factor: 'mail' }]);
      expect(await ways(who)).toEqual(['mail']);
    }
  });

  test('R35: a crash in the middle leaves everything as it was, and the code good', async () => {
    const { who } = await richPerson();
    const { signIn, digits } = await waiting(who);
    const mailCodes = createMailCodes({
      settings: stage.config.mail_codes,
      sealer: stage.sealer,
      timeZone: 'Asia/Tokyo',
      codeInSubject: false,
    });
    const broken = createReset({
      db: stage.db,
      mailCodes,
      proving: createVerification({
        db: stage.db,
        mailCodes,
        appCodes: createAppCodes({ settings: stage.config.app_codes, sealer: stage.sealer }),
        pause: createFactorPause(10),
        tellDisabled: async () => undefined,
        claimOffer: async () => undefined,
      }),
      trustedBrowsers: stage.nodes[0].trustedBrowsers,
      notices: {
        tell: async () => {
          throw new Error('the node is gone');
        },
      },
    });
    const before = await everythingOf(who);
    await expect(broken.byMail(signIn, digits, 'other', {}, origin, 'en')).rejects.toThrow(
      'the node is gone',
    );
    expect(await everythingOf(who)).toBe(before);
    expect(await reset(signIn, digits)).toEqual({ outcome: 'proven' });
  });

  test('A22: a code for signing in resets nothing, a reset’s code signs nobody in, and a wrong one takes nothing away', async () => {
    const who = await stage.someone({ mail: true, app: true });
    const login = await stage.withCode(await stage.signIn(who), 'sign-in', who.address);
    expect((await reset(login.signIn, login.digits)).outcome).toBe('none');
    const { signIn, digits } = await waiting(who, 'browser-2');
    expect((await stage.nodes[0].proving.verifyMailCode(signIn, digits, origin)).outcome).toBe('none');
    expect((await reset(signIn, digits === '00000000' ? '00000001' : '00000000')).outcome).toBe('wrong');
    expect(await ways(who)).toEqual(['app', 'mail']);
    expect(await auditOf(stage.db, who.id, 'factor.reset')).toEqual([]);
  });

  test('D11: while changes are frozen nothing is reset, and the code is not used up', async () => {
    const who = await stage.someone({ mail: true, app: true });
    const { signIn, digits } = await waiting(who);
    const freeze = (until: Date | null) =>
      stage.db
        .updateTable('accounts')
        .set({ changes_frozen_until: until })
        .where('id', '=', who.id)
        .execute();
    await freeze(new Date(Date.now() + 3_600_000));
    expect(await stage.nodes[1].reset.isFrozen(who.id)).toBe(true);
    await expect(reset(signIn, digits)).rejects.toMatchObject({ code: 'changes_frozen' });
    expect(await ways(who)).toEqual(['app', 'mail']);
    await freeze(null);
    expect(await stage.nodes[1].reset.isFrozen(who.id)).toBe(false);
    expect((await reset(signIn, digits)).outcome).toBe('proven');
  });

  test('R35: the reason is one of the page’s', () => {
    expect(readResetReason('not-transferred')).toBe('not-transferred');
    for (const input of [undefined, '', 'whatever', ['other']])
      expect(() => readResetReason(input)).toThrow('reason_missing');
  });
});

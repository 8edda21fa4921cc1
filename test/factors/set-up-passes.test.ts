import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { disableAccount, enableAccount } from '../../src/accounts/status.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { passRequiredFor } from '../../src/factors/setup-pass/passes.ts';
import { describeOnEveryDatabase, type TestDatabase } from '../support/databases.ts';
import {
  issuePass,
  type IssuedPass,
  letPassExpire,
  openAlways,
  otherDigits,
  passState,
} from './pass-stage.ts';
import { auditOf, codeOf, noticesOf, origin, type Someone, type TwoNodes, twoNodes } from './two-nodes.ts';
import { type SignIn, SignInChanged } from '../../src/factors/sign-in-state.ts';

describeOnEveryDatabase('a setup pass on two nodes', (open) => {
  let database: TestDatabase;
  let stage: TwoNodes;
  beforeAll(async () => {
    database = await open();
    stage = await twoNodes(database);
    await openAlways(database.db);
  });
  afterAll(() => database.close());

  const issued = (who: Someone, minutes?: number): Promise<IssuedPass> =>
    issuePass(stage.db, stage.nodes[0].passes, who.id, minutes);
  const claim = async (signIn: SignIn, digits: string, node = 0): Promise<string> => {
    const { outcome } = await stage.nodes[node === 0 ? 0 : 1].passes.claim(signIn, digits, origin);
    return outcome;
  };
  const ways = async (who: Someone) => (await stage.nodes[1].holderOf(who.id)).ways;
  const newAddress = (who: Someone) => `new-${who.address}`;
  /** At the page of the code that proves a new address, behind the pass. */
  const atCode = async (who: Someone, signIn: SignIn) => {
    const claimed = await stage.now(signIn);
    expect(claimed.setUpPass).toBeDefined();
    return stage.withCode(claimed, 'set-up', newAddress(who));
  };
  const context = { locale: 'en' as const, service: 'The library', device: 'a browser' };
  const enrol = (signIn: SignIn, digits: string, node = 0) =>
    stage.nodes[node === 0 ? 0 : 1].enrolment.enrolMail(signIn, digits, context, origin);

  test('R40: of twenty browsers on two nodes one gets the pass, proves nothing by it, and goes on with it until it is used up', async () => {
    const who = await stage.someone({ app: true });
    const pass = await issued(who);
    const logins = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stage.signIn(who, { browser: `browser-${index}` })),
    );
    const outcomes = await Promise.all(logins.map((login, index) => claim(login, pass.digits, index % 2)));
    expect(outcomes.toSorted()).toEqual(['claimed', ...Array.from({ length: 19 }, () => 'used')]);
    const winner = logins[outcomes.indexOf('claimed')] as SignIn;
    for (const login of logins) {
      const { setUpPass, factor } = await stage.now(login);
      expect([setUpPass?.id, factor]).toEqual([login === winner ? pass.passId : undefined, undefined]);
    }
    // Twice in the same login changes nothing; a new login of the same browser takes it over.
    expect(await claim(winner, pass.digits, 1)).toBe('claimed');
    const anew = await stage.signIn(who, { browser: winner.browser });
    expect((await stage.now(anew)).setUpPass).toBeUndefined();
    expect(await claim(anew, pass.digits, 1)).toBe('claimed');
    expect((await stage.now(winner)).setUpPass).toBeUndefined();

    const { signIn, digits } = await atCode(who, anew);
    expect(await enrol(signIn, digits)).toEqual({ outcome: 'enrolled' });
    expect(await passState(stage.db, pass)).toMatchObject({ finished: true, state: 'done' });
    const later = await stage.signIn(who, { browser: winner.browser });
    expect(await claim(later, pass.digits)).toBe('used');
    expect((await stage.now(later)).setUpPass).toBeUndefined();
    expect(await auditOf(stage.db, who.id, 'factor.set-up-by-pass')).toHaveLength(1);
  });

  test('R40: wrong, of somebody else, expired, withdrawn and followed by another: refused in words of its own, and only guesses count', async () => {
    const [who, other] = [await stage.someone({ mail: true }), await stage.someone({ mail: true })];
    const pass = await issued(who);
    const login = await stage.signIn(who);
    expect(await claim(login, otherDigits(pass.digits))).toBe('wrong');
    expect(await claim(login, (await issued(other)).digits)).toBe('wrong');
    await letPassExpire(stage.db, pass);
    expect(await claim(login, pass.digits)).toBe('expired');
    const taken = await issued(who);
    const withdraw = () =>
      inTransaction(stage.db, (trx) => stage.nodes[1].passes.withdraw(trx, taken.caseId));
    expect([await withdraw(), await withdraw()]).toEqual([true, false]);
    expect(await passState(stage.db, taken)).toMatchObject({ voided: 'withdrawn', state: 'withdrawn' });
    expect(await claim(login, taken.digits)).toBe('expired');
    const first = await issued(who);
    const second = await issued(who);
    expect(await passState(stage.db, first)).toMatchObject({ voided: 'withdrawn', state: 'withdrawn' });
    expect(await claim(login, first.digits)).toBe('expired');
    expect(await claim(login, second.digits)).toBe('claimed');
    // What is typed in is not taken back any more.
    expect(await inTransaction(stage.db, (trx) => stage.nodes[0].passes.withdraw(trx, second.caseId))).toBe(
      false,
    );
    expect((await auditOf(stage.db, who.id, 'setup-pass.refused')).map(({ details }) => details)).toEqual([
      { reason: 'wrong' },
      { reason: 'wrong' },
      { reason: 'expired', case: pass.caseId },
      { reason: 'expired', case: taken.caseId },
      { reason: 'expired', case: first.caseId },
    ]);
    expect(await auditOf(stage.db, who.id, 'desk.pass-withdrawn')).toHaveLength(1);
  });

  test("R8, C05: wrong passes fill the account's window of wrong codes: the step pauses, then the right one waits too", async () => {
    const who = await stage.someone({ app: true });
    const pass = await issued(who);
    const login = await stage.signIn(who);
    for (let wrong = 0; wrong < 9; wrong += 1)
      expect(await claim(login, otherDigits(pass.digits, wrong + 1), wrong % 2)).toBe('wrong');
    // The last of the hour is an app's: it is one window for all.
    const beside = await stage.signIn(who, { browser: 'browser-2' });
    expect((await stage.nodes[1].proving.verifyAppCode(beside, '000000', origin)).outcome).toBe('wrong');
    expect(await claim(login, pass.digits)).toBe('paused');
    expect(await stage.nodes[1].findSignIn(login.interaction)).toBeUndefined();
    expect(await passState(stage.db, pass)).toMatchObject({ used: false });
    expect(await auditOf(stage.db, who.id, 'factor.disabled')).toEqual([]);
  });

  test('A40, R40, R37: old ways hold until the new one is proven; then they and what held changes up are gone, and both addresses are told', async () => {
    const who = await stage.someone({ mail: true, app: true });
    const [node] = stage.nodes;
    await node.recoveryCodes.make({ accountId: who.id, origin, locale: 'en' });
    const pass = await issued(who);
    await stage.db
      .updateTable('accounts')
      .set({
        changes_frozen_until: new Date(Date.now() + 3_600_000),
        address_frozen_until: new Date(Date.now() + 3_600_000),
      })
      .where('id', '=', who.id)
      .execute();
    await stage.db
      .insertInto('factor_failures')
      .values({ account_id: who.id, factor: 'app', in_a_row: 3 })
      .execute();
    const login = await stage.signIn(who);
    expect(await claim(login, pass.digits)).toBe('claimed');
    const { signIn, digits } = await atCode(who, login);
    // An old way still opens another login, which the end of the set-up then ends.
    const beside = await stage.signIn(who, { browser: 'browser-2' });
    expect((await stage.nodes[1].proving.verifyAppCode(beside, codeOf(who.secret), origin)).outcome).toBe(
      'proven',
    );
    expect((await ways(who)).toSorted()).toEqual(['app', 'mail', 'recovery-code']);

    const outcomes = await Promise.allSettled([enrol(signIn, digits, 0), enrol(signIn, digits, 1)]);
    expect(
      outcomes.filter((one) => one.status === 'fulfilled' && one.value.outcome === 'enrolled'),
    ).toHaveLength(1);
    expect(await ways(who)).toEqual(['mail']);
    expect(await stage.nodes[1].findSignIn(beside.interaction)).toBeUndefined();
    const late = await stage.signIn(who, { browser: 'browser-3' });
    expect((await stage.nodes[1].proving.verifyAppCode(late, codeOf(who.secret), origin)).outcome).not.toBe(
      'proven',
    );
    expect(await stage.now(signIn)).toMatchObject({
      factor: 'mail',
      setUpPass: undefined,
      mailAddress: newAddress(who),
    });
    const overview = await node.overview(who.id);
    expect(overview?.frozen).toEqual({});
    expect(
      await stage.db
        .selectFrom('factor_failures')
        .select('factor')
        .where('account_id', '=', who.id)
        .where('in_a_row', '>', 1)
        .execute(),
    ).toEqual([]);
    expect(await auditOf(stage.db, who.id, 'factor.set-up-by-pass')).toEqual([
      {
        event: 'factor.set-up-by-pass',
        details: { pass: pass.passId, mail: true, apps: 1, passkeys: 0, recoveryCodes: true },
      },
    ]);
    const told = (await noticesOf(stage.db, who.id)).filter(({ notice }) => notice === 'set-up-by-pass');
    expect(told.map(({ to }) => to).toSorted()).toEqual([newAddress(who), who.address].toSorted());
  });

  test('R22, R40: an app alone is set up behind a pass too, and the old address hears of it', async () => {
    const who = await stage.someone({ mail: true });
    const pass = await issued(who);
    const login = await stage.signIn(who);
    await claim(login, pass.digits);
    const [node] = stage.nodes;
    await node.enrolment.acknowledge(await stage.now(login), 'en', origin);
    const signIn = await stage.now(login);
    const secret = node.enrolment.pendingSecret(signIn) ?? '';
    expect(await node.enrolment.enrolApp(signIn, codeOf(secret), 'a phone', origin, 'en')).toEqual({
      outcome: 'enrolled',
    });
    expect(await ways(who)).toEqual(['app']);
    expect(await passState(stage.db, pass)).toMatchObject({ finished: true, state: 'done' });
    expect((await noticesOf(stage.db, who.id)).map(({ notice, to }) => [notice, to])).toEqual([
      ['set-up-by-pass', who.address],
    ]);
  });

  test('D11, R56: "this was not me" and the end of the account void a pass, typed in or not; nothing brings it back', async () => {
    for (const typedIn of [true, false]) {
      const who = await stage.someone({ app: true });
      const pass = await issued(who);
      const login = await stage.signIn(who);
      if (typedIn) expect(await claim(login, pass.digits)).toBe('claimed');
      const { signIn, digits } = typedIn ? await atCode(who, login) : { signIn: login, digits: '' };
      await disableAccount(stage.db, who.id, 'cli:test');
      expect(await passState(stage.db, pass)).toMatchObject({ voided: 'disabled', state: 'withdrawn' });
      await enableAccount(stage.db, who.id, 'cli:test');
      if (typedIn) await expect(enrol(signIn, digits)).rejects.toThrow(SignInChanged);
      expect(await claim(await stage.signIn(who), pass.digits, 1)).toBe('expired');
      expect(await ways(who)).toEqual(['app']);
      expect((await auditOf(stage.db, who.id, 'desk.pass-withdrawn')).map(({ details }) => details)).toEqual([
        { case: pass.caseId, number: expect.any(String), reason: 'disabled' },
      ]);
    }
  });

  test('R40: a pass that a first set-up turned out not to need ends with it, and opens nothing later', async () => {
    const who = await stage.someone({ app: true });
    await stage.db
      .updateTable('accounts')
      .set({ first_enrolled_at: null })
      .where('id', '=', who.id)
      .execute();
    await stage.db.deleteFrom('app_factors').where('account_id', '=', who.id).execute();
    const pass = await issued(who);
    const login = await stage.now(await stage.signIn(who));
    const { signIn, digits } = await stage.withCode(login, 'set-up', newAddress(who));
    expect(await enrol(signIn, digits)).toEqual({ outcome: 'enrolled' });
    expect(await passState(stage.db, pass)).toMatchObject({ voided: 'withdrawn', state: 'withdrawn' });
    expect(await claim(await stage.signIn(who), pass.digits, 1)).toBe('expired');
    expect(await ways(who)).toEqual(['mail']);
  });

  test("R40: after a reset by mail the pass is still its browser's, and needs the password anew", async () => {
    const who = await stage.someone({ mail: true, app: true });
    const pass = await issued(who);
    const login = await stage.signIn(who);
    await claim(login, pass.digits);
    const behind = await atCode(who, login);
    const beside = await stage.signIn(who, { browser: 'browser-2' });
    await stage.nodes[1].detours.turnTo(beside, 'reset');
    const mailed = await stage.withCode(await stage.now(beside), 'reset', who.address);
    await stage.nodes[1].reset.byMail(mailed.signIn, mailed.digits, 'other', {}, origin, 'en');
    await expect(enrol(behind.signIn, behind.digits)).resolves.toMatchObject({ outcome: 'expired' });
    expect(await ways(who)).toEqual(['mail']);
    const anew = await stage.signIn(who);
    expect((await stage.now(anew)).setUpPass).toBeUndefined();
    expect(await claim(anew, pass.digits, 1)).toBe('claimed');
    const again = await atCode(who, anew);
    expect(await enrol(again.signIn, again.digits, 1)).toEqual({ outcome: 'enrolled' });
    expect((await stage.now(anew)).mailAddress).toBe(newAddress(who));
  });

  test('C01: no first set-up without the pass that the policy asks for, whatever the page says', async () => {
    const who = await stage.someone({});
    const { signIn, digits } = await stage.withCode(await stage.signIn(who), 'set-up', who.address);
    await expect(enrol({ ...signIn, passRequired: true }, digits)).rejects.toThrow(SignInChanged);
    // Nor with another account's pass, or another browser's.
    const pass = await issued(await stage.someone({}));
    await expect(enrol({ ...signIn, setUpPass: { id: pass.passId } }, digits)).rejects.toThrow(SignInChanged);
    const own = await issued(who);
    const elsewhere = await stage.signIn(who, { browser: 'browser-2' });
    expect(await claim(elsewhere, own.digits)).toBe('claimed');
    await expect(enrol({ ...signIn, setUpPass: { id: own.passId } }, digits)).rejects.toThrow(SignInChanged);
    expect(await ways(who)).toEqual([]);
  });

  test('R40: whose first set-up takes a pass', () => {
    const none = { everyone: false, kinds: [], affiliations: [] };
    const student = { kind: 'sps' as const, affiliation: 'student' };
    const nobody = { kind: 'ecs' as const, affiliation: null };
    expect(passRequiredFor(none)(student)).toBe(false);
    expect(passRequiredFor({ ...none, everyone: true })(nobody)).toBe(true);
    const some = passRequiredFor({ ...none, kinds: ['ecs'], affiliations: ['student'] });
    expect([some(student), some(nobody), some({ kind: 'sps', affiliation: null })]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
